/**
 * Goal: a program that means nothing gets the verdict error, with its name, the position of the operation and what was expected, and the
 * programs beside it are still judged. Method: one malformed program for each rule, and neighbours that are fine.
 */
import { describe, expect, test } from 'vitest';
import { checkPrograms } from '../../src/locks/program/check.ts';
import { program } from './notation.ts';

const OK = { task: 0, op: 'lock', lock: 'A', cls: 'A' };

function errorOf(json: unknown): unknown {
  const verdicts = [true, false].map((strict) => checkPrograms(json, { strict }));
  // The rules are those of the format, whoever judges.
  expect(verdicts[0]).toEqual(verdicts[1]);
  const [verdict] = verdicts[0]!;
  expect(verdict).toMatchObject({ verdict: 'error' });
  expect(Object.keys(verdict!).toSorted()).toEqual(['error', 'name', 'verdict']);
  return verdict!.error;
}

describe('a wrong operation is named with its position:', () => {
  test.each([
    [{ ...OK, op: 'lokc' }, /expected op: one of lock, .*, got "lokc"$/],
    [{ ...OK, op: 'toString' }, /expected op: one of .*, got "toString"$/],
    [{ ...OK, op: undefined }, /expected op: one of .*, got nothing$/],
    [{ ...OK, task: '0' }, /expected task: a whole number from 0, got "0"$/],
    [{ ...OK, task: -1 }, /expected task: a whole number from 0, got -1$/],
    [{ ...OK, task: 0.5 }, /expected task: /],
    [{ task: 0, op: 'lock', cls: 'A' }, /expected lock: a name, got nothing$/],
    [{ task: 0, op: 'lock', lock: 'B' }, /expected cls: a name, got nothing$/],
    [{ ...OK, cls: '' }, /expected cls: a name, got ""$/],
    [{ ...OK, subclass: 8 }, /expected subclass: a whole number from 0 to 7, got 8$/],
    [{ ...OK, subclass: 'x' }, /expected subclass: /],
    [{ ...OK, nestLock: 7 }, /expected nestLock: a name, got 7$/],
    [{ ...OK, nest_lock: 'G' }, /expected the key nestLock, got "nest_lock"$/],
    [{ ...OK, class: 'A' }, /expected the key cls, got "class"$/],
    [{ ...OK, cls: 'B' }, /expected A to stay of class "A", got "B"$/],
    ['lock A', /expected an operation \{task, op, lock, cls\}, got "lock A"$/],
    [null, /expected an operation .*, got null$/],
  ])('%j', (op, message) => {
    const error = errorOf({ name: 'p', ops: [OK, op] });
    expect(error).toEqual({ op: 1, message: expect.stringMatching(message) as unknown });
    expect((error as { message: string }).message).toMatch(/^program "p", op 1: /);
  });
});

describe('an operation on what nothing has set up is an error:', () => {
  test.each([
    ['W(A) u(B)', 1, /unlock: expected B to be taken by an earlier operation/],
    ['W(A) d(B)', 1, /downgrade: expected task 0 to hold B for write, got no hold$/],
    ['r(A) d(A)', 1, /downgrade: expected task 0 to hold A for write, got a read hold$/],
    ['W(A) d(A) d(A)', 2, /got a read hold$/],
    ['W(A) x() d(A)', 2, /expected task 0 to hold A for write, got no hold$/],
    ['0:W(A) 1:d(A)', 1, /expected task 1 to hold A for write, got no hold$/],
    ['W(A:X) u(A:X) W(A:Y)', 2, /expected A to stay of class "X", got "Y"$/],
  ])('%s', (text, op, message) => {
    expect(errorOf(program(text, { open: true }))).toEqual({ op, message: expect.stringMatching(message) as unknown });
  });

  test('while the end of a task, and an initialisation, set things up anew', () => {
    const texts = ['W(A:X) u(A:X) i(A:Y) W(A:Y)', 'W(A) u(A) x() W(A)', 'w(A) W(B)', 's(A) W(B)'];
    expect(
      checkPrograms(
        texts.map((text) => program(text)),
        { strict: false },
      ).map(({ verdict }) => verdict),
    ).toEqual(texts.map(() => 'ok'));
  });
});

describe('a wrong program is named, also where it has no name:', () => {
  test.each([
    [7, '#0', /^program "#0": expected a lock program \{name, ops\}, got 7$/],
    [{ ops: [OK] }, '#0', /expected name: a text, got nothing$/],
    [{ name: 'p' }, 'p', /^program "p": expected ops: a list of operations, got nothing$/],
    [{ name: 'p', Ops: [] }, 'p', /expected the key ops, got "Ops"$/],
  ])('%j', (json, name, message) => {
    expect(errorOf(json)).toEqual({ op: null, message: expect.stringMatching(message) as unknown });
    expect(checkPrograms([json], { strict: false })[0]!.name).toBe(name);
  });
});

test('the other programs of the list are judged, in their order', () => {
  const list = [program('W(A) W(B) | W(B) W(A)'), { name: 'broken', ops: [{}] }, program('W(A)')];
  expect(checkPrograms(list, { strict: true }).map(({ verdict }) => verdict)).toEqual(['report', 'error', 'ok']);
  expect(checkPrograms([], { strict: true })).toEqual([]);
});

test('remarks beside the known keys, and null for what is optional, are no error', () => {
  const json = { name: 'p', comment: 'x', ops: [{ ...OK, note: 'y', subclass: null, nestLock: null }] };
  expect(checkPrograms(json, { strict: true })).toEqual([{ name: 'p', verdict: 'ok' }]);
});

test('a subclass is a class of its own, by name too', () => {
  const [verdict] = checkPrograms(program('W(K:K/1) W(L) | W(L) W(M:K/1)'), { strict: true });
  expect(verdict).toMatchObject({ verdict: 'report', atOp: 5, cycle: ['L', 'K/1'] });
});

test('names that an object has anyway are names like others', () => {
  const text = 'W(constructor) W(__proto__) | W(__proto__) W(constructor)';
  for (const strict of [true, false]) expect(checkPrograms(program(text), { strict })[0]).toMatchObject({ verdict: 'report', atOp: 5 });
});
