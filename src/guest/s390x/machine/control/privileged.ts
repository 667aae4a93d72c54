/**
 * What a privileged instruction looks at before anything else (arch/s390/kvm/priv.c begins each handler so).
 */
import { PRIVILEGED_OPERATION, ProgramInterruption } from '../../../../base/program-interruption.ts';
import type { Cpu } from '../../cpu/cpu.ts';
import type { Operands } from '../../cpu/operands.ts';

export function privileged(cpu: Cpu, insn: Operands): void {
  if (cpu.problem) throw new ProgramInterruption(PRIVILEGED_OPERATION, `${insn.mnemonic} in problem state`);
}
