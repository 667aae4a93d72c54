/**
 * The table of instructions of z900 to zEC12 and a little beyond (z/Architecture Principles of Operation, appendix B), AP instructions
 * included (arch/s390/include/asm/ap.h). What this table has and the interpreter has not is counted by its name.
 */
import { CONTROL } from './opcodes-control.ts';
import { FLOATING_POINT } from './opcodes-floating-point.ts';
import { GENERAL_LONG } from './opcodes-general-long.ts';
import { GENERAL_SHORT } from './opcodes-general-short.ts';
import { SPECIAL } from './opcodes-special.ts';
import type { InstructionRow } from './rows.ts';

/** Every instruction, each mnemonic and each opcode once. */
export const INSTRUCTIONS: readonly InstructionRow[] = [...GENERAL_SHORT, ...GENERAL_LONG, ...CONTROL, ...SPECIAL, ...FLOATING_POINT];

const byMnemonic: ReadonlyMap<string, InstructionRow> = new Map(INSTRUCTIONS.map((row) => [row.mnemonic, row]));

export function instructionNamed(mnemonic: string): InstructionRow | undefined {
  return byMnemonic.get(mnemonic);
}

/** Rows that share a first byte, and where the rest of their opcode is. */
interface Page {
  readonly rows: ReadonlyMap<number, InstructionRow>;
  readonly place: InstructionRow['format']['opcode'];
}

const pages: readonly (Page | undefined)[] = Array.from({ length: 0x100 }, (_, first) => pageOf(first));

function pageOf(first: number): Page | undefined {
  const rows = INSTRUCTIONS.filter((row) => firstByte(row) === first);
  const place = rows[0]?.format.opcode;
  if (place === undefined) return undefined;
  return { place, rows: new Map(rows.map((row) => [row.opcode, row])) };
}

function firstByte({ opcode, format }: InstructionRow): number {
  return format.opcode === 'byte' ? opcode : format.opcode === 'nibble' ? opcode >> 4 : opcode >> 8;
}

/** The row of the instruction that begins at `at`, null when there is none or when it does not end inside `bytes`. */
export function findInstruction(bytes: Uint8Array, at = 0): InstructionRow | null {
  const first = bytes[at];
  const page = first === undefined ? undefined : pages[first];
  if (first === undefined || page === undefined) return null;
  const opcode = opcodeOf(page.place, bytes, at);
  const row = page.rows.get(opcode);
  return row === undefined || at + row.format.length > bytes.length ? null : row;
}

function opcodeOf(place: Page['place'], bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  switch (place) {
    case 'byte':
      return first;
    case 'halfword':
      return (first << 8) | (bytes[at + 1] ?? -1);
    case 'nibble':
      return (first << 4) | ((bytes[at + 1] ?? -1) & 0xf);
    case 'ends':
      return (first << 8) | (bytes[at + 5] ?? -1);
  }
}
