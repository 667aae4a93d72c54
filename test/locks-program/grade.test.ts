/**
 * Goal: a grade says what an exhaustive scheduler finds, and never changes the verdict. Method: known programs of each grade, then random
 * small programs, each of whose sections an independent scheduler runs in two tasks through all interleavings.
 */
import { describe, expect, test } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { own, program, type RawProgram } from './notation.ts';
import { randomProgram, type Shape } from './random-program.ts';
import { deadlocks, TooMany } from './scheduler.ts';

describe('programs of each grade:', () => {
  test.each([
    ['REACHABLE', 'W(A) W(B) | W(B) W(A)'],
    ['REACHABLE', 'W(A) W(B) | W(B) W(C) | W(C) W(A)'],
    ['REACHABLE', 'W(A) W(A)'],
    ['REACHABLE', 'W(X1:X) W(X2:X) | W(X2:X) W(X1:X)'],
    ['NEEDS-WRITER', 'r(A) r(B) | r(B) r(A)'],
    ['NEEDS-WRITER', 'r(A) r(A)'],
    ['REACHABLE', 'r(A) r(B) | r(B) r(A) | W(A) | W(B)'],
    ['REACHABLE', 'r(A) r(A) | w(A)'],
    // The only writer of A is kept away by G.
    ['NEEDS-WRITER', 'W(G) r(A) r(A) | W(G) W(A)'],
    ['GUARDED', 'W(G) W(A) W(B) | W(G) W(B) W(A)'],
    ['GUARDED', 'r(G) W(A) W(B) | W(G) W(B) W(A)'],
    ['REACHABLE', 'r(G) W(A) W(B) | r(G) W(B) W(A)'],
    ['CLASS-ONLY', 'W(X1:X) W(X2:X)'],
    ['CLASS-ONLY', 'W(A1:A) W(B1:B) | W(B2:B) W(A2:A)'],
    // One section would have to run three times.
    ['SINGLE-TASK', 'W(A) W(B) u(A) W(C) u(B) W(A)'],
    ['REACHABLE', 'W(A) W(B) u(A) W(C) u(B) W(A) | W(C) W(A)'],
    ['REACHABLE', 'W(A) W(B) u(A) W(C) u(B) W(A) | W(A) W(B) u(A) W(C) u(B) W(A)'],
    ['NEEDS-WRITER', 'W(G) W(A) d(A) W(B) | W(B) r(A)'],
    // Recursive readers do not wait for readers, whatever else is wrong.
    ['CLASS-ONLY', 'R(A) R(B) | R(B) R(A) | W(X1:X) W(X2:X)'],
    // The reader of L has a reader and a writer before it; only the writer closes the ring.
    ['REACHABLE', 'W(M) r(L) | W(H) r(L) W(N) | W(H) W(N) r(L) | W(G) W(L) W(M)'],
  ])('%s: %s', (grade, text) => {
    expect(own(text)).toMatchObject({ verdict: 'report', grade });
  });

  test('guards are named', () => {
    expect(own('W(G) W(A) W(B) | W(G) W(B) W(A)').guards).toEqual(['G']);
  });

  test('bugs that happen in every schedule have no grade', () => {
    expect(own('W(A) u(A) u(A)').grade).toBeUndefined();
  });

  test.each([
    // Each has to be past a lock of the other before the other takes it, and does not wait for it.
    ['W(A) tW(L) u(L) W(B) | W(L) tW(A) u(A) W(B) W(A)'],
    ['W(X) w(L) W(A) W(B) | W(L) tW(X) u(X) W(B) W(A)'],
  ])('held sets that go together and cannot be reached together: %s', (text) => {
    const raw = program(text);
    expect(own(raw)).toMatchObject({ verdict: 'report', grade: 'GUARDED' });
    expect(deadlocks(raw, { writers: true, limit: 100_000 })).toBe(false);
  });
});

const MODES = ['lock', 'lock', 'rlock', 'rlockRecursive'];
const SHAPES: readonly Shape[] = [
  { tasks: 1, classes: 3, instances: 1, ops: 10, takes: MODES, untidy: false, bugs: 0 },
  { tasks: 2, classes: 3, instances: 1, ops: 9, takes: ['lock', 'rlock', 'trylock'], untidy: true, bugs: 0 },
  { tasks: 1, classes: 3, instances: 2, ops: 10, takes: ['lock', 'lock', 'rlock'], untidy: false, bugs: 0 },
  { tasks: 1, classes: 4, instances: 1, ops: 12, takes: ['lock', 'rlock', 'rlock'], untidy: true, bugs: 0 },
];
const LIMIT = 60_000;

/** What the scheduler says, or null where the program is too large for it. */
function expectedGrade(raw: RawProgram): string | null {
  try {
    if (deadlocks(raw, { writers: false, limit: LIMIT })) return 'REACHABLE';
    return deadlocks(raw, { writers: true, limit: LIMIT }) ? 'NEEDS-WRITER' : 'none';
  } catch (error) {
    if (error instanceof TooMany) return null;
    throw error;
  }
}

test.each(SHAPES.map((shape, i) => [i, shape] as const))('random programs of shape %i are graded as the scheduler finds', (i, shape) => {
  const tally: Record<string, number> = {};
  let compared = 0;
  for (let seed = 0; compared < 65 && seed < 4000; seed++) {
    const raw = randomProgram(new Prng(seed * 11 + i), shape);
    const { verdict, grade } = own(raw);
    const expected = verdict === 'report' ? expectedGrade(raw) : null;
    if (expected === null) continue;
    compared++;
    tally[expected] = (tally[expected] ?? 0) + 1;
    const found = grade === 'REACHABLE' || grade === 'NEEDS-WRITER' ? grade : 'none';
    expect({ seed, found, ops: found === expected ? '' : raw.ops }).toEqual({ seed, found: expected, ops: '' });
  }
  expect(compared).toBe(65);
  expect(Object.keys(tally).length, JSON.stringify(tally)).toBeGreaterThanOrEqual(2);
});

test('what gets the verdict ok never deadlocks', () => {
  let compared = 0;
  for (let seed = 0; compared < 60; seed++) {
    const raw = randomProgram(new Prng(seed), SHAPES[seed % SHAPES.length]!);
    if (own(raw).verdict !== 'ok') continue;
    compared++;
    expect({ seed, expected: expectedGrade(raw) ?? 'none' }).toEqual({ seed, expected: 'none' });
  }
});
