/**
 * Structures of fixed layout as tables of their fields: big-endian numbers, short texts and byte strings at fixed offsets.
 */
import { writeText } from './text.ts';

/** Offset and size in bytes of a number. */
export type NumberField = readonly [at: number, size: 1 | 2 | 4];

export type NumberTable<Name extends string> = Readonly<Record<Name, NumberField>>;

/** The numbers of a table, read from the structure that starts at `at`; the caller has checked that it is all there. */
export function readNumbers<Name extends string>(table: NumberTable<Name>, bytes: Uint8Array, at = 0): Record<Name, number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
  const values: Partial<Record<Name, number>> = {};
  for (const name of namesOf(table)) {
    const [offset, size] = table[name];
    values[name] = size === 1 ? view.getUint8(offset) : size === 2 ? view.getUint16(offset) : view.getUint32(offset);
  }
  return values as Record<Name, number>;
}

/** Writes the numbers that are given; RangeError for one that does not fit its field. */
export function writeNumbers<Name extends string>(
  table: NumberTable<Name>,
  values: Partial<Readonly<Record<Name, number>>>,
  bytes: Uint8Array,
  at = 0,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
  for (const name of namesOf(table)) {
    const value = values[name];
    if (value === undefined) continue;
    const [offset, size] = table[name];
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * size))
      throw new RangeError(`expected ${name} as a number of ${size} bytes, got ${value}`);
    if (size === 1) view.setUint8(offset, value);
    else if (size === 2) view.setUint16(offset, value);
    else view.setUint32(offset, value);
  }
}

function namesOf<Name extends string>(table: NumberTable<Name>): Name[] {
  return Object.keys(table) as Name[];
}

/** Texts of the messages are Latin-1, a character a byte. RangeError when it has another length. */
export function writePair(bytes: Uint8Array, at: number, text: string): void {
  if (text.length !== 2) throw new RangeError(`expected two characters, got ${JSON.stringify(text)}`);
  writeText(bytes, at, text);
}
