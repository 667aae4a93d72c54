/**
 * Instruction bytes as operand fields, by the table; the other direction for the assembler. No kernel counterpart.
 */
import type { FieldKey, FieldPlace, Format } from './formats.ts';
import { findInstruction } from './opcodes.ts';
import type { InstructionRow, Operand } from './rows.ts';

/**
 * Operand fields by name: `r1` to `r3` registers of any file, `m1` to `m4` masks, `i1` to `i5` immediates (signed or not as the row says;
 * halfwords for relative ones), `x2 b1 d1 b2 d2 b3 d3 b4 d4` of storage operands (d of 20 bits is signed), `l1 l2` lengths less one.
 */
export type FieldName =
  | 'r1'
  | 'r2'
  | 'r3'
  | 'm1'
  | 'm3'
  | 'm4'
  | 'i1'
  | 'i2'
  | 'i3'
  | 'i4'
  | 'i5'
  | 'x2'
  | 'b1'
  | 'd1'
  | 'b2'
  | 'd2'
  | 'b3'
  | 'd3'
  | 'b4'
  | 'd4'
  | 'l1'
  | 'l2';

export type Fields = Readonly<Partial<Record<FieldName, number>>>;

export interface Decoded {
  readonly row: InstructionRow;
  readonly fields: Fields;
}

/** A field of a row: its name, its place, and whether it is signed. */
export interface RowField {
  readonly name: FieldName;
  readonly place: FieldPlace;
  readonly signed: boolean;
}

const LONG_DISPLACEMENT = 20;
const cache = new WeakMap<InstructionRow, readonly RowField[]>();

export function fieldsOf(row: InstructionRow): readonly RowField[] {
  const known = cache.get(row);
  if (known !== undefined) return known;
  const fields = row.operands.flatMap((operand) => operandFields(row.format, operand));
  cache.set(row, fields);
  return fields;
}

function operandFields(format: Format, operand: Operand): RowField[] {
  const field = (key: FieldKey, name: string, signed = false): RowField => {
    const place = format.fields.get(key);
    if (place === undefined) throw new Error(`format ${format.name} has no field ${key}`);
    return { name: name as FieldName, place, signed: signed || place.width === LONG_DISPLACEMENT };
  };
  if (operand.kind !== 'storage') return [field(operand.key, operand.name, operand.kind === 'signed' || operand.kind === 'relative')];
  const parts = [operand.displacement, operand.index, operand.length, operand.base].filter((key) => key !== null);
  const fields = parts.map((key) => field(key, key));
  return operand.lengthRegister === null ? fields : [...fields, field(operand.lengthRegister, `r${operand.lengthRegister}`)];
}

/** Null when no instruction of the table begins at `at`. */
export function decode(bytes: Uint8Array, at = 0): Decoded | null {
  const row = findInstruction(bytes, at);
  if (row === null) return null;
  const fields: Partial<Record<FieldName, number>> = {};
  for (const { name, place, signed } of fieldsOf(row)) fields[name] = readField(bytes, at, place, signed);
  return { row, fields };
}

function readField(bytes: Uint8Array, at: number, { bit, width }: FieldPlace, signed: boolean): number {
  if (width === LONG_DISPLACEMENT) {
    const low = readBits(bytes, at, bit, 12);
    return ((readBits(bytes, at, bit + 12, 8) << 24) >> 12) | low;
  }
  const value = readBits(bytes, at, bit, width);
  return signed && value >= 2 ** (width - 1) ? value - 2 ** width : value;
}

/** No more than 32 bits that begin in any nibble. */
function readBits(bytes: Uint8Array, at: number, bit: number, width: number): number {
  let value = 0;
  for (let nibble = bit >> 2; nibble < (bit + width) >> 2; nibble++) {
    const byte = bytes[at + (nibble >> 1)]!;
    value = value * 0x10 + (nibble % 2 === 0 ? byte >> 4 : byte & 0xf);
  }
  return value;
}

/** The bytes of an instruction; fields that are not given, and bits that belong to none, are zero. The values fit their fields. */
export function encode(row: InstructionRow, fields: Fields): Uint8Array {
  const bytes = new Uint8Array(row.format.length);
  writeOpcode(bytes, row);
  for (const { name, place } of fieldsOf(row)) writeField(bytes, place, fields[name] ?? 0);
  return bytes;
}

function writeOpcode(bytes: Uint8Array, { opcode, format }: InstructionRow): void {
  switch (format.opcode) {
    case 'byte':
      bytes[0] = opcode;
      break;
    case 'halfword':
      bytes[0] = opcode >> 8;
      bytes[1] = opcode & 0xff;
      break;
    case 'nibble':
      bytes[0] = opcode >> 4;
      bytes[1] = opcode & 0xf;
      break;
    case 'ends':
      bytes[0] = opcode >> 8;
      bytes[5] = opcode & 0xff;
      break;
  }
}

function writeField(bytes: Uint8Array, { bit, width }: FieldPlace, value: number): void {
  if (width === LONG_DISPLACEMENT) {
    writeBits(bytes, bit, 12, value & 0xfff);
    writeBits(bytes, bit + 12, 8, (value >> 12) & 0xff);
  } else {
    writeBits(bytes, bit, width, value < 0 ? value + 2 ** width : value);
  }
}

function writeBits(bytes: Uint8Array, bit: number, width: number, value: number): void {
  let rest = value;
  for (let nibble = ((bit + width) >> 2) - 1; nibble >= bit >> 2; nibble--) {
    const digit = rest % 0x10;
    rest = Math.floor(rest / 0x10);
    bytes[nibble >> 1]! |= nibble % 2 === 0 ? digit << 4 : digit;
  }
}
