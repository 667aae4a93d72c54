/**
 * Structures of fixed layout as tables of their fields: big-endian numbers, short texts and byte strings at fixed offsets.
 */
import { writeText } from './text.ts';

/** Offset and size in bytes of a number. */
type NumberField = readonly [at: number, size: 1 | 2 | 4];

export type NumberTable<Name extends string> = Readonly<Record<Name, NumberField>>;

/** One number of a structure that starts at `start`; the caller has checked that it is there. */
export function readNumber(field: NumberField, bytes: Uint8Array, start = 0): number {
  const at = start + field[0];
  const end = at + field[1];
  let value = 0;
  for (let i = at; i < end; i++) value = value * 0x100 + bytes[i]!;
  return value;
}

/** All numbers of a structure that starts at `start`; the caller has checked that it is all there. Not for every message: it takes its time. */
export function readNumbers<Name extends string>(table: NumberTable<Name>, bytes: Uint8Array, start = 0): Record<Name, number> {
  const values: Partial<Record<Name, number>> = {};
  for (const name of Object.keys(table) as Name[]) values[name] = readNumber(table[name], bytes, start);
  return values as Record<Name, number>;
}

/** Writes the numbers that are given; RangeError for one that does not fit its field. */
export function writeNumbers<Name extends string>(
  table: NumberTable<Name>,
  values: Partial<Readonly<Record<Name, number>>>,
  bytes: Uint8Array,
  start = 0,
): void {
  for (const name of Object.keys(values) as Name[]) {
    const value = values[name];
    if (value === undefined) continue;
    const [at, size] = table[name];
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * size))
      throw new RangeError(`expected ${name} as a number of ${size} bytes, got ${value}`);
    let rest = value;
    for (let i = start + at + size - 1; i >= start + at; i--) {
      bytes[i] = rest & 0xff;
      rest = Math.floor(rest / 0x100);
    }
  }
}

/** Texts of the messages are Latin-1, a character a byte. RangeError when it has another length. */
export function writePair(bytes: Uint8Array, at: number, text: string): void {
  if (text.length !== 2) throw new RangeError(`expected two characters, got ${JSON.stringify(text)}`);
  writeText(bytes, at, text);
}
