/**
 * Port that KVM owns for the driver behind PQAP interception: how a locking design protects the hook and what lies behind it.
 */
import type { Errno } from '../base/errno.ts';
import type { AqicOperand } from '../crypto-adapters/ap-instructions.ts';
import { bareStatus, type ApStatus } from '../crypto-adapters/ap-status.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import type { Task } from '../runtime/task.ts';
import type { Kvm } from './kvm.ts';
import type { Vcpu } from './vcpu.ts';

/** An intercepted PQAP(AQIC): who executed it, and GR0, GR1 and GR2 decoded. */
export interface InterceptedAqic {
  readonly kvm: Kvm;
  readonly vcpu: Vcpu;
  readonly apqn: number;
  readonly operand: AqicOperand;
}

/**
 * What the interception ends with: a status for GR1; an errno (-EOPNOTSUPP: user space decides); or work that a design does only after
 * KVM_RUN has been left, when vcpu->mutex is no longer held.
 */
export type PqapAnswer =
  { readonly status: ApStatus } | { readonly errno: Errno } | { readonly outside: (task: Task) => Promise<ApStatus> };

/** There is no hook, so KVM itself answers; to be told by identity from a hook that answers response code 01. */
export const NO_HOOK = { status: bareStatus(Rc.Q_NOT_AVAIL) } as const satisfies PqapAnswer;

/** Begins at the hook read. Implemented by the locking design. */
export interface PqapInterception {
  intercept(task: Task, request: InterceptedAqic): Promise<PqapAnswer>;
}
