/**
 * `explore` as people call it from their own tests: the example of docs/your-own-test.md, what it throws, and the replay of what it says.
 */
import { describe, expect, test } from 'vitest';
import type { ProgramText } from '../../src/explore/small-world.ts';
import { ExplorationFailed, explore, type ProgramOptions } from '../../src/report/explore-program.ts';

const transfer =
  (ordered: boolean): ProgramText =>
  (world) => {
    const [a, b] = [world.mutex('account a'), world.mutex('account b')];
    world.task('pays', async (task) => {
      using _from = await a.acquire(task);
      using _to = await b.acquire(task);
    });
    world.task('pays back', async (task) => {
      using _from = await (ordered ? a : b).acquire(task);
      using _to = await (ordered ? b : a).acquire(task);
    });
  };

const deadlocks: Pick<ProgramOptions, 'counts'> = { counts: ({ kind }) => kind === 'deadlock' };

async function failure(program: ProgramText, options: ProgramOptions = {}): Promise<ExplorationFailed> {
  try {
    await explore(program, options);
  } catch (error) {
    if (error instanceof ExplorationFailed) return error;
    throw error;
  }
  throw new Error('expected the exploration to fail');
}

describe('explore', () => {
  test('resolves with what was explored when the program is right', async () => {
    const result = await explore(transfer(true), { exhaustive: true });
    expect(result).toMatchObject({ verdict: 'exhausted', failures: [] });
    expect(result.coverage.traces).toBe(2);
  });

  test('throws the predicted cycle of a program that takes two locks in both orders and cannot deadlock', async () => {
    const oneAfterTheOther: ProgramText = (world) => {
      const [a, b] = [world.mutex('a'), world.mutex('b')];
      world.task('t', async (task) => {
        for (const [outer, inner] of [
          [a, b],
          [b, a],
        ] as const) {
          using _outer = await outer.acquire(task);
          using _inner = await inner.acquire(task);
        }
      });
    };
    const { message, failure: found } = await failure(oneAfterTheOther, { name: 'two locks' });
    expect(found!.finding.kind).toBe('lock-order');
    expect(message).toContain('two locks: possible circular locking dependency');
  });

  test('goes on from a prediction to the deadlock', async () => {
    const { failure: found } = await failure(transfer(false));
    expect(found!.finding).toMatchObject({ kind: 'deadlock', tasks: expect.arrayContaining(['pays', 'pays back']) as unknown });
  });

  test('throws the deadlock with its schedule, at most one switch, and a token that brings it about again', async () => {
    const { message, failure: found } = await failure(transfer(false), deadlocks);
    expect(found).toMatchObject({ finding: { kind: 'deadlock' }, switches: 1 });
    expect(message).toContain('It fails only in these 2 orders together:');
    const [, token] = /replay: '(apemu1\.[\w-]+)'/.exec(message)!;
    const again = await failure(transfer(false), { ...deadlocks, replay: token! });
    expect(again.failure!.finding.title).toBe(found!.finding.title);
    expect(again.failure!.choices).toEqual(found!.choices);
  });

  test('says where a replay leaves the recorded course when the program has changed', async () => {
    const [, token] = /replay: '(apemu1\.[\w-]+)'/.exec((await failure(transfer(false), deadlocks)).message)!;
    const changed: ProgramText = (world) => world.task('pays', () => Promise.resolve());
    await expect(explore(changed, { replay: token! })).rejects.toThrow('the run ended with 4 of 4 choices left');
  });

  test('finds races of a field that nobody guards, and what a check at the end says', async () => {
    const lost: ProgramText = (world) => {
      const counter = world.field('counter', 0, 'unguarded');
      for (const name of ['one', 'two']) {
        world.task(name, async (task) => {
          await counter.write(task, (await counter.read(task)) + 1);
        });
      }
      world.atEnd(() => {
        if (counter.inspect() !== 2) throw new Error(`expected 2, got ${counter.inspect()}`);
      });
    };
    const { failure: found } = await failure(lost);
    expect(['assertion', 'stale-write']).toContain(found!.finding.kind);
  });

  test('refuses options that make no sense', async () => {
    await expect(explore(transfer(true), { strategy: 'luck' })).rejects.toThrow(/expected a strategy \(.*portfolio.*\), got luck/);
    await expect(explore(transfer(true), { budget: 0 })).rejects.toThrow('expected a budget of at least one schedule, got 0');
  });

  test('says that a program is not deterministic instead of blaming a schedule', async () => {
    let executions = 0;
    const fickle: ProgramText = (world) => {
      const m = world.mutex('m');
      const times = (executions++ % 3) + 1;
      world.task('t', async (task) => {
        for (let i = 0; i < times; i++) (await m.acquire(task)).release();
      });
    };
    expect((await failure(fickle, { recheck: 1, budget: 10 })).message).toContain('is not deterministic');
  });
});
