/**
 * EXECUTE and EXECUTE RELATIVE LONG: run one instruction from elsewhere, whose second byte is ORed with a register's last one (Principles of
 * Operation, chapter 7).
 */
import { ProgramInterruption } from '../../../base/program-interruption.ts';
import { addressX, fetchable, relativeAddress } from './access.ts';
import type { Cpu } from './cpu.ts';
import type { Execute, Instruction } from './instruction.ts';
import { EXECUTE_EXCEPTION, specification } from './program-exception.ts';
import { lengthOf, predecode, type OperationOf } from './predecode.ts';

const EXECUTES: ReadonlySet<string> = new Set(['ex', 'exrl']);
const bytes = new Uint8Array(6);

/** The target as it is in storage now, with its second byte changed; what was executed last is kept as long as it is the same. */
function target(cpu: Cpu, insn: Instruction, address: number, operationOf: OperationOf): Instruction {
  if ((address & 1) !== 0) throw specification('the target of an execute-type instruction is at an odd address');
  const length = lengthOf(cpu.storage.bytes[fetchable(cpu, address)]!);
  bytes.fill(0);
  for (let n = 0; n < length; n++) bytes[n] = cpu.storage.bytes[fetchable(cpu, address + n)]!;
  if (insn.r1 !== 0) bytes[1] = bytes[1]! | cpu.lo[insn.r1]!;
  const last = insn.executed;
  const word0 = (bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!;
  const word1 = (bytes[4]! << 24) | (bytes[5]! << 16);
  if (last !== null && last.address === address && last.word0 === word0 && last.word1 === word1) return last;
  const made = predecode(bytes, address, operationOf);
  made.next = insn.next;
  made.length = insn.length;
  insn.executed = made;
  return made;
}

function run(cpu: Cpu, insn: Instruction, address: number, operationOf: OperationOf): void {
  const made = target(cpu, insn, address, operationOf);
  if (EXECUTES.has(made.mnemonic)) throw new ProgramInterruption(EXECUTE_EXCEPTION, 'the target of an execute-type instruction is one');
  made.execute(cpu, made);
}

/** The two functions for a machine with these operations. */
export function executeInstructions(operationOf: OperationOf): Readonly<Record<'ex' | 'exrl', Execute>> {
  return {
    ex: (cpu, insn) => run(cpu, insn, addressX(cpu, insn), operationOf),
    exrl: (cpu, insn) => run(cpu, insn, relativeAddress(cpu, insn), operationOf),
  };
}
