/**
 * Goal: numbers are read as the kernel reads them. Method: tables, among them what group C of the vfio_ap cases says of ids.
 */
import { describe, expect, test } from 'vitest';
import { EINVAL, ERANGE } from '../../src/base/errno.ts';
import { parseBool, parseUnsigned, scanInteger } from '../../src/base/kernel-text.ts';

describe('parseUnsigned (kstrtoull, base 0)', () => {
  test.each([
    // C1: the ways to write 5.
    ['5', 5],
    ['0x5', 5],
    ['005', 5],
    ['+5', 5],
    ['5\n', 5],
    // C3: a leading zero is octal.
    ['010', 8],
    ['0', 0],
    ['00', 0],
    ['0XfF', 255],
    ['255', 255],
    // The longest that are read without 64-bit arithmetic, and one digit more.
    ['9999999999999', 9_999_999_999_999],
    ['99999999999999', 99_999_999_999_999],
    ['0xfffffffffff', 0xff_ff_ff_ff_ff_f],
    ['0777777777777', 0o77_77_77_77_77_77],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['18446744073709551615', Number.MAX_SAFE_INTEGER],
  ])('%j is %i', (text, value) => {
    expect(parseUnsigned(text)).toBe(value);
  });

  test.each(['', '\n', ' 5', '5 ', '5\n\n', '-5', '++5', '+', '0x', '0xg', '08', '5a', 'five', '5.0', '05.0004', '1_0', '0b1', '0o7'])(
    '%j is refused',
    (text) => {
      expect(parseUnsigned(text)).toBe(EINVAL);
    },
  );

  // C5. The overflow is noticed before what follows the number is.
  test.each(['99999999999999999999', '18446744073709551616', '0x10000000000000000', '99999999999999999999x'])(
    '%j is out of range',
    (text) => {
      expect(parseUnsigned(text)).toBe(ERANGE);
    },
  );
});

describe('scanInteger (sscanf)', () => {
  test.each([
    ['5', 5, 5],
    ['  12abc', 12, 12],
    ['-3', -3, -3],
    ['010', 10, 8],
    ['0x1f', 0, 31],
    ['0x', 0, 0],
    ['089', 89, 0],
    ['-0x10', 0, -16],
  ])('%j: %%d gives %i, %%i gives %i', (text, decimal, anyBase) => {
    expect(scanInteger(text) === decimal).toBe(true);
    expect(scanInteger(text, true) === anyBase).toBe(true);
  });

  test.each(['', 'x5', '+5', '- 5', '\n'])('%j holds no number', (text) => {
    expect(scanInteger(text)).toBeUndefined();
    expect(scanInteger(text, true)).toBeUndefined();
  });
});

describe('parseBool (kstrtobool)', () => {
  test.each(['1', 'y', 'Yes', 'true', 'on\n', 'ON', '1x'])('%j is true', (text) => expect(parseBool(text)).toBe(true));
  test.each(['0', 'n', 'No', 'false', 'off', 'oF'])('%j is false', (text) => expect(parseBool(text)).toBe(false));
  test.each(['', 'o', '2', ' 1', 'ox'])('%j is neither', (text) => expect(parseBool(text)).toBeUndefined());
});
