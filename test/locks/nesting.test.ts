/**
 * Goal: locks of one class inside each other in the ways that are legal (subclass, nest lock, comparator, validation off), and reported in
 * all others; declared orders; names of classes; contexts kept for each edge; might_lock; pins; the assertHeld family.
 */
import { describe, expect, test } from 'vitest';
import { assertHeldBySomebody, assertHeldRead, assertHeldWrite, assertNoneHeld, assertNotHeld } from '../../src/locks/assertions.ts';
import { CONTEXTS_MAX } from '../../src/locks/dependency-graph.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import type { NestingOptions } from '../../src/locks/lock.ts';
import type { Mutex } from '../../src/locks/mutex.ts';
import { SHARED } from '../../src/locks/modes.ts';
import { splatLines } from '../../src/report/splat.ts';
import type { Task } from '../../src/runtime/task.ts';
import { WORLDS, controlledWorld } from '../helpers/lock-world.ts';

const [K, G, M] = ['kvm->lock', 'guests_lock', 'mdevs_lock'].map((name) => new LockClass(name)) as [LockClass, LockClass, LockClass];
const SORTED = new LockClass('sorted', { order: (outer, inner) => (outer.name < inner.name ? -1 : 1) });
const kinds = (findings: readonly { kind: string }[]): string[] => findings.map(({ kind }) => kind);

async function pair(task: Task, [outer, inner]: readonly [Mutex, Mutex], options?: NestingOptions): Promise<void> {
  using _ = await outer.acquire(task);
  using __ = await (options === undefined ? inner.acquire(task) : inner.acquire(task, options));
}

describe.each(WORLDS)('%s', (_name, make) => {
  test('two of a class: reported plainly; with a subclass the order between the two is checked', async () => {
    const { locks, play, findings, found } = make();
    const [k1, k2] = [locks.mutex(K, 'k1'), locks.mutex(K, 'k2')];
    await play({
      only: async (task) => {
        await pair(task, [k1, k2], { subclass: 1 });
        await pair(task, [k2, k1], { subclass: 1 });
        expect(found()).toEqual([]);
        using _ = await k1.acquire(task, { subclass: 1 });
        using __ = await k2.acquire(task);
      },
    });
    expect(found()).toEqual(['lock-order: possible circular locking dependency: kvm->lock/1 -> kvm->lock -> kvm->lock/1']);
    expect(kinds(findings)).toEqual(['lock-order']);
    expect(() => K.subclass(8)).toThrow('kvm->lock: expected a subclass from 0 to 7, got 8');
    expect([K.subclass(0), K.subclass(1)]).toEqual([K, K.subclass(1)]);
  });

  test('under a nest lock that is held: any order, any number, at no growth; not held: its own report', async () => {
    const { locks, play, findings, found } = make();
    const outer = locks.mutex(G, 'guests_lock');
    const all = Array.from({ length: 20 }, (_, i) => locks.mutex(K, `k${i}`));
    await play({
      only: async (task) => {
        {
          using _ = await outer.acquire(task);
          for (const lock of all) await lock.acquire(task, { nestLock: outer });
          expect([found(), locks.lockdep!.chains]).toEqual([[], 2]);
          for (const lock of all) lock.release(task);
          for (const lock of all.toReversed()) await lock.acquire(task, { nestLock: outer });
          for (const lock of all) lock.release(task);
          expect(found()).toEqual([]);
          // Without saying so it is wrong as ever.
          await pair(task, [all[0]!, all[1]!]);
          expect(kinds(findings)).toEqual(['recursive-lock']);
        }
        (await all[0]!.acquire(task, { nestLock: outer })).release();
      },
    });
    expect(found().slice(1)).toEqual(['assertion: only takes k0 nested under guests_lock, which it does not hold']);
  });

  test('a nest lock does not excuse other classes in between', async () => {
    const { locks, play, found } = make();
    const [outer, k1, k2, m] = [locks.mutex(G, 'g'), locks.mutex(K, 'k1'), locks.mutex(K, 'k2'), locks.mutex(M, 'm')];
    await play({
      only: async (task) => {
        using _ = await outer.acquire(task);
        using __ = await k1.acquire(task);
        using ___ = await m.acquire(task);
        using ____ = await k2.acquire(task, { nestLock: outer });
      },
    });
    expect(found()).toEqual(['lock-order: possible circular locking dependency: mdevs_lock -> kvm->lock -> mdevs_lock']);
  });

  test('a comparator is asked for the two locks each time', async () => {
    const { locks, play, findings, found } = make();
    const [a, b, c] = [locks.mutex(SORTED, 'a'), locks.mutex(SORTED, 'b'), locks.mutex(SORTED, 'c')];
    await play({
      only: async (task) => {
        for (let i = 0; i < 3; i++) {
          await pair(task, [a, b]);
          await pair(task, [b, c]);
        }
        expect(found()).toEqual([]);
        await pair(task, [c, b]);
      },
    });
    expect(kinds(findings)).toEqual(['recursive-lock']);
    expect(findings[0]?.title).toContain('while it holds c of the same class');
  });

  test('a class whose order is not validated takes part in no cycle', async () => {
    const { locks, play, found } = make();
    const [a, b] = [locks.mutex(new LockClass('free', { validate: false }), 'a'), locks.mutex(M, 'b')];
    await play({
      only: async (task) => {
        await pair(task, [a, b]);
        await pair(task, [b, a]);
        await pair(task, [a, locks.mutex(a.cls, 'a2')]);
      },
    });
    expect(found()).toEqual([]);
  });

  test('a recursive lock carries the two acquisitions as one edge, which the report prints', async () => {
    const { locks, play, findings } = make();
    await play({ only: async (task) => pair(task, [locks.mutex(K, 'k1'), locks.mutex(K, 'k2')]) });
    const [edge] = findings[0]!.cycle!;
    expect(edge).toMatchObject({ from: 'kvm->lock', to: 'kvm->lock', task: 'only', held: ['k1'] });
    expect(edge?.fromPlace[0]).toMatch(/nesting\.test\.ts:\d+ pair$/);
    expect(edge?.fromPlace[0]).not.toBe(edge?.toPlace[0]);
    expect(splatLines(findings[0]!).join('\n')).toContain('possible recursive locking detected');
  });

  test('a declared order that is kept is silent, and one that is declared after it was broken is reported then', async () => {
    const { locks, play, findings } = make();
    locks.declareOrder([G.name, K.name, 'never used', M.name], 'the design');
    const [g, k, m] = [locks.mutex(G, 'g'), locks.mutex(K, 'k'), locks.mutex(M, 'm')];
    await play({
      only: async (task) => {
        await pair(task, [g, k]);
        await pair(task, [k, m]);
        await pair(task, [g, m]);
        expect(findings).toEqual([]);
        locks.declareOrder([M.name, K.name], 'another design');
      },
    });
    expect(findings.map(({ title, notes }) => [title, notes])).toEqual([
      [
        'declared lock order broken: mdevs_lock -> kvm->lock -> mdevs_lock',
        ['mdevs_lock before kvm->lock is declared by another design', 'not graded: mdevs_lock -> kvm->lock is declared, not observed'],
      ],
    ]);
  });

  test('a declared order is broken without anybody ever having kept it', async () => {
    const { locks, play, findings } = make();
    locks.declareOrder([G.name, K.name, M.name], 'the design');
    await play({
      only: async (task) => {
        (await locks.mutex(K, 'k').acquire(task)).release();
        await pair(task, [locks.mutex(M, 'm'), locks.mutex(G, 'g')]);
      },
    });
    expect(findings.map(({ title, tasks, notes }) => [title, tasks, notes])).toEqual([
      [
        'declared lock order broken: mdevs_lock -> guests_lock -> kvm->lock -> mdevs_lock',
        ['only'],
        [
          'guests_lock before kvm->lock is declared by the design',
          'kvm->lock before mdevs_lock is declared by the design',
          'not graded: guests_lock -> kvm->lock is declared, not observed',
        ],
      ],
    ]);
  });

  test('might_lock teaches an order on a path that seldom takes the lock', async () => {
    const { locks, play, found } = make();
    const [g, m, rw] = [locks.mutex(G, 'g'), locks.mutex(M, 'm'), locks.rwSemaphore(K, 'rw')];
    await play({
      only: async (task) => {
        using _ = await g.acquire(task);
        m.mightAcquire(task);
        rw.mightAcquire(task, SHARED);
        expect(task.held).toBe(_);
        _.release();
        expect(found()).toEqual([]);
        await pair(task, [m, g]);
      },
    });
    expect(found()).toEqual(['lock-order: possible circular locking dependency: mdevs_lock -> guests_lock -> mdevs_lock']);
  });

  test('a pinned lock cannot be dropped for a wait; taken off the pin, it can', async () => {
    const { rt, locks, play, found } = make();
    const m = locks.mutex(M, 'm');
    const queue = locks.waitQueue(locks.map(K, 'map'));
    await play({
      only: async (task) => {
        using drop = await m.acquire(task);
        const pin = drop.pin();
        await queue.wait(task, () => false, { drop, timeoutMs: 2 });
        expect([found().length, m.heldBy(task)]).toEqual([1, true]);
        drop.unpin(pin);
        await queue.wait(task, () => false, { drop, timeoutMs: 2 });
        expect(m.heldBy(task)).toBe(true);
        await rt.sleep(task, 1);
      },
    });
    expect(found()).toEqual(['assertion: only releases m, which is pinned']);
  });

  test.each([
    [
      'free',
      [
        'free needs rw for writing, which only does not hold',
        'free needs rw for reading, which only does not hold',
        'free needs rw, which nobody holds',
      ],
    ],
    [
      'read',
      [
        'read needs rw for writing, which only holds as a reader',
        'read must not come with rw held, which only does',
        'read with rw held by only',
      ],
    ],
    [
      'written',
      [
        'written needs rw for reading, which only holds as a writer',
        'written must not come with rw held, which only does',
        'written with rw held by only',
      ],
    ],
  ] as const)('the assertHeld family: each fires where it must and nowhere else (%s)', async (state, expected) => {
    const { locks, play, found } = make();
    const rw = locks.rwSemaphore(M, 'rw');
    await play({
      only: async (task) => {
        using _ = state === 'free' ? null : await (state === 'read' ? rw.read(task) : rw.write(task));
        assertHeldWrite(rw, task, state);
        assertHeldRead(rw, task, state);
        assertHeldBySomebody(rw, task, state);
        assertNotHeld(rw, task, state);
        assertNoneHeld(locks, task, state);
      },
    });
    expect(found()).toEqual(expected.map((title) => `assertion: ${title}`));
  });
});

test('classes of one name are told apart by a number', async () => {
  const { locks, play, found } = controlledWorld();
  const [a, b] = [locks.mutex(new LockClass('twin'), 'a'), locks.mutex(new LockClass('twin'), 'b')];
  await play({
    only: async (task) => {
      await pair(task, [a, b]);
      await pair(task, [b, a]);
    },
  });
  expect(found()).toEqual(['lock-order: possible circular locking dependency: twin -> twin#2 -> twin']);
});

test('an edge keeps the held sets it was seen with, a bounded number of them, without what a wait dropped', async () => {
  const { locks, play } = controlledWorld();
  const [k, m] = [locks.mutex(K, 'k'), locks.mutex(M, 'm')];
  const others = Array.from({ length: CONTEXTS_MAX + 4 }, (_, i) => locks.mutex(new LockClass(`other${i}`), `o${i}`));
  const queue = locks.waitQueue(locks.map(G, 'map'));
  await play({
    only: async (task) => {
      for (const other of others) {
        using _ = await other.acquire(task);
        await pair(task, [k, m]);
      }
      using _ = await k.acquire(task);
      using drop = await m.acquire(task);
      await queue.wait(task, () => true, { drop });
    },
  });
  const edges = [...locks.lockdep!.graph.edges()];
  const edge = edges.find(({ from, to }) => from === K && to === M)!;
  expect(edge.contexts).toHaveLength(CONTEXTS_MAX);
  expect(edge.contexts[1]).toMatchObject({ asked: 'm', held: [{ lock: 'o1' }, { lock: 'k', cls: 'kvm->lock', mode: 0 }] });
  const waits = edges.find(({ from, to }) => from === K && to === G)!;
  expect(waits.contexts.map(({ held }) => held.map(({ lock }) => lock))).toEqual([['k']]);
  expect(edges.some(({ from, to }) => from === M && to === G)).toBe(false);
});
