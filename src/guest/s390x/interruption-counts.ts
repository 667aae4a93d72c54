/**
 * The interruptions that a machine in machine code has taken, by name. No kernel counterpart: the counters that KVM keeps of what it
 * delivers (struct kvm_vcpu_stat), as far as there are any here.
 */
import type { GuestMachine } from './machine/guest-machine.ts';

/** By code; others are told by their numbers. */
const PROGRAM: ReadonlyMap<number, string> = new Map([
  [1, 'operation'],
  [2, 'privileged operation'],
  [3, 'execute'],
  [4, 'protection'],
  [5, 'addressing'],
  [6, 'specification'],
  [7, 'data'],
  [8, 'fixed-point overflow'],
  [9, 'fixed-point divide'],
]);

/** `program 6 (specification)`, `external`, `I/O`, `machine check`; those that never came are left out. */
export function interruptionCounts({ cpus, taken }: Pick<GuestMachine, 'cpus' | 'taken'>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { virtual } of cpus) {
    for (const [code, times] of virtual.cpu.programInterruptions) {
      const name = PROGRAM.get(code);
      const key = name === undefined ? `program ${code}` : `program ${code} (${name})`;
      counts[key] = (counts[key] ?? 0) + times;
    }
  }
  const others = { external: taken.external, 'I/O': taken.io, 'machine check': taken.machineCheck };
  for (const [name, times] of Object.entries(others)) if (times > 0) counts[name] = times;
  return counts;
}
