/**
 * Ports that KVM owns for the driver behind PQAP interception: what the hook points to, and how a locking design protects the call.
 */
import type { Task } from '../runtime/task.ts';
import type { AqicOperand } from '../crypto-adapters/ap-instructions.ts';
import type { ApStatus } from '../crypto-adapters/ap-status.ts';
import type { Errno } from '../base/errno.ts';
import type { Vcpu } from './vcpu.ts';

/** What `kvm->arch.crypto.pqap_hook` designates: the slot inside a mediated device. */
export interface PqapHook {
  readonly name: string;
}

/** GR0 and GR1/GR2 of an intercepted PQAP(AQIC), decoded. */
export interface InterceptedAqic {
  readonly apqn: number;
  readonly operand: AqicOperand;
}

/**
 * What the interception ends with: a status for GR1; an errno (-EOPNOTSUPP: user space decides); or work that a design does only after
 * KVM_RUN has been left, when vcpu->mutex is no longer held.
 */
export type PqapAnswer = { readonly status: ApStatus } | { readonly errno: Errno } | { readonly outside: (task: Task) => Promise<ApStatus> };

/** Begins at the hook read. Implemented by the locking design. */
export interface PqapInterception {
  intercept(task: Task, vcpu: Vcpu, request: InterceptedAqic): Promise<PqapAnswer>;
}
