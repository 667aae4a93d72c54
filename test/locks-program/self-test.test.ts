/**
 * Goal: strict verdicts are those of the kernel's own lock self-tests (lib/locking-selftest.c), with the operation of the report. Method:
 * the cases written from their description, each for every kind of lock; the product's own verdict has to agree wherever no hole is.
 */
import { describe, expect, test } from 'vitest';
import { own, program, short, strict, type RawProgram } from './notation.ts';

/** The same program for another kind of lock. */
function asKind(raw: RawProgram, kind: string): RawProgram {
  return { ...raw, ops: raw.ops.map((op) => (op.op === 'lock' ? { ...op, op: kind } : op)) };
}

const KINDS = [
  ['mutex and rwsem write', 'lock'],
  ['rwsem read', 'rlock'],
  ['recursive read', 'rlockRecursive'],
] as const;

const ORDER = [
  ['AA', 'W(X1:X) W(X2:X)', 'report 1 recursive', 'ok'],
  ['ABBA', 'W(A) W(B) | W(B) W(A)', 'report 5 circular', 'ok'],
  ['ABBCCA', 'W(A) W(B) | W(B) W(C) | W(C) W(A)', 'report 9 circular', 'ok'],
  ['ABCABC', 'W(A) W(B) | W(C) W(A) | W(B) W(C)', 'report 9 circular', 'ok'],
  ['ABBCCDDA', 'W(A) W(B) | W(B) W(C) | W(C) W(D) | W(D) W(A)', 'report 13 circular', 'ok'],
  ['ABCDBDDA', 'W(A) W(B) | W(C) W(D) | W(B) W(D) | W(D) W(A)', 'report 13 circular', 'ok'],
  ['ABCDBCDA', 'W(A) W(B) | W(C) W(D) | W(B) W(C) | W(D) W(A)', 'report 13 circular', 'ok'],
  ['double unlock', 'W(A) u(A) u(A)', 'report 2 bad-unlock', 'report 2 bad-unlock'],
  ['init held', 'W(A) i(A)', 'report 1 init-held', 'report 1 init-held'],
  ['bad unlock order', 'W(A) W(B) u(A) u(B)', 'ok', 'ok'],
] as const;

describe('order cases', () => {
  for (const [name, text, writer, recursive] of ORDER) {
    test.each(KINDS)(`${name}, %s`, (_, kind) => {
      const raw = asKind(program(text), kind);
      const expected = kind === 'rlockRecursive' ? recursive : writer;
      expect([short(strict(raw)), short(own(raw))]).toEqual([expected, expected]);
    });
  }
});

describe('read/write cases', () => {
  test.each([
    ['read-read, same instance, rwsem', 'r(X) r(X)', 'report 1 recursive'],
    ['read-read, same instance, recursive', 'R(X) R(X)', 'ok'],
    ['read-read, same class, rwsem', 'r(X1:X) r(X2:X)', 'report 1 recursive'],
    ['read-read, same class, recursive', 'R(X1:X) R(X2:X)', 'ok'],
    ['rwsem read under recursive read, same class', 'R(X1:X) r(X2:X)', 'report 1 recursive'],
    ['recursive read under rwsem read, same class', 'r(X1:X) R(X2:X)', 'ok'],
    ['read-write, rwsem', 'r(X1:X) W(X2:X)', 'report 1 recursive'],
    ['read-write, recursive', 'R(X1:X) W(X2:X)', 'report 1 recursive'],
    ['write-read, rwsem', 'W(X1:X) r(X2:X)', 'report 1 recursive'],
    ['write-read, recursive', 'W(X1:X) R(X2:X)', 'report 1 recursive'],
    ['rX Y / Y WX, rwsem', 'r(X) W(Y) | W(Y) W(X)', 'report 5 circular'],
    ['RX Y / Y WX, recursive', 'R(X) W(Y) | W(Y) W(X)', 'report 5 circular'],
    ['rX Y / Y rX, rwsem', 'r(X) W(Y) | W(Y) r(X)', 'report 5 circular'],
    ['RX Y / Y RX, recursive', 'R(X) W(Y) | W(Y) R(X)', 'ok'],
    ['WX Y / Y WX', 'W(X) W(Y) | W(Y) W(X)', 'report 5 circular'],
    ['chain cached: RX Y / Y RX / Y WX', 'R(X) W(Y) | W(Y) R(X) | W(Y) W(X)', 'report 9 circular'],
  ])('%s', (_, text, expected) => {
    expect([short(strict(text)), short(own(text))]).toEqual([expected, expected]);
  });
});

describe('three locks with recursive readers, in every order of the sections', () => {
  const ORDERS = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ];
  const CASES = [
    ['W1R2/W2R3/W3R1', ['W(1) R(2)', 'W(2) R(3)', 'W(3) R(1)'], 'report 9 circular'],
    ['W1W2/R2R3/W3R1', ['W(1) W(2)', 'R(2) R(3)', 'W(3) R(1)'], 'report 9 circular'],
    ['W1W2/R2R3/R3W1', ['W(1) W(2)', 'R(2) R(3)', 'R(3) W(1)'], 'ok'],
    ['W1R2/R2R3/W3W1', ['W(1) R(2)', 'R(2) R(3)', 'W(3) W(1)'], 'ok'],
  ] as const;
  for (const [name, sections, expected] of CASES) {
    test.each(ORDERS)(`${name}, order %i %i %i`, (...order) => {
      const text = order.map((i) => sections[i]).join(' | ');
      expect([short(strict(text)), short(own(text))]).toEqual([expected, expected]);
    });
  }
});
