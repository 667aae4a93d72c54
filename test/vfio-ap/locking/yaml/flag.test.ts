/**
 * A flag of a design file is a lock by another name: who waits for it sleeps until it is cleared, who tries it is told, and the validator
 * sees the wait although nobody has to wait.
 */
import { expect, test } from 'vitest';
import { LockClass } from '../../../../src/locks/lock-class.ts';
import { LockLayer } from '../../../../src/locks/lock-layer.ts';
import { ControlledRuntime } from '../../../../src/runtime/controlled.ts';
import type { Task } from '../../../../src/runtime/task.ts';
import { release, tryTake } from '../../../../src/vfio-ap/locking/yaml/design-locks.ts';
import { Flag } from '../../../../src/vfio-ap/locking/yaml/flag.ts';

const BUSY = new LockClass('busy', {});
const OUTER = new LockClass('outer', {});

interface World {
  readonly rt: ControlledRuntime;
  readonly layer: LockLayer;
  readonly flag: Flag;
  readonly order: string[];
}

async function run(seed: number, body: (world: World) => void): Promise<World> {
  const rt = new ControlledRuntime({ seed });
  const layer = new LockLayer(rt);
  const world = { rt, layer, flag: new Flag(layer, BUSY, 'busy'), order: [] };
  body(world);
  expect(await rt.run()).toBe('done');
  return world;
}

const seeds = Array.from({ length: 20 }, (_, i) => i + 1);

test('who waits goes on only when it was cleared, in every schedule', async () => {
  for (const seed of seeds) {
    const { order, layer } = await run(seed, ({ rt, flag, order: seen }) => {
      rt.spawn('setter', async (task) => {
        flag.set(task);
        rt.spawn('waiter', async (other) => {
          await flag.waitUntilClear(other, null);
          seen.push('waited');
        });
        await rt.sleep(task, 5);
        seen.push('cleared');
        flag.clear(task);
      });
    });
    expect(order).toEqual(['cleared', 'waited']);
    expect(layer.findings.list).toEqual([]);
  }
});

test('a lock that the wait drops is free meanwhile and held again afterwards', async () => {
  for (const seed of seeds) {
    const { order } = await run(seed, ({ rt, flag, layer, order: seen }) => {
      const outer = layer.mutex(OUTER, 'outer');
      rt.spawn('setter', async (task) => {
        flag.set(task);
        rt.spawn('waiter', async (other) => {
          using guard = await outer.acquire(other);
          await flag.waitUntilClear(other, guard);
          seen.push(outer.heldBy(other) ? 'held again' : 'lost');
        });
        await rt.sleep(task, 5);
        using _outer = await outer.acquire(task);
        seen.push('taken meanwhile');
        flag.clear(task);
      });
    });
    expect(order).toEqual(['taken meanwhile', 'held again']);
  }
});

test('who tries it gets it when it is clear, and nothing when it is set', async () => {
  await run(1, ({ rt, flag }) => {
    rt.spawn('only', async (task: Task) => {
      const guard = await tryTake(flag, task, 'write');
      expect([guard !== null, flag.on, flag.heldBy(task)]).toEqual([true, true, true]);
      expect(await tryTake(flag, task, 'write')).toBe(null);
      release(flag, task, { guard });
      expect([flag.on, flag.heldBy(task), task.held]).toEqual([false, false, null]);
    });
  });
});

test('a wait with a lock held that the setter wants is reported, also when the flag is clear', async () => {
  const { layer } = await run(1, ({ rt, flag, layer: locks }) => {
    const outer = locks.mutex(OUTER, 'outer');
    rt.spawn('one after the other', async (task) => {
      flag.set(task);
      (await outer.acquire(task)).release();
      flag.clear(task);
      using _outer = await outer.acquire(task);
      await flag.waitUntilClear(task, null);
    });
  });
  expect(layer.findings.list.map(({ kind }) => kind)).toEqual(['lock-order']);
});
