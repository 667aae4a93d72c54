/**
 * Goal: shared state touched without its guard is reported at once, in any schedule, and only then.
 */
import { describe, expect, test } from 'vitest';
import { LockClass } from '../../src/locks/lock-class.ts';
import { DfsStrategy } from '../helpers/dfs-strategy.ts';
import { WORLDS, controlledWorld } from '../helpers/lock-world.ts';

const [A, B, Q, W] = ['field-a', 'field-b', 'field-wq', 'field-work'].map((name) => new LockClass(name)) as [
  LockClass,
  LockClass,
  LockClass,
  LockClass,
];
const OWNER = { name: 'mdev1' };

describe.each(WORLDS)('%s', (_name, make) => {
  test('any of the guards is enough to read, all of them are needed to write', async () => {
    const { locks, play, found } = make();
    const [a, rw] = [locks.mutex(A, 'a'), locks.rwSemaphore(B, 'b')];
    const field = locks.field(OWNER, 'kvm', 1);
    field.guardedBy([a, rw]);
    await play({
      only: async (task) => {
        {
          using _ = await rw.read(task);
          expect(field.get(task)).toBe(1);
        }
        {
          using _ = await a.acquire(task);
          expect(field.get(task)).toBe(1);
          using __ = await rw.write(task);
          field.set(task, 2);
        }
        expect(found()).toEqual([]);
        field.get(task);
        using _ = await a.acquire(task);
        field.set(task, 3);
        using __ = await rw.read(task);
        field.set(task, 4);
      },
    });
    expect(found()).toEqual([
      'data-race: mdev1.kvm is read by only without its guard (a or b)',
      'data-race: mdev1.kvm is written by only without its guard (a and b)',
      'data-race: mdev1.kvm is written by only without its guard (a and b)',
    ]);
    expect(field.inspect()).toBe(4);
  });

  test('the report names the line, one finding a line', async () => {
    const { locks, play, findings } = make();
    const field = locks.field(OWNER, 'kvm', 1);
    field.guardedBy([locks.mutex(A, 'a')]);
    let line = 0;
    await play({
      only: async (task) => {
        line = Number(/guarded-field\.test\.ts:(\d+)/.exec(new Error('here').stack ?? '')?.[1]);
        for (let i = 0; i < 3; i++) field.get(task);
      },
    });
    expect(findings).toHaveLength(1);
    expect(findings[0]?.place?.[0]).toMatch(new RegExp(`^test/locks/guarded-field\\.test\\.ts:${line + 1}\\b`));
  });

  test('a field without a rule, or left unguarded, is nobody’s business', async () => {
    const { locks, play, found } = make();
    const [free, open] = [locks.field(OWNER, 'free', 1), locks.field(OWNER, 'open', 1)];
    open.guardedBy('unguarded');
    await play({
      only: async (task) => {
        free.set(task, free.get(task) + 1);
        open.set(task, open.get(task) + 1);
        await open.write(task, (await open.read(task)) + 1);
      },
    });
    expect([found(), free.inspect(), open.inspect()]).toEqual([[], 2, 3]);
  });

  test.each([true, false])('work may rely on what its flusher holds, and the flusher holds it: %s', async (holds) => {
    const { locks, play, found } = make();
    const a = locks.mutex(A, 'a');
    const field = locks.field(OWNER, 'queue', 1);
    field.guardedBy([a]);
    const item = locks.workItem(locks.workQueue(Q, 'events'), W, {
      name: 'reset',
      body: async (task) => field.set(task, field.get(task) + 1),
    });
    await play({
      user: async (task) => {
        using _ = holds ? await a.acquire(task) : null;
        item.queueWork(task);
        await item.flush(task);
      },
    });
    expect(found().map((text) => text.replace(/ without.*/, ''))).toEqual(
      holds ? [] : ['data-race: mdev1.queue is read by kworker/reset', 'data-race: mdev1.queue is written by kworker/reset'],
    );
    expect(field.inspect()).toBe(2);
  });
});

test('unguarded reads and writes are visible operations: the lost update is among the schedules', async () => {
  const dfs = new DfsStrategy();
  const seen = new Set<number>();
  do {
    dfs.begin();
    const { locks, play } = controlledWorld({}, { strategy: dfs });
    const field = locks.field(OWNER, 'count', 0);
    field.guardedBy('unguarded');
    const body = async (task: Parameters<typeof field.get>[0]): Promise<void> => field.write(task, (await field.read(task)) + 1);
    await play({ a: body, b: body });
    seen.add(field.inspect());
  } while (dfs.advance());
  expect(seen).toEqual(new Set([1, 2]));
});
