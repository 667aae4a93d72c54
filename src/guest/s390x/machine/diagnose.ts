/**
 * DIAGNOSE as a guest of KVM has it (arch/s390/kvm/diag.c): yield, and yield to a CPU. Everything else is a specification exception.
 */
import { address2 } from '../cpu/access.ts';
import type { Cpu } from '../cpu/cpu.ts';
import type { Instruction } from '../cpu/instruction.ts';
import { specification } from '../cpu/program-exception.ts';
import { privileged } from './control/privileged.ts';

const TIME_SLICE_END = 0x44;
const TIME_SLICE_END_DIRECTED = 0x9c;

/** The others have their turn when it is done. */
export function executeDiagnose(cpu: Cpu, insn: Instruction): void {
  privileged(cpu, insn);
  const code = address2(cpu, insn) % 0x1_0000;
  if (code !== TIME_SLICE_END && code !== TIME_SLICE_END_DIRECTED) throw specification(`DIAGNOSE ${code.toString(16)}`);
}
