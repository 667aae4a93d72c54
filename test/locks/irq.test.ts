/**
 * Goal: a class that an interrupt takes must not be held with that interrupt enabled, not even through other classes; and what is legal is
 * silent. Method: sections in states of the task, one after the other.
 */
import { describe, expect, test } from 'vitest';
import { assertIrqs } from '../../src/locks/assertions.ts';
import { LockClass, type ContextKind } from '../../src/locks/lock-class.ts';
import type { ReaderPreferringLock } from '../../src/locks/reader-preferring-lock.ts';
import type { SpinLock } from '../../src/locks/spin-lock.ts';
import type { Task } from '../../src/runtime/task.ts';
import { WORLDS } from '../helpers/lock-world.ts';

const [A, B, R] = ['irq-a', 'irq-b', 'irq-r'].map((name) => new LockClass(name, { spin: true, tryable: true })) as [
  LockClass,
  LockClass,
  LockClass,
];

interface Locks {
  readonly a: SpinLock;
  readonly b: SpinLock;
  readonly r: ReaderPreferringLock;
}

describe.each(WORLDS)('%s', (_name, make) => {
  /** `hardirq: a b | on: b`: in each section the locks are nested; `rR` reads r, `wR` writes it. */
  async function sections(text: string): Promise<string[]> {
    const { locks, play, found } = make();
    const all: Locks = { a: locks.spinLock(A, 'a'), b: locks.spinLock(B, 'b'), r: locks.readerPreferringLock(R, 'r') };
    await play({
      only: async (task) => {
        for (const part of text.split(' | ')) {
          const [state, names] = part.split(': ') as [string, string];
          using _ = state === 'on' ? null : locks.irqSection(task, state as ContextKind);
          await nest(task, all, names.split(' '));
        }
      },
    });
    return found();
  }

  async function nest(task: Task, all: Locks, [name, ...rest]: string[]): Promise<void> {
    if (name === undefined) return;
    const { a, b, r } = all;
    const taken = {
      a: () => a.acquire(task),
      b: () => b.acquire(task),
      ta: () => a.tryAcquire(task),
      rR: () => r.read(task),
      wR: () => r.write(task),
    };
    using _ = await taken[name as keyof typeof taken]();
    await nest(task, all, rest);
  }

  const inconsistent = (cls: string, irq: string): string =>
    `lock-order: inconsistent lock state: ${cls} is taken in a ${irq} by only and held with it enabled by only`;

  test.each([
    ['taken in a hardirq, held with it enabled', 'hardirq: a | on: a', [inconsistent('irq-a', 'hardirq')]],
    ['the other way round', 'on: a | hardirq: a', [inconsistent('irq-a', 'hardirq')]],
    ['held with hardirqs off only', 'hardirq: a | hardirqs off: a', []],
    ['softirqs off do not help against a hardirq', 'hardirq: a | softirqs off: a', [inconsistent('irq-a', 'hardirq')]],
    ['taken in a softirq, held with it off', 'softirq: a | softirqs off: a', []],
    ['hardirqs off keep softirqs away, too', 'softirq: a | hardirqs off: a', []],
    ['taken in a softirq, held with it enabled', 'softirq: a | on: a', [inconsistent('irq-a', 'softirq')]],
    ['tried in a hardirq: that cannot hang it', 'hardirq: ta | on: a', []],
    ['held by a try with it enabled', 'hardirq: a | on: ta', [inconsistent('irq-a', 'hardirq')]],
    ['readers inside and outside', 'hardirq: rR | on: rR', []],
    ['a reader inside, a writer outside', 'hardirq: rR | on: wR', [inconsistent('irq-r', 'hardirq')]],
    ['a writer inside, a reader outside', 'hardirq: wR | on: rR', [inconsistent('irq-r', 'hardirq')]],
    [
      'safe before unsafe',
      'hardirq: a | hardirqs off: a b | on: b',
      ['lock-order: possible deadlock with a hardirq: irq-b -> irq-a -> irq-b'],
    ],
    [
      'safe before unsafe, learnt last',
      'on: b | hardirq: a | hardirqs off: a b',
      ['lock-order: possible deadlock with a hardirq: irq-a -> irq-b -> irq-a'],
    ],
    ['safe before safe', 'hardirq: a | hardirqs off: a b | hardirqs off: b', []],
    ['unsafe before safe', 'hardirq: a | hardirqs off: a | on: b', []],
    ['what an interrupt takes does not depend on what it interrupts', 'on: b | hardirq: a', []],
  ])('%s', async (_case, text, expected) => {
    expect(await sections(text)).toEqual(expected);
  });

  test('both places are named', async () => {
    const { locks, play, findings } = make();
    const a = locks.spinLock(A, 'a');
    await play({
      handler: async (task) => {
        using _ = locks.irqSection(task, 'hardirq');
        using __ = await a.acquire(task);
      },
      user: async (task) => {
        using _ = await a.acquire(task);
      },
    });
    expect(findings).toHaveLength(1);
    expect(findings[0]?.notes?.[0]).toMatch(/^taken in a hardirq by handler\/\d+ \(write\) at test\/locks\/irq\.test\.ts/);
    expect(findings[0]?.notes?.[1]).toMatch(/^held with a hardirq enabled by user\/\d+ \(write\) at test\/locks\/irq\.test\.ts/);
  });

  test.each([true, false])('interrupts that are turned on with a lock held: %s', async (early) => {
    const { locks, play, found } = make();
    const a = locks.spinLock(A, 'a');
    await play({
      only: async (task) => {
        {
          using _ = locks.irqSection(task, 'hardirq');
          (await a.acquire(task)).release();
        }
        const off = locks.irqSection(task, 'hardirqs off');
        const guard = await a.acquire(task);
        if (early) off.release();
        expect(a.heldBy(task)).toBe(true);
        guard.release();
        if (!early) off.release();
        expect(task.held).toBeNull();
      },
    });
    expect(found()).toEqual(early ? [inconsistent('irq-a', 'hardirq')] : []);
  });

  test.each([
    ['hardirq', 'a hardirq running'],
    ['softirqs off', 'softirqs off'],
  ] as const)('a sleeping lock in the state %s is reported, in none it is not', async (kind, words) => {
    const { locks, play, found } = make();
    const m = locks.mutex(new LockClass('sleeping'), 'm');
    await play({
      only: async (task) => {
        (await m.acquire(task)).release();
        expect(found()).toEqual([]);
        using _ = locks.irqSection(task, kind);
        (await m.acquire(task)).release();
      },
    });
    expect(found()).toContain(`assertion: invalid wait context: only may sleep for m with ${words}`);
  });

  test('assertions about interrupts, and a task that ends with them off', async () => {
    const { locks, play, found } = make();
    await play({
      only: async (task) => {
        assertIrqs(locks, task, { irq: 'hardirq', enabled: true, why: 'sleeping' });
        assertIrqs(locks, task, { irq: 'hardirq', enabled: false, why: 'the handler' });
        const off = locks.irqSection(task, 'hardirqs off');
        assertIrqs(locks, task, { irq: 'softirq', enabled: true, why: 'the tasklet' });
        expect(off.live).toBe(true);
      },
    });
    expect(found()).toEqual([
      'assertion: the handler needs hardirqs off, which only has on',
      'assertion: the tasklet needs softirqs on, which only has off',
      'assertion: only ends while it still has hardirqs off',
    ]);
  });
});
