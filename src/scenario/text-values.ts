/**
 * Values of a scenario file as they are written: plain data, and numbers with a unit. No kernel counterpart.
 */
import { durationMs } from './values.ts';
import type { When } from './scenario.ts';

export type FieldValue = string | number | boolean | readonly FieldValue[] | { readonly [field: string]: FieldValue };

/** More decimals than this no number has that a file can mean. */
const DECIMALS = 100;

export function whenText(at: When): FieldValue {
  switch (at.kind) {
    case 'now':
      return 'now';
    case 'share':
      return decimal(at.share * 100, '%', (text) => Number(text.slice(0, -1)) / 100 === at.share);
    case 'operations':
      return { op: at.count };
    case 'time':
      return timeText(at.ms);
  }
}

export const timeText = (ms: number): string => decimal(ms, 'ms', (text) => durationMs(text) === ms);

export const numberText = (value: number): string => decimal(value, '', (text) => Number(text) === value);

/** The shortest decimal fraction that is read as it was meant; a power of ten would not be read at all. */
function decimal(value: number, unit: string, isMeant: (text: string) => boolean): string {
  for (let digits = 0; digits <= DECIMALS; digits++) {
    const text = `${value.toFixed(digits)}${unit}`;
    if (isMeant(text)) return text;
  }
  throw new RangeError(`expected a number with at most ${DECIMALS} decimals, got ${value}`);
}
