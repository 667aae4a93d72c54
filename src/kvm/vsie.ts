/**
 * SIE executed by a guest that is a hypervisor itself (arch/s390/kvm/vsie.c: kvm_s390_handle_vsie, vsie_run, do_vsie_run): the host runs
 * the nested guest on the vCPU, under masks that it builds at every SIE. Whatever the host has to do on that vCPU ends the run with the PSW
 * on the SIE instruction, which is then executed again.
 */
import {
  ADDRESSING_EXCEPTION,
  OPERATION_EXCEPTION,
  PRIVILEGED_OPERATION,
  ProgramInterruption,
  SPECIFICATION_EXCEPTION,
} from '../base/program-interruption.ts';
import type { ApInstructions } from '../crypto-adapters/ap-instructions.ts';
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { Kvm } from './kvm.ts';
import { NestedAp, NestedInterception } from './nested-ap.ts';
import { IcptCode, loadStateDescription, storeExit, type Interception, type LoadedState } from './state-description.ts';
import { SIE_INHIBITED, type Vcpu } from './vcpu.ts';
import { shadowCrycb, type ShadowMasks } from './vsie-shadow.ts';

/**
 * One step of a nested guest: an instruction of four bytes was executed; it waits, with the PSW where it is; or some were executed that
 * lead to this address, up to one that is intercepted, or to an interruption of its hypervisor.
 */
export type NestedStep =
  boolean | { readonly address: number; readonly intercepted?: Pick<Interception, 'ipa' | 'ipb'>; readonly interrupted?: boolean };

export interface NestedProgram {
  /** Executes what is at this address. Must not wait for a lock of the host. */
  execute(task: Task, address: number, instructions: ApInstructions): MaybePromise<NestedStep>;
}

/**
 * What the hypervisor that executed SIE goes on with: an interception, which is in the state description, too; an interruption of its own,
 * with the PSW on SIE; or SIE again, as another vCPU uses the state description.
 */
export type SieExit =
  { readonly kind: 'interception'; readonly interception: Interception } | { readonly kind: 'interruption' } | { readonly kind: 'in-use' };

export interface SieOperand {
  readonly kvm: Kvm;
  readonly vcpu: Vcpu;
  /** Address of the state description. */
  readonly origin: number;
  readonly program: NestedProgram;
}

const SIE_BYTES = 4;
/** Every AP instruction has as many. */
const INSTRUCTION_BYTES = 4;
const ALIGNMENT = 0x200;
const NO_INTERCEPTION: Interception = { code: IcptCode.NONE, ipa: 0, ipb: 0 };
const WAIT: Interception = { code: IcptCode.WAIT, ipa: 0, ipb: 0 };

/** The host had something to do: SIE is executed again. */
const AGAIN = Symbol('again');
/** The program itself said that its hypervisor is interrupted. */
const INTERRUPTED = Symbol('interrupted');

/**
 * One SIE instruction of a guest, from vcpu->mutex to what its program sees next. Throws ProgramInterruption where the machine interrupts
 * the guest: operation (no SIEF2), privileged operation (problem state), specification (alignment), addressing (the state description is no storage of the guest).
 */
export async function executeSie(task: Task, operand: SieOperand): Promise<SieExit> {
  const { kvm, vcpu } = operand;
  const { vsiePages } = kvm;
  if (vsiePages === null) throw new ProgramInterruption(OPERATION_EXCEPTION, 'SIE is not provided to this guest');
  using _run = await vcpu.mutex.acquire(task);
  for (;;) {
    // The guest runs up to the SIE instruction, which is intercepted: the host takes over outside of SIE.
    await vcpu.inSieLocked(task, () => {
      vcpu.pswAddress += SIE_BYTES;
    });
    if (vcpu.problemState) throw new ProgramInterruption(PRIVILEGED_OPERATION, 'SIE in problem state');
    if (operand.origin % ALIGNMENT !== 0) {
      throw new ProgramInterruption(SPECIFICATION_EXCEPTION, `a state description at 0x${operand.origin.toString(16)}`);
    }
    const early = hostFirst(task, operand);
    if (early === AGAIN) continue;
    if (early !== null) return early;
    if (!vsiePages.take(operand.origin)) {
      vcpu.pswAddress -= SIE_BYTES;
      return { kind: 'in-use' };
    }
    const exit = await shadowAndRun(task, operand).finally(() => vsiePages.put(operand.origin));
    if (exit !== AGAIN) return exit;
  }
}

/** Builds the shadow and runs the nested guest under it. @holds vcpu->mutex */
async function shadowAndRun(task: Task, operand: SieOperand): Promise<SieExit | typeof AGAIN> {
  const { kvm, vcpu, origin } = operand;
  const block = loadStateDescription(kvm.memory, origin);
  if (block === null) throw new ProgramInterruption(ADDRESSING_EXCEPTION, `a state description at 0x${origin.toString(16)}`);
  const shadowing = await shadowCrycb(task, { kvm, vcpu }, block);
  if ('validity' in shadowing) {
    const { validity } = shadowing;
    noteValidity(operand, validity);
    return finish(operand, block.pswAddress, { code: IcptCode.VALIDITY, ipa: 0x1000, ipb: validity * 0x10000 });
  }
  noteShadow(operand, shadowing.ap);
  const nested = new Nested(operand, { shadow: shadowing.ap, block });
  const ended = await nested.run(task);
  if ('code' in ended) return finish(operand, nested.pswAddress, ended);
  storeExit(kvm.memory, origin, { interception: NO_INTERCEPTION, pswAddress: nested.pswAddress });
  return ended.again;
}

function finish({ kvm, vcpu, origin }: SieOperand, pswAddress: number, interception: Interception): SieExit {
  storeExit(kvm.memory, origin, { interception, pswAddress });
  kvm.host.events.emit('kvm.vsie-exit', vcpu.name, () => ({
    guest: kvm.name,
    cpu: vcpu.id,
    code: hex(interception.code, 2),
    ipa: hex(interception.ipa, 4),
    psw: vcpu.pswAddress,
  }));
  return { kind: 'interception', interception };
}

/** The nested guest between one SIE of its hypervisor and the end of that. */
class Nested {
  private readonly operand: SieOperand;
  private readonly instructions: NestedAp;
  /** Where the nested guest goes on. */
  pswAddress: number;

  constructor(operand: SieOperand, { shadow, block }: { shadow: ShadowMasks | null; block: LoadedState }) {
    this.operand = operand;
    this.instructions = new NestedAp(operand.kvm, shadow, block.mso);
    this.pswAddress = block.pswAddress;
  }

  /** Enters SIE again and again under the same shadow, until its hypervisor or the host has something to do. @holds vcpu->mutex */
  async run(task: Task): Promise<Interception | { readonly again: SieExit | typeof AGAIN }> {
    const { vcpu } = this.operand;
    for (;;) {
      const ended = await vcpu.inNestedSieLocked(task, () => this.interpret(task));
      if (ended === INTERRUPTED) {
        vcpu.pswAddress -= SIE_BYTES;
        return { again: { kind: 'interruption' } };
      }
      if (ended !== SIE_INHIBITED && ended !== null) return ended;
      // Out of SIE: the setter that asked for it may go on before the vCPU looks whether it still has to wait.
      await vcpu.vsieRestart.read(task);
      const again = hostFirst(task, this.operand);
      if (again !== null) return { again };
    }
  }

  /** Inside SIE, one instruction after another; null when it was left because of a kick. */
  private async interpret(task: Task): Promise<Interception | typeof INTERRUPTED | null> {
    const { vcpu, program } = this.operand;
    while (!vcpu.sieBlocked() && !vcpu.interruptionPending()) {
      try {
        const step = await program.execute(task, this.pswAddress, this.instructions);
        if (step === false) return WAIT;
        this.pswAddress = step === true ? this.pswAddress + INSTRUCTION_BYTES : step.address;
        if (step === true) continue;
        if (step.intercepted !== undefined) return { code: IcptCode.INSTRUCTION, ...step.intercepted };
        if (step.interrupted === true) return INTERRUPTED;
      } catch (error) {
        if (!(error instanceof NestedInterception)) throw error;
        this.pswAddress += INSTRUCTION_BYTES;
        return { code: IcptCode.INSTRUCTION, ipa: error.ipa, ipb: 0 };
      }
    }
    return null;
  }
}

/** What keeps the host from running the nested guest now, with the PSW back on SIE; null: nothing. */
function hostFirst(task: Task, { kvm, vcpu }: SieOperand): SieExit | typeof AGAIN | null {
  const interrupted = vcpu.interruptionPending();
  if (!interrupted && !vcpu.sieInhibited(task)) return null;
  vcpu.pswAddress -= SIE_BYTES;
  kvm.host.events.emit('kvm.vsie-restart', vcpu.name, () => ({
    guest: kvm.name,
    cpu: vcpu.id,
    why: interrupted ? 'interruption' : 'inhibited',
    psw: vcpu.pswAddress,
  }));
  return interrupted ? { kind: 'interruption' } : AGAIN;
}

function noteShadow({ kvm, vcpu }: SieOperand, shadow: ShadowMasks | null): void {
  kvm.host.events.emit('kvm.vsie-shadow', vcpu.name, () => ({
    guest: kvm.name,
    cpu: vcpu.id,
    interpreted: shadow !== null,
    apm: [...(shadow?.masks.apm.bits() ?? [])],
    aqm: [...(shadow?.masks.aqm.bits() ?? [])],
    adm: [...(shadow?.masks.adm.bits() ?? [])],
  }));
}

function noteValidity({ kvm, vcpu }: SieOperand, reason: number): void {
  kvm.host.events.emit('kvm.validity', vcpu.name, () => ({ guest: kvm.name, cpu: vcpu.id, reason: hex(reason, 4) }));
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
