/**
 * Reference reading of what is written to the stores: numbers (vfio-ap 5.1), masks (ap-bus 3.1), ap_config (vfio-ap 5.8), UUIDs (4.1).
 * Each goes through its text character by character, as the specification describes it.
 */
import { Err } from './errnos.ts';
import type { Ids, Masks } from './ids.ts';

/** A store gets bytes with a zero behind them, and reads them as text: what follows a zero of the writer's is not seen. */
export const cText = (text: string): string => text.split('\0')[0]!;

const DIGITS = '0123456789abcdef';
const digitOf = (char: string | undefined, base: number): number => {
  const value = char === undefined || char === '' ? -1 : DIGITS.indexOf(char.toLowerCase());
  return value < base ? value : -1;
};

interface Digits {
  readonly value: bigint;
  readonly next: number;
}

/** The digits from `at` on in base 16, 8 or 10 by their prefix; null when there is none. */
function readDigits(text: string, at: number): Digits | null {
  let base = 10;
  let next = at;
  if (text[at] === '0' && text[at + 1]?.toLowerCase() === 'x' && digitOf(text[at + 2], 16) >= 0) [base, next] = [16, at + 2];
  else if (text[at] === '0') base = 8;
  const start = next;
  let value = 0n;
  for (; digitOf(text[next], base) >= 0; next++) value = value * BigInt(base) + BigInt(digitOf(text[next], base));
  return next === start ? null : { value, next };
}

/** The number, or -EINVAL, or -ERANGE when it does not fit 64 bits. */
export function readNumber(written: string): number {
  const text = cText(written);
  const digits = readDigits(text, text.startsWith('+') ? 1 : 0);
  if (digits === null) return Err.EINVAL;
  if (digits.value >= 1n << 64n) return Err.ERANGE;
  const rest = text.slice(digits.next);
  return rest === '' || rest === '\n' ? Number(digits.value) : Err.EINVAL;
}

/** Hex digits from the left, four ids each; null when something else is left over. */
function readHex(field: string, lastNewline: boolean): Ids | null {
  let at = 0;
  if (field.startsWith('0x')) at = 2;
  else if (field.startsWith('x')) at = 1;
  const ids: Ids = new Set();
  for (let digit = 0; digit < 64; digit++, at++) {
    const value = digitOf(field[at], 16);
    if (value < 0) break;
    for (let bit = 0; bit < 4; bit++) if ((value & (8 >> bit)) !== 0) ids.add(digit * 4 + bit);
  }
  if (lastNewline && field[at] === '\n') at++;
  return at >= field.length ? ids : null;
}

/** Terms of sign, number and perhaps the end of a range; the last one for an id wins. null: malformed. */
function readRelative(text: string, from: Ids): Ids | null {
  const ids = new Set(from);
  for (let at = 0; at < text.length;) {
    const sign = text[at];
    if (sign !== '+' && sign !== '-') return null;
    const first = readDigits(text, at + 1);
    if (first === null) return null;
    let last: Digits | null = first;
    if (text[first.next] === '-') last = readDigits(text, first.next + 1);
    if (last === null || first.value > 255n || last.value > 255n || first.value > last.value) return null;
    for (let id = Number(first.value); id <= Number(last.value); id++) {
      if (sign === '+') ids.add(id);
      else ids.delete(id);
    }
    for (at = last.next; text[at] === ',' || text[at] === '\n';) at++;
  }
  return ids;
}

/** What apmask or aqmask would be; null: -EINVAL. */
export function readMask(written: string, current: Ids): Ids | null {
  const text = cText(written);
  return text.startsWith('+') || text.startsWith('-') ? readRelative(text, current) : readHex(text, true);
}

const AP_CONFIG_MAX = 201;

/** null: -EINVAL. */
export function readApConfig(written: string): Masks | null {
  const fields = cText(written).slice(0, AP_CONFIG_MAX).split(/[,\n]/);
  const [apm, aqm, adm] = fields.slice(0, 3).map((field) => readHex(field, false));
  return apm && aqm && adm ? { apm, aqm, adm } : null;
}

/** Lower case; null: -EINVAL. A 37th character is not looked at. */
export function readUuid(text: string): string | null {
  if (text.length !== 36 && text.length !== 37) return null;
  for (let at = 0; at < 36; at++) {
    const dash = at === 8 || at === 13 || at === 18 || at === 23;
    if (dash ? text[at] !== '-' : digitOf(text[at], 16) < 0) return null;
  }
  return text.slice(0, 36).toLowerCase();
}
