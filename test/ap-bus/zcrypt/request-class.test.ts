/**
 * Classes of requests to coprocessors by function.
 */
import { expect, test } from 'vitest';
import { ccaClass, ep11Class } from '../../../src/ap-bus/zcrypt/request-class.ts';

test('every two-letter function of CCA has the class of the table', () => {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
  const by: Record<number, string[]> = {};
  for (const a of letters) for (const b of letters) (by[ccaClass(a + b)] ??= []).push(a + b);
  expect(by[10]?.join(' ')).toBe('AB AI AM CA CD CT CX DK EX FC FQ LG LK LQ OH PO PS PX SC SD SE SP');
  expect(by[500]).toHaveLength(43);
  expect(by[500]).toEqual(expect.arrayContaining(['AK', 'PD', 'PK', 'KX', 'SV', 'VG']));
  expect(by[100]).toHaveLength(26 * 26 - 22 - 43);
  expect(by[100]).toEqual(expect.arrayContaining(['RL', 'US', 'AU']));
});

test('functions of EP11, up to the highest number', () => {
  const of = (wanted: number): number[] => Array.from({ length: 64 }, (_, id) => id).filter((id) => ep11Class(id) === wanted);
  expect(of(10)).toEqual([1, 2, 36, 37, 38, 39, 40]);
  expect(of(500)).toEqual([17, 18, 19, 20, 21, 22, 26, 30, 31, 32, 33, 34, 35]);
  expect(of(100)).toHaveLength(64 - 7 - 13);
});
