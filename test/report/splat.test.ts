/**
 * Goal: the report of a lock-order cycle has lockdep's sections in lockdep's order, one column for each task, and both places of each edge.
 */
import { describe, expect, test } from 'vitest';
import { splatLines } from '../../src/report/splat.ts';
import { ABBA, cycleFinding, edge } from './made-up.ts';

/** Position of the first line that contains `part`; fails when there is none. */
function at(lines: readonly string[], part: string, from = 0): number {
  const index = lines.findIndex((line, i) => i >= from && line.includes(part));
  expect(index, `expected a line with ${part} in\n${lines.join('\n')}`).toBeGreaterThanOrEqual(0);
  return index;
}

const ring = (n: number): ReturnType<typeof cycleFinding> =>
  cycleFinding(Array.from({ length: n }, (_, i) => edge(`lock${i}`, `lock${(i + 1) % n}`, { task: `task${i}`, pid: 1000 + i })));

describe('a cycle of two', () => {
  test('is reported like this', () => {
    expect(`${splatLines(ABBA, 'design kvm-busy, live runtime, seed 7').join('\n')}\n`).toBe(`\
==============================================================================
possible circular locking dependency detected
design kvm-busy, live runtime, seed 7
------------------------------------------------------------------------------
admin/1003 asks, at 2.500 s, for:
  (matrix_dev->lock) read, at src/vfio-ap/matrix-dev--lock.ts:20 ask
while it holds:
  (kvm->lock) write, at src/vfio-ap/kvm--lock.ts:10 take
and elsewhere (kvm->lock) was already asked for with (matrix_dev->lock) held, directly or through others.

The chain of 2 dependencies, down to the request that closes it:

-> #1 (kvm->lock) write: vcpu0/1007 at 0.100 s, holding (matrix_dev->lock) write
     (kvm->lock) was asked for in:
       src/vfio-ap/kvm--lock.ts:20 ask
     (matrix_dev->lock) had been taken in:
       src/vfio-ap/matrix-dev--lock.ts:10 take
       src/vfio-ap/matrix-dev--lock.ts:90 outer

-> #0 (matrix_dev->lock) read: admin/1003 at 2.500 s, holding (kvm->lock) write
     (matrix_dev->lock) was asked for in:
       src/vfio-ap/matrix-dev--lock.ts:20 ask
     (kvm->lock) had been taken in:
       src/vfio-ap/kvm--lock.ts:10 take
       src/vfio-ap/kvm--lock.ts:90 outer

Schedule that deadlocks:

  admin/1003                                                vcpu0/1007
  ----------                                                ----------
  lock(kvm->lock)
    src/vfio-ap/kvm--lock.ts:10 take
                                                            lock(matrix_dev->lock)
                                                              src/vfio-ap/matrix-dev--lock.ts:10 take
  rlock(matrix_dev->lock)
    src/vfio-ap/matrix-dev--lock.ts:20 ask
                                                            lock(kvm->lock)
                                                              src/vfio-ap/kvm--lock.ts:20 ask

 *** DEADLOCK ***

2 locks held by admin/1003:
 #0: cpus
 #1: kvm->lock

Where admin/1003 asks for (matrix_dev->lock):
  src/vfio-ap/matrix-dev--lock.ts:20 ask
==============================================================================
`);
  });

  test('says so when one task did both halves', () => {
    const lines = splatLines(cycleFinding([edge('a', 'b', { task: 'one' }), edge('b', 'a', { task: 'one' })]));
    expect(lines.join(' ').replaceAll(/\s+/g, ' ')).toContain('was seen to do these one after another');
    expect(splatLines(ABBA).join(' ')).not.toContain('one after another');
  });
});

describe('a cycle of n', () => {
  test.each([3, 4, 5, 8])('%i tasks: every link, the ring, every task with both locks, no line too wide', (n) => {
    const lines = splatLines(ring(n));
    let from = 0;
    for (let i = n - 1; i >= 0; i--) from = at(lines, `-> #${i} (lock${(i + 1) % n}) write: task${i}/${1000 + i}`, from);
    const closed = at(lines, 'Order that is closed to a ring:', from);
    expect(lines[closed + 1]).toBe(`  ${Array.from({ length: n + 1 }, (_, i) => `lock${i % n}`).join(' --> ')}`);
    const schedule = lines.slice(at(lines, 'Schedule that deadlocks:'), at(lines, '*** DEADLOCK ***')).join('\n');
    for (let i = 0; i < n; i++) {
      expect(schedule).toContain(`task${i}/${1000 + i}`);
      expect(schedule.split(`lock(lock${i})`)).toHaveLength(3);
    }
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  test('three tasks stand in three columns of one header line', () => {
    const lines = splatLines(ring(3));
    const header = lines[at(lines, 'Schedule that deadlocks:') + 2] ?? '';
    expect(header.trim().split(/\s{2,}/)).toEqual(['task0/1000', 'task1/1001', 'task2/1002']);
  });
});

test.each([
  ['read', 'rlock(b)'],
  ['recursive read', 'rlock(b)'],
  ['try write', 'trylock(b)'],
  ['try read', 'tryrlock(b)'],
  ['write (wait)', 'wait(b)'],
])('mode %s is written as %s', (toMode, text) => {
  expect(splatLines(cycleFinding([edge('a', 'b', { toMode }), edge('b', 'a')])).join('\n')).toContain(text);
});

test('a lock taken twice has one task, its own banner, the hint about nesting, and no chain', () => {
  const lines = splatLines(cycleFinding([edge('kvm->lock', 'kvm->lock', { task: 'admin', pid: 1003 })]));
  const text = lines.join('\n');
  expect(lines[1]).toBe('possible recursive locking detected');
  expect(text).toContain('nesting annotation');
  expect(text).not.toContain('-> #0');
  expect(at(lines, 'Schedule that deadlocks:')).toBeLessThan(at(lines, '1 lock held by admin/1003:'));
});

test('an unknown place is named as such', () => {
  const text = splatLines(cycleFinding([edge('a', 'b', { fromPlace: [], toPlace: [] }), edge('b', 'a')])).join('\n');
  expect(text).toContain('(b) write, at an unknown place');
  expect(text).not.toContain('undefined');
});

test('a finding without a cycle is a mistake of the caller', () => {
  expect(() => splatLines(cycleFinding([]))).toThrow('expected a finding with a cycle, got made-up:');
});
