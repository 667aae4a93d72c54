/**
 * Goal: one validator that serves many executions says what one that sees them all in one execution says, is quicker with each, and keeps
 * nothing of their worlds. Method: executions of one task after the other, each with a runtime, a layer and locks of its own.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Findings, type Finding } from '../../src/locks/finding.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import { Lockdep } from '../../src/locks/lockdep.ts';
import type { Task } from '../../src/runtime/task.ts';
import { controlledWorld, type LockWorld } from '../helpers/lock-world.ts';

const CLASSES = ['A', 'B', 'C', 'D'].map((name) => new LockClass(`shared-${name}`));
const [A, B] = CLASSES as [LockClass, LockClass];

/** Takes locks of these classes one inside the other, then gives them back. */
async function nest({ locks }: LockWorld, task: Task, classes: readonly LockClass[]): Promise<void> {
  const guards = [];
  for (const cls of classes) guards.push(await locks.mutex(cls, `one ${cls.name}`).acquire(task));
  for (const guard of guards.toReversed()) guard.release();
}

/** An execution in which each of these nests is taken by the same task; what it reported. */
async function execute(lockdep: Lockdep | null, ...nests: readonly (readonly LockClass[])[]): Promise<readonly Finding[]> {
  const world = controlledWorld(lockdep === null ? {} : { lockdep });
  await world.play({
    only: async (task) => {
      for (const classes of nests) await nest(world, task, classes);
    },
  });
  return world.findings;
}

const titles = (findings: readonly Finding[]): string[] => findings.map(({ title }) => title);

describe('what several executions teach', () => {
  test('a cycle is reported once, in the execution that closes it, and says where each half was seen', async () => {
    const lockdep = new Lockdep();
    expect(await execute(lockdep, [A, B])).toEqual([]);
    expect(await execute(lockdep, [A], [B])).toEqual([]);
    const [cycle, ...more] = await execute(lockdep, [B, A]);
    expect(more).toEqual([]);
    expect(cycle!.title).toBe('possible circular locking dependency: shared-B -> shared-A -> shared-B');
    expect(cycle!.cycle!.map(({ from, execution }) => [from, execution])).toEqual([
      ['shared-B', 3],
      ['shared-A', 1],
    ]);
    expect(await execute(lockdep, [A, B], [B, A])).toEqual([]);
    expect(lockdep.executions).toBe(4);
  });

  test('a cycle of one execution says nothing of others', async () => {
    const lockdep = new Lockdep();
    await execute(lockdep, [A]);
    const [cycle] = await execute(lockdep, [A, B], [B, A]);
    expect(cycle!.cycle!.filter((edge) => 'execution' in edge)).toEqual([]);
  });

  test('a layer without one has a validator of its own', async () => {
    expect(await execute(null, [A, B])).toEqual([]);
    expect(await execute(null, [B, A])).toEqual([]);
  });

  test('random executions are judged as one long execution is', async () => {
    const verdicts = { reported: 0, silent: 0 };
    const nests = fc.array(fc.shuffledSubarray(CLASSES, { minLength: 1 }), { minLength: 2, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(nests, async (program) => {
        const lockdep = new Lockdep();
        const apart: string[] = [];
        for (const classes of program) apart.push(...titles(await execute(lockdep, classes)));
        const together = titles(await execute(null, ...program));
        expect(apart).toEqual(together);
        verdicts[together.length > 0 ? 'reported' : 'silent']++;
      }),
      { seed: 11, numRuns: 300 },
    );
    expect(Math.min(verdicts.reported, verdicts.silent)).toBeGreaterThan(30);
  });

  test('what depends on the locks themselves is reported in each execution', async () => {
    const ordered = new LockClass('shared-ordered', { order: (outer, inner) => (outer.name < inner.name ? -1 : 1) });
    const lockdep = new Lockdep();
    const pair = async (...names: readonly string[]): Promise<number> => {
      const world = controlledWorld({ lockdep });
      await world.play({
        only: async (task) => {
          const [outer, inner] = names.map((name) => world.locks.mutex(ordered, name));
          using _outer = await outer!.acquire(task);
          using _inner = await inner!.acquire(task);
        },
      });
      return world.findings.length;
    };
    expect([await pair('x', 'y'), await pair('y', 'x'), await pair('x', 'y'), await pair('y', 'x')]).toEqual([0, 1, 0, 1]);
  });
});

describe('a warm validator', () => {
  test('learns nothing from an execution that does what another did', async () => {
    const lockdep = new Lockdep();
    await execute(lockdep, [A, B], CLASSES);
    const { chains } = lockdep;
    await execute(lockdep, CLASSES, [A, B]);
    expect([chains, lockdep.chains]).toEqual([4, 4]);
  });

  test('an order that each execution declares is declared once', async () => {
    const lockdep = new Lockdep();
    const seen: string[][] = [];
    for (let i = 0; i < 3; i++) {
      const world = controlledWorld({ lockdep });
      world.locks.declareOrder(['shared-A', 'shared-B'], 'the design');
      await world.play({ only: (task) => nest(world, task, i === 0 ? [A] : [B, A]) });
      seen.push(titles(world.findings));
    }
    expect(seen).toEqual([[], ['declared lock order broken: shared-B -> shared-A -> shared-B'], []]);
    expect([...lockdep.graph.edges()].flatMap(({ contexts }) => contexts).map(({ origin }) => origin)).toEqual(['declared', 'observed']);
  });

  test('reports with the clock of the execution that it serves', async () => {
    const lockdep = new Lockdep();
    await execute(lockdep, [A, B]);
    const world = controlledWorld({ lockdep });
    await world.play({
      only: async (task) => {
        await world.rt.sleep(task, 7);
        await nest(world, task, [B, A]);
      },
    });
    expect(world.findings.map(({ time, cycle }) => [time, cycle!.map((edge) => edge.time)])).toEqual([[7, [7, 0]]]);
  });
});

describe('places', () => {
  const placesOf = (findings: readonly Finding[]): number[] => findings[0]!.cycle!.map(({ toPlace }) => toPlace.length);

  test('are kept, unless nobody wants them', async () => {
    for (const [places, least] of [
      [true, 1],
      [false, 0],
    ] as const) {
      const { locks, play, findings } = controlledWorld({ places });
      await play({
        only: async (task) => {
          for (const classes of [
            [A, B],
            [B, A],
          ])
            await nest({ locks } as LockWorld, task, classes);
        },
      });
      expect(placesOf(findings).map((count) => Math.min(count, 1))).toEqual([least, least]);
    }
  });

  test('a shared validator decides for itself', async () => {
    const lockdep = new Lockdep({ places: false });
    await execute(lockdep, [A, B]);
    expect(placesOf(await execute(lockdep, [B, A]))).toEqual([0, 0]);
  });

  test('a report of misuse has its place all the same', async () => {
    const { locks, play, findings } = controlledWorld({ places: false });
    await play({
      only: async (task) => {
        const guard = await locks.mutex(A, 'a').acquire(task);
        guard.release();
        guard.release();
      },
    });
    expect(findings.map(({ kind, place }) => [kind, place![0]])).toEqual([
      ['assertion', expect.stringContaining('test/locks/shared-lockdep.test.ts')],
    ]);
  });

  test('a use after free says that it does not know where the object was freed', async () => {
    const notes = async (places: boolean): Promise<string> => {
      const { locks, play, findings } = controlledWorld({ places });
      await play({
        only: async (task) => {
          const lifetime = locks.state.lifetime({ name: 'x' }, 'thing');
          lifetime.publish();
          lifetime.free(task);
          lifetime.use(task, 'read');
        },
      });
      return findings[0]!.notes![0]!;
    };
    expect(await notes(false)).toMatch(/at an unknown place$/);
    expect(await notes(true)).toContain('test/locks/shared-lockdep.test.ts');
  });
});

describe('the worlds of its executions', () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;

  /** An execution that leaves tasks behind with locks held; weak references to what must not survive it. */
  async function weakExecution(lockdep: Lockdep): Promise<readonly WeakRef<object>[]> {
    const world = controlledWorld({ lockdep });
    const [a, b] = [world.locks.mutex(A, 'a'), world.locks.mutex(B, 'b')];
    const inside = world.locks.map(new LockClass('shared-map'), 'map');
    const weak: WeakRef<object>[] = [new WeakRef(world.rt), new WeakRef(world.locks), new WeakRef(a)];
    const crossed = (first: typeof a, second: typeof a) => async (task: Task) => {
      weak.push(new WeakRef(task));
      using _map = inside.hold(task);
      using _first = await first.acquire(task);
      await world.rt.sleep(task, 1);
      using _second = await second.acquire(task);
    };
    expect(await world.play({ one: crossed(a, b), other: crossed(b, a) })).toBe('deadlock');
    return weak;
  }

  /** Two turns: what a finished promise job still held goes with the first. */
  async function alive(weak: readonly WeakRef<object>[]): Promise<number> {
    for (let turn = 0; turn < 2; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      gc();
    }
    return weak.filter((one) => one.deref() !== undefined).length;
  }

  test('are gone as soon as it is detached, or attached to the next', async () => {
    const lockdep = new Lockdep();
    const first = await weakExecution(lockdep);
    const second = await weakExecution(lockdep);
    expect(first).toHaveLength(5);
    expect(await alive(first)).toBe(0);
    // The clock of the last one is needed as long as it may report.
    expect(await alive(second)).toBeGreaterThan(0);
    lockdep.detach();
    // The runtime itself remembers the last stop of any world: that is another one now.
    await weakExecution(new Lockdep());
    expect(await alive(second)).toBe(0);
    expect(lockdep.chains).toBeGreaterThan(0);
  });

  test('findings of a detached validator reach nobody who has left', async () => {
    const lockdep = new Lockdep();
    const findings = new Findings();
    lockdep.attach(findings, () => 0);
    lockdep.detach();
    expect(lockdep.findings).not.toBe(findings);
  });
});
