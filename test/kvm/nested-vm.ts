/**
 * A virtual machine that is a hypervisor, and the control blocks of its nested guest in its storage, for tests of vSIE.
 */
import type { ApInstructions } from '../../src/crypto-adapters/ap-instructions.ts';
import { CRYCB_FORMAT2, crycbBytes, type Apcb, type CrycbFormat } from '../../src/kvm/crycb.ts';
import { setMasksLocked } from '../../src/kvm/crypto-masks.ts';
import type { Kvm } from '../../src/kvm/kvm.ts';
import { ECA_APIE, storeStateDescription } from '../../src/kvm/state-description.ts';
import type { NestedProgram } from '../../src/kvm/vsie.ts';
import type { Task } from '../../src/runtime/task.ts';
import { masks } from './vm.ts';

export const ORIGIN = 0x30000;
export const CRYCB = 0x40000;
/** First address of the nested guest's program. */
export const START = 0x2000;

export interface NestedState {
  readonly format?: CrycbFormat;
  readonly masks?: Apcb;
  readonly crycb?: number;
  readonly apie?: boolean;
}

/** Adapters 5 and 6, domain 4, in format 2 and interpreted, unless the test says otherwise. */
export function storeNested(kvm: Kvm, { format = CRYCB_FORMAT2, masks: allowed = masks([5, 6], [4]), ...state }: NestedState = {}): void {
  const { crycb = CRYCB, apie = true } = state;
  kvm.memory.write(crycb, crycbBytes(format, allowed));
  const designation = { eca: apie ? ECA_APIE : 0, ecb3: 0, ecd: 0, crycbd: crycb | format };
  if (!storeStateDescription(kvm.memory, ORIGIN, { ...designation, pswAddress: START }))
    throw new Error('no storage for a state description');
}

/** As the driver of the host does it. */
export async function setMasks(task: Task, kvm: Kvm, own: Apcb): Promise<void> {
  using _lock = await kvm.lock.acquire(task);
  await setMasksLocked(task, kvm, own);
}

type Instruction = (task: Task, cpu: ApInstructions) => unknown;

/** Instructions one after another from `START` on; behind the last one the nested guest waits. */
export function program(...instructions: readonly Instruction[]): NestedProgram & { readonly executed: number[] } {
  const executed: number[] = [];
  return {
    executed,
    async execute(task, address, cpu) {
      const instruction = instructions[(address - START) / 4];
      if (instruction === undefined) return false;
      executed.push(address);
      await instruction(task, cpu);
      return true;
    },
  };
}
