/**
 * Goal: the own verdict is exact, and the strict one differs from it only where lockdep has its holes. Method: thousands of random programs
 * against the definition, computed independently; a seed names each program.
 */
import { expect, test } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { firstReport } from './closure.ts';
import { own, strict } from './notation.ts';
import { randomProgram, type Shape } from './random-program.ts';

const ALL = ['lock', 'rlock', 'rlockRecursive', 'trylock', 'tryrlock', 'tryrlockRecursive'];
const READERS = ['lock', 'rlockRecursive', 'rlockRecursive', 'rlock'];

const SHAPES: readonly Shape[] = [
  { tasks: 3, classes: 4, instances: 2, ops: 24, takes: ALL, untidy: true, bugs: 0 },
  { tasks: 2, classes: 5, instances: 1, ops: 20, takes: READERS, untidy: true, bugs: 0 },
  { tasks: 2, classes: 4, instances: 1, ops: 20, takes: READERS, untidy: false, bugs: 0 },
  { tasks: 3, classes: 3, instances: 2, ops: 16, takes: ALL, untidy: true, bugs: 12 },
];

test.each(SHAPES.map((shape, i) => [i, shape] as const))('shape %i: 1,000 programs get the verdict of the definition', (i, shape) => {
  const tally = { report: 0, ok: 0, error: 0 };
  for (let seed = 0; seed < 1000; seed++) {
    const raw = randomProgram(new Prng(seed * 7 + i), shape);
    const expected = firstReport(raw);
    const { verdict, atOp } = own(raw);
    tally[verdict]++;
    expect({ seed, verdict, atOp }).toEqual({ seed, verdict: expected === null ? 'ok' : 'report', atOp: expected ?? undefined });
  }
  // A comparison in which only one verdict occurs shows nothing.
  expect(tally.error).toBe(0);
  expect(Math.min(tally.report, tally.ok)).toBeGreaterThan(50);
});

test('writers and rwsem readers: strict and own verdict and operation agree in 2,000 programs', () => {
  const shape: Shape = {
    tasks: 3,
    classes: 5,
    instances: 1,
    ops: 24,
    takes: ['lock', 'rlock', 'trylock', 'tryrlock'],
    untidy: false,
    bugs: 0,
  };
  let reports = 0;
  for (let seed = 0; seed < 2000; seed++) {
    const raw = randomProgram(new Prng(seed), shape);
    const kernel = strict(raw);
    const product = own(raw);
    expect({ seed, verdict: kernel.verdict, atOp: kernel.atOp }).toEqual({ seed, verdict: product.verdict, atOp: product.atOp });
    if (kernel.verdict === 'report') reports++;
  }
  expect(reports).toBeGreaterThan(200);
  expect(reports).toBeLessThan(1900);
});

test('recursive readers: the own verdict reports whatever lockdep does, no later, and more', () => {
  const shape: Shape = { tasks: 2, classes: 5, instances: 1, ops: 30, takes: READERS, untidy: true, bugs: 0 };
  let missed = 0;
  let late = 0;
  for (let seed = 0; seed < 3000; seed++) {
    const raw = randomProgram(new Prng(seed), shape);
    const kernel = strict(raw);
    const product = own(raw);
    if (kernel.verdict === 'report') {
      expect({ seed, verdict: product.verdict }).toEqual({ seed, verdict: 'report' });
      expect(product.atOp, `seed ${seed}`).toBeLessThanOrEqual(kernel.atOp!);
      if (product.atOp! < kernel.atOp!) late++;
    } else if (product.verdict === 'report') missed++;
  }
  expect(missed).toBeGreaterThan(20);
  expect(late).toBeGreaterThan(20);
});
