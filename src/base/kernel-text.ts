/**
 * How the kernel reads numbers from text: kstrto* with base 0 (lib/kstrtox.c), sscanf %d and %i, kstrtobool.
 */
import { EINVAL, ERANGE, type Errno } from './errno.ts';

const BASE0 = /^\+?(?:0[xX]([0-9a-fA-F]+)|0([0-7]*)|([1-9][0-9]*))(.*)$/s;
const MAX_U64 = (1n << 64n) - 1n;
/** So few digits are exact in any base, and nearly every number that is written has fewer. */
const SHORT = 13;

/**
 * kstrtoull with base 0: optional '+', 0x or leading-zero octal or decimal, one newline at most.
 * Answers the value (exact below 2^53, which is far above every limit here) or -EINVAL / -ERANGE (does not fit 64 bits).
 */
export function parseUnsigned(text: string): number | Errno {
  const match = BASE0.exec(text);
  if (match === null) return EINVAL;
  const [, hex, octal, decimal, rest] = match;
  if (text.length <= SHORT) {
    if (rest !== '' && rest !== '\n') return EINVAL;
    if (hex !== undefined) return Number.parseInt(hex, 16);
    return decimal !== undefined ? Number.parseInt(decimal, 10) : Number.parseInt(`0${octal}`, 8);
  }
  const value = hex !== undefined ? BigInt(`0x${hex}`) : decimal !== undefined ? BigInt(decimal) : BigInt(octal === '' ? 0 : `0o${octal}`);
  // The kernel gives up on the number before it looks at what follows it.
  if (value > MAX_U64) return ERANGE;
  if (rest !== '' && rest !== '\n') return EINVAL;
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
}

/**
 * The kernel's sscanf("%d") or, with `anyBase`, "%i": leading blanks skipped, junk after the number ignored, no `+` (unlike in C).
 * undefined when there is no number.
 */
export function scanInteger(text: string, anyBase = false): number | undefined {
  const match = (anyBase ? /^\s*(-?)(0[xX][0-9a-fA-F]+|[0-9]+)/ : /^\s*(-?)([0-9]+)/).exec(text);
  if (match === null) return undefined;
  const digits = match[2]!;
  const sign = match[1] === '-' ? -1 : 1;
  if (!anyBase || /^[1-9]/.test(digits)) return sign * Number.parseInt(digits, 10);
  if (/^0[xX]/.test(digits)) return sign * Number.parseInt(digits.slice(2), 16);
  const octal = /^0[0-7]*/.exec(digits)![0];
  return sign * Number.parseInt(octal, 8);
}

/** kstrtobool: only the first one or two characters count. */
export function parseBool(text: string): boolean | undefined {
  if (/^[yYtT1]/.test(text) || /^[oO][nN]/.test(text)) return true;
  if (/^[nNfF0]/.test(text) || /^[oO][fF]/.test(text)) return false;
  return undefined;
}
