/**
 * Goal: of a failing schedule, exactly the orders of steps without which the failure does not come about.
 */
import { describe, expect, test } from 'vitest';
import { constraintsOf } from '../../src/explore/constraints.ts';
import type { Program } from '../../src/explore/program.ts';
import { shrink } from '../../src/explore/shrink.ts';
import { abba, firstFailure, lockProgram, lostWakeUp, nest, noisyInversion, ring, SETTINGS } from './shrink-programs.ts';

async function orders(program: Program, kind = 'deadlock'): Promise<string[]> {
  const failing = await firstFailure(program, kind);
  const constraints = await constraintsOf(program, (await shrink(program, failing, SETTINGS))!, SETTINGS);
  return constraints!.map(({ before, after }) => `${before.task} ${before.what} before ${after.task} ${after.what}`).toSorted();
}

describe('orders that a failure needs', () => {
  test('each of two tasks takes its first lock before the other one asks for it', async () => {
    const expected = ['t1 lock A before t2 lock A', 't2 lock B before t1 lock B'];
    expect(await orders(abba())).toEqual(expected);
  });

  test('a ring of three needs three', async () => {
    const expected = ['p0 lock fork0 before p2 lock fork0', 'p1 lock fork1 before p0 lock fork1', 'p2 lock fork2 before p1 lock fork2'];
    expect(await orders(ring(3))).toEqual(expected);
  });

  test('harmless locks that both tasks take are not named', async () => {
    expect(await orders(noisyInversion(6, 9))).toEqual(['w0 lock A before w1 lock A', 'w1 lock B before w0 lock B']);
  });

  test('a lost wake-up: looked, woken, slept', async () => {
    expect(await orders(lostWakeUp(), 'hung-task')).toEqual([
      'waiter read device.ready before waker write device.ready',
      'waker write device.ready before waiter read device.ready',
    ]);
  });

  test('to be stuck in a later turn of a loop is another course: what leads to it in this one is named', async () => {
    // Without the switch the looper passes; in its next turn it would get stuck all the same.
    const program = lockProgram('loop', (lock, { layer }) => {
      const on = layer.field({ name: 'host' }, 'on', false);
      on.guardedBy('unguarded');
      return {
        looper: async (task) => {
          for (let turn = 0; turn < 3; turn++) await nest(task, (await on.read(task)) ? [lock('A'), lock('B')] : [lock('A')]);
        },
        switcher: async (task) => {
          await on.write(task, true);
          await nest(task, [lock('B'), lock('A')]);
        },
      };
    });
    expect(await orders(program)).toEqual([
      'looper lock A before switcher lock A',
      'switcher lock B before looper lock B',
      'switcher write host.on before looper read host.on',
    ]);
  });

  test('a race needs no order', async () => {
    const racy: Program = {
      name: 'racy',
      build({ rt, layer }) {
        const field = layer.state.shared({ name: 'mdev' }, 'kvm', 0);
        return {
          start() {
            rt.spawn('attach', async (task) => {
              await field.write(task, 1);
            });
            rt.spawn('vcpu', async (task) => {
              await field.read(task);
            });
          },
        };
      },
    };
    expect(await orders(racy, 'data-race')).toEqual([]);
  });

  test('what follows from another order is left out', async () => {
    // Both fields are written before the lock is given up, and read under it.
    const program = lockProgram('implied', (lock, { layer }) => {
      const first = layer.field({ name: 'o' }, 'first', 0);
      const second = layer.field({ name: 'o' }, 'second', 0);
      for (const field of [first, second]) field.guardedBy('unguarded');
      return {
        writer: async (task) => {
          await nest(task, [lock('L')]);
          await first.write(task, 1);
          await second.write(task, 1);
        },
        reader: async (task) => {
          await nest(task, [lock('L')]);
          if ((await second.read(task)) + (await first.read(task)) === 2) throw new Error('both are set');
        },
      };
    });
    expect(await orders(program, 'assertion')).toEqual(['writer write o.second before reader read o.second']);
  });

  test('a schedule that does not fail that way has none', async () => {
    const { finding } = await firstFailure(abba());
    expect(await constraintsOf(abba(), { finding, choices: [0, 0, 0] }, SETTINGS)).toBeNull();
  });
});
