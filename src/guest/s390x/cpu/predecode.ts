/**
 * Instruction bytes to an `Instruction` that the loop can run, by the table of isa/opcodes.ts. No kernel counterpart.
 */
import { decode } from '../isa/decode.ts';
import { Instruction, type Operation } from './instruction.ts';

/** The operations of a machine, by mnemonic. */
export type OperationOf = (mnemonic: string) => Operation;

/** Name under which bytes are counted that no row of the table knows. */
const UNKNOWN = 'unknown';

/** Length of the instruction that begins with this byte. */
export function lengthOf(first: number): 2 | 4 | 6 {
  return first < 0x40 ? 2 : first < 0xc0 ? 4 : 6;
}

/** Six bytes (those behind the instruction do not matter) of the instruction at a logical address. */
export function predecode(bytes: Uint8Array, address: number, operationOf: OperationOf): Instruction {
  const length = lengthOf(bytes[0]!);
  const decoded = decode(bytes);
  const insn = new Instruction(operationOf(decoded === null ? nameOf(bytes) : decoded.row.mnemonic), address, length);
  insn.word0 = (bytes[0]! << 24) | (bytes[1]! << 16) | (length > 2 ? (bytes[2]! << 8) | bytes[3]! : 0);
  insn.word1 = length > 4 ? (bytes[4]! << 24) | (bytes[5]! << 16) : 0;
  if (decoded === null) return insn;
  for (const [name, value] of Object.entries(decoded.fields)) insn[name as 'r1'] = value | 0;
  for (const operand of decoded.row.operands) {
    if (operand.kind === 'relative') insn.target = address + 2 * (decoded.fields[operand.name as 'i2'] ?? 0);
  }
  return insn;
}

/** What no row knows is counted by its first halfword, which holds the opcode or most of it. */
function nameOf(bytes: Uint8Array): string {
  return `${UNKNOWN} ${((bytes[0]! << 8) | bytes[1]!).toString(16).padStart(4, '0')}`;
}
