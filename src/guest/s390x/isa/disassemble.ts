/**
 * Instructions as text, in the syntax of GNU as (what objdump prints): `lg %r1,8(%r2,%r3)`, branches with the condition in their name. The
 * assembler of this repository makes the same bytes of it. No kernel counterpart.
 */
import { decode, type FieldName, type Fields } from './decode.ts';
import { branchName } from './extended.ts';
import { instructionLength } from './formats.ts';
import type { Operand } from './rows.ts';

export interface Disassembled {
  readonly text: string;
  /** In bytes. */
  readonly length: number;
}

/** What lies at `bytes[at]`, seen from `address` (targets of relative branches are addresses). What is no instruction becomes data. */
export function disassemble(bytes: Uint8Array, at: number, address: number | bigint): Disassembled {
  const decoded = decode(bytes, at);
  if (decoded === null) return data(bytes, at);
  const { row, fields } = decoded;
  const mask = row.operands[0]?.kind === 'mask' ? fields.m1 : undefined;
  const branch = mask === undefined ? undefined : branchName(row, mask);
  const operands = shown(branch === undefined ? row.operands : row.operands.slice(1), fields);
  const text = operands.map((operand) => operandText(operand, fields, BigInt(address))).join(',');
  return { text: [branch ?? row.mnemonic, text].filter((part) => part !== '').join(' '), length: row.format.length };
}

/** Optional operands at the end that are zero are left out. */
function shown(operands: readonly Operand[], fields: Fields): readonly Operand[] {
  const last = operands.at(-1);
  if (last === undefined || last.kind === 'storage' || !last.optional || fields[last.name as FieldName] !== 0) return operands;
  return shown(operands.slice(0, -1), fields);
}

function operandText(operand: Operand, fields: Fields, address: bigint): string {
  if (operand.kind === 'storage') return storageText(operand, fields);
  const value = fields[operand.name as FieldName]!;
  if (operand.kind === 'register') return `%${operand.file}${value}`;
  if (operand.kind === 'relative') return `0x${BigInt.asUintN(64, address + 2n * BigInt(value)).toString(16)}`;
  return String(value);
}

function storageText(operand: Operand & { kind: 'storage' }, fields: Fields): string {
  const field = (key: string): number => fields[key as FieldName]!;
  const base = field(operand.base);
  const displacement = field(operand.displacement);
  if (operand.length !== null) return `${displacement}(${field(operand.length) + 1},%r${base})`;
  if (operand.lengthRegister !== null) return `${displacement}(%r${field(`r${operand.lengthRegister}`)},%r${base})`;
  const index = operand.index === null ? 0 : field(operand.index);
  if (index !== 0) return `${displacement}(%r${index},%r${base})`;
  return base === 0 ? String(displacement) : `${displacement}(%r${base})`;
}

function data(bytes: Uint8Array, at: number): Disassembled {
  const first = bytes[at];
  if (first === undefined) return { text: '', length: 0 };
  const length = Math.min(instructionLength(first), bytes.length - at);
  const digits = Array.from(bytes.subarray(at, at + length), (byte) => `0x${byte.toString(16).padStart(2, '0')}`);
  return { text: `.byte ${digits.join(',')}`, length };
}
