/**
 * Goal: tables are aligned and never wider than a report; ranges, cuts and wraps lose nothing that they need not lose.
 */
import { describe, expect, test } from 'vitest';
import { cutMiddle, hexRanges, millis, wrapWords } from '../../src/report/layout.ts';
import { tableLines } from '../../src/report/table.ts';

describe('tableLines', () => {
  test('aligns left and right', () => {
    expect(
      tableLines(
        [{ title: 'lock' }, { title: 'n', align: 'right' }],
        [
          ['a', '1'],
          ['longer', '200'],
        ],
      ),
    ).toEqual(['  lock      n', '  a         1', '  longer  200']);
  });

  test('cuts the elastic column in the middle, only as far as needed', () => {
    const path = `/sys/devices/vfio_ap/${'x'.repeat(150)}/unassign_adapter`;
    const lines = tableLines([{ title: 'event', elastic: true }, { title: 'result' }], [[path, 'EBUSY']]);
    expect(lines[1]).toHaveLength(119);
    expect(lines[1]).toMatch(/^ {2}\/sys\/devices.*\.\.x+\/unassign_adapter {2}EBUSY$/);
  });

  test('refuses a row with the wrong number of cells', () => {
    expect(() => tableLines([{ title: 'a' }], [['1', '2']])).toThrow('expected 1 cells in each row, got 2');
  });
});

test.each([
  [[], ''],
  [[4], '04'],
  [[0, 1, 2, 4, 255, 7, 6], '00-02,04,06-07,ff'],
  [[3, 3], '03'],
])('hexRanges(%j) is %s', (ids, text) => expect(hexRanges(ids)).toBe(text));

test.each([
  ['abcdef', 6, 'abcdef'],
  ['abcdefghij', 7, 'ab..hij'],
  ['abcdef', 3, 'abc'],
])('cutMiddle(%s, %i) is %s', (text, width, cut) => expect(cutMiddle(text, width)).toBe(cut));

test('wrapWords fills lines and keeps the separator where it wraps', () => {
  expect(wrapWords(['aa', 'bb', 'cc'], 7, ', ')).toEqual(['aa, bb,', 'cc']);
});

test.each([
  [0.1234, '0.12'],
  [12.34, '12.3'],
  [1234.5, '1235'],
  [Number.NaN, '-'],
])('millis(%d) is %s', (ms, text) => expect(millis(ms)).toBe(text));
