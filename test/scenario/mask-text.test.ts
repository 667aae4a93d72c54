/**
 * The text syntax of apmask and aqmask (src/base/mask-text.ts).
 */
import { describe, expect, it } from 'vitest';
import { ApMask } from '../../src/base/ap-mask.ts';
import { EINVAL } from '../../src/base/errno.ts';
import { parseMaskText } from '../../src/base/mask-text.ts';

const bitsOf = (text: string, current: ApMask): number[] | number => {
  const mask = parseMaskText(text, current);
  return typeof mask === 'number' ? mask : [...mask.bits()];
};
const upTo = (last: number): number[] => Array.from({ length: last + 1 }, (_, i) => i);

describe('absolute masks', () => {
  it.each([
    ['0xff', upTo(7)],
    ['ff\n', upTo(7)],
    ['xF', upTo(3)],
    ['0x06', [5, 6]],
    ['06', [5, 6]],
    ['0', []],
    ['', []],
    ['\n', []],
    ['0x', []],
    ['x\n', []],
    [`0x${'0'.repeat(63)}1\n`, [255]],
  ])('%j', (text, bits) => {
    expect(bitsOf(text, ApMask.of(9))).toEqual(bits);
  });

  it.each([`0x${'0'.repeat(65)}`, '0XFF', ' ff', 'ff ', 'ff\n\n', '0xx1', 'fg', ',+1', '\n+1'])('%j is refused', (text) => {
    expect(bitsOf(text, ApMask.FULL)).toBe(EINVAL);
  });
});

describe('relative masks', () => {
  it('starts from the current mask, the last operation on a bit wins', () => {
    expect(bitsOf('+0-3,-2', ApMask.of(9))).toEqual([0, 1, 3, 9]);
    expect(bitsOf('-5,-6', ApMask.FULL)).toEqual(Array.from({ length: 256 }, (_, i) => i).filter((bit) => bit !== 5 && bit !== 6));
  });

  it.each([
    ['+0-15,+32,-128,-0xFF', [...upTo(15), 32]],
    ['+1+2', [1, 2]],
    ['+1,,\n,+2,\n', [1, 2]],
    ['+010', [8]],
    ['+0X1f-0x21\n', [31, 32, 33]],
    ['+255', [255]],
    ['+7-7', [7]],
    ['+1-2-1', [2]],
    ['+0', [0]],
  ])('%j', (text, bits) => {
    expect(bitsOf(text, ApMask.of(128, 255).without(128).without(255))).toEqual(bits);
  });

  it.each([
    '+',
    '-',
    '+7-5',
    '+256',
    '+1-256',
    '+1 ,+2',
    '+ 1',
    '+08',
    '+0x',
    '+1,2',
    '+1-',
    '+1-,+2',
    '++1',
    '+1x',
    '+99999999999999999999',
    '+a',
  ])('%j is refused', (text) => {
    expect(bitsOf(text, ApMask.FULL)).toBe(EINVAL);
  });
});
