/**
 * Goal: the validator reports an order that can deadlock before it does, by class, and is silent where it cannot. Method: one task does
 * everything one after the other, so that nothing ever blocks: each report is a prediction. Notation as in the notes on lockdep: W and r
 * are exclusive and shared, R is a recursive reader.
 */
import { describe, expect, test } from 'vitest';
import { Guard, type Held } from '../../src/locks/guard.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import type { LockLayer } from '../../src/locks/lock-layer.ts';
import { EXCLUSIVE, RECURSIVE, SHARED, TRY } from '../../src/locks/modes.ts';
import type { Task } from '../../src/runtime/task.ts';
import { WORLDS, controlledWorld } from '../helpers/lock-world.ts';

const [A, B, C, D] = ['A', 'B', 'C', 'D'].map((name) => new LockClass(name)) as [LockClass, LockClass, LockClass, LockClass];

/** Takes and gives back what a section like `W(A) R(B) W(C)` says, without any lock behind it. */
function section(locks: LockLayer, task: Task, text: string): void {
  const dep = locks.lockdep!;
  const guards = text.split(' ').map((step) => {
    const [, how, name] = /^([WrR]|TW)\((\w)\)$/.exec(step)!;
    const cls = { A, B, C, D }[name as 'A' | 'B' | 'C' | 'D'];
    const mode = { W: EXCLUSIVE, r: SHARED, R: RECURSIVE, TW: EXCLUSIVE | TRY }[how as 'W' | 'r' | 'R' | 'TW'];
    const lock: Held = { cls, name: cls.name, dep, unlock: (guard) => guard.pop(), free: () => undefined, retake: () => undefined };
    return new Guard(lock, task, mode, dep.check(task, cls, mode));
  });
  for (const guard of guards.toReversed()) guard.release();
}

async function sections(text: string): Promise<string[]> {
  const { locks, play, found } = controlledWorld();
  await play({
    only: async (task) => {
      for (const part of text.split(' | ')) section(locks, task, part);
    },
  });
  return found();
}

const cycle = (...classes: string[]): string[] => [`lock-order: possible circular locking dependency: ${classes.join(' -> ')}`];
const recursive = (how: string, cls: string): string =>
  `recursive-lock: possible recursive locking: only asks for ${cls} (${how}) while it holds ${cls} of the same class`;

describe('cycles', () => {
  test.each([
    ['ABBA', 'W(A) W(B) | W(B) W(A)', cycle('B', 'A', 'B')],
    ['one order only', 'W(A) W(B) | W(A) W(B) | W(B)', []],
    ['three classes', 'W(A) W(B) | W(B) W(C) | W(C) W(A)', cycle('C', 'A', 'B', 'C')],
    ['three classes without the closing section', 'W(A) W(B) | W(B) W(C) | W(A) W(C)', []],
    ['four classes', 'W(A) W(B) | W(B) W(C) | W(C) W(D) | W(D) W(A)', cycle('D', 'A', 'B', 'C', 'D')],
    ['an edge over a third lock', 'W(A) W(B) W(C) | W(C) W(A)', cycle('C', 'A', 'C')],
    ['shared readers wait behind writers', 'r(A) r(B) | r(B) r(A)', cycle('B', 'A', 'B')],
    ['recursive readers do not', 'R(A) R(B) | R(B) R(A)', []],
    ['a recursive reader against writers', 'W(A) R(B) | W(B) W(A)', cycle('B', 'A', 'B')],
    ['a recursive reader against a recursive holder', 'W(A) R(B) | R(B) W(A)', []],
    ['a recursive reader against a shared holder', 'W(A) R(B) | r(B) W(A)', []],
    ['a shared reader against a recursive holder', 'W(A) r(B) | R(B) W(A)', cycle('B', 'A', 'B')],
    ['a trylock cannot wait', 'W(A) TW(B) | W(B) W(A)', []],
    ['what is asked for under a trylocked lock can', 'TW(A) W(B) | W(B) W(A)', cycle('B', 'A', 'B')],
    // The two holes of the kernel's validator.
    ['hole A: a recursive reader between the two', 'W(A) R(B) W(C) | W(C) W(A)', cycle('C', 'A', 'C')],
    ['hole A without the inversion', 'W(A) R(B) W(C) | W(A) W(C)', []],
    ['hole B: a weak way to B is seen first', 'W(A) R(B) | W(A) W(D) | W(D) W(B) | r(B) W(C) | W(C) W(A)', cycle('C', 'A', 'D', 'B', 'C')],
    ['hole B without the strong way', 'W(A) R(B) | W(A) W(D) | r(B) W(C) | W(C) W(A)', []],
  ])('%s', async (_name, text, expected) => {
    expect(await sections(text)).toEqual(expected);
  });

  test('one cycle is reported once, another one beside it as well', async () => {
    expect(await sections('W(A) W(B) | W(B) W(A) | W(A) W(B) | W(B) W(A) | W(C) W(D) | W(D) W(C)')).toEqual([
      ...cycle('B', 'A', 'B'),
      ...cycle('D', 'C', 'D'),
    ]);
  });
});

describe('same class', () => {
  test.each([
    ['exclusive twice', 'W(A) W(A)', [recursive('write', 'A')]],
    ['exclusive, something else between', 'W(A) W(B) W(A)', [...cycle('B', 'A', 'B'), recursive('write', 'A')]],
    ['shared twice: a writer may be waiting', 'r(A) r(A)', [recursive('read', 'A')]],
    ['recursive over shared', 'r(A) R(A)', []],
    ['recursive over recursive', 'R(A) R(A)', []],
    ['recursive over exclusive', 'W(A) R(A)', [recursive('recursive read', 'A')]],
    ['a trylock', 'W(A) TW(A)', []],
  ])('%s', async (_name, text, expected) => {
    expect(await sections(text)).toEqual(expected);
  });

  test('two locks of one class, one inside the other', async () => {
    const { locks, play, found } = controlledWorld();
    const [one, two] = [locks.mutex(A, 'kvm1->lock'), locks.mutex(A, 'kvm2->lock')];
    await play({
      only: async (task) => {
        using _ = await one.acquire(task);
        using __ = await two.acquire(task);
      },
    });
    expect(found()).toEqual([
      'recursive-lock: possible recursive locking: only asks for A (write) while it holds kvm1->lock of the same class',
    ]);
  });
});

describe.each(WORLDS)('%s: real locks', (_name, make) => {
  test('ABBA of two tasks that never meet is predicted, with both places and everything held', async () => {
    const { rt, locks, play, findings } = make();
    const [a, b, c] = [locks.mutex(A, 'a'), locks.mutex(B, 'b'), locks.mutex(C, 'c')];
    const outcome = await play({
      first: async (task) => {
        using _ = await c.acquire(task);
        using __ = await a.acquire(task);
        using ___ = await b.acquire(task);
      },
      second: async (task) => {
        await rt.sleep(task, 5);
        using _ = await b.acquire(task);
        using __ = await a.acquire(task);
      },
    });
    expect(outcome).toBe('done');
    expect(findings).toHaveLength(1);
    const [finding] = findings;
    expect(finding).toMatchObject({ kind: 'lock-order', tasks: ['second', 'first'] });
    expect(finding?.cycle).toMatchObject([
      { from: 'B', to: 'A', task: 'second', pid: 1001, fromMode: 'write', toMode: 'write', held: ['b'] },
      { from: 'A', to: 'B', task: 'first', pid: 1000, held: ['c', 'a'] },
    ]);
    for (const edge of finding?.cycle ?? []) {
      const lines = [edge.fromPlace, edge.toPlace].map((place) =>
        Number(/^test\/locks\/lockdep\.test\.ts:(\d+)/.exec(place[0] ?? '')?.[1]),
      );
      expect(lines[1]).toBe(lines[0]! + 1);
    }
  });

  test('with validation off nothing is learnt', async () => {
    const { locks, play, found } = make({ validate: false });
    const [a, b] = [locks.mutex(A, 'a'), locks.mutex(B, 'b')];
    await play({
      only: async (task) => {
        for (const [outer, inner] of [
          [a, b],
          [b, a],
        ] as const) {
          using _ = await outer.acquire(task);
          using __ = await inner.acquire(task);
        }
      },
    });
    expect([locks.lockdep, found()]).toEqual([null, []]);
  });

  test('after a release out of order what is still held counts, what was released does not', async () => {
    const { locks, play, found } = make();
    const [a, b, c] = [locks.mutex(A, 'a'), locks.mutex(B, 'b'), locks.mutex(C, 'c')];
    await play({
      only: async (task) => {
        const outer = await a.acquire(task);
        const inner = await b.acquire(task);
        outer.release();
        expect([a.heldBy(task), b.heldBy(task)]).toEqual([false, true]);
        (await c.acquire(task)).release();
        inner.release();
        expect(task.held).toBeNull();
        // Were `a` still taken for held above, there would be A -> C as well.
        expect([...locks.lockdep!.graph.edges()].map(({ from, to }) => `${from.name} ${to.name}`)).toEqual(['A B', 'B C']);
        expect(found()).toEqual([]);
        using _ = await c.acquire(task);
        (await b.acquire(task)).release();
      },
    });
    expect(found()).toEqual(cycle('C', 'B', 'C'));
  });

  test('an entry that stays after a release out of order keeps the place where it was taken', async () => {
    const { locks, play, findings } = make();
    const [a, b, c] = [locks.mutex(A, 'a'), locks.mutex(B, 'b'), locks.mutex(C, 'c')];
    const take = async (task: Task): Promise<Guard> => b.acquire(task);
    await play({
      only: async (task) => {
        const outer = await a.acquire(task);
        const inner = await take(task);
        outer.release();
        (await c.acquire(task)).release();
        inner.release();
        using _ = await c.acquire(task);
        (await b.acquire(task)).release();
      },
    });
    expect(findings[0]?.cycle?.[1]).toMatchObject({ from: 'B', to: 'C' });
    expect(findings[0]?.cycle?.[1]?.fromPlace[0]).toMatch(/ take$/);
  });

  test('what one lock of a class teaches holds for all of them', async () => {
    const { locks, play, found } = make();
    const [k1, k2, m] = [locks.mutex(A, 'kvm1->lock'), locks.mutex(A, 'kvm2->lock'), locks.mutex(B, 'mdevs_lock')];
    await play({
      only: async (task) => {
        using _ = await k1.acquire(task);
        (await m.acquire(task)).release();
        _.release();
        using __ = await m.acquire(task);
        (await k2.acquire(task)).release();
      },
    });
    expect(found()).toEqual(cycle('B', 'A', 'B'));
  });
});

test('warm sequences cost no stack: the cache does not grow', async () => {
  const { locks, play } = controlledWorld();
  const [a, b] = [locks.mutex(A, 'a'), locks.mutex(B, 'b')];
  await play({
    only: async (task) => {
      for (let i = 0; i < 100; i++) {
        const outer = await a.acquire(task);
        const inner = await b.acquire(task);
        outer.release();
        inner.release();
      }
    },
  });
  expect(locks.lockdep?.chains).toBe(2);
  expect([...locks.lockdep!.graph.edges()].map(({ from, to }) => `${from.name} ${to.name}`)).toEqual(['A B']);
});
