/**
 * Whose the PQAP hook of a VM is (arch/s390/include/asm/kvm_host.h: kvm_s390_crypto.pqap_hook), when several mdevs are opened and closed for
 * one VM at the same time. An open publishes its mdev before it knows whether the VM is free, so there may be several for a while: the last
 * one that came has the hook, and whoever is refused or closed leaves it to those that are still there.
 *
 * All but `adopt` @holds pqap_hook_rwsem of the VM as a writer, or whatever guards the hook in the design.
 */
import type { Kvm } from '../../kvm/kvm.ts';
import type { GuardedField } from '../../locks/guarded-field.ts';
import type { LockLayer } from '../../locks/lock-layer.ts';
import type { Task } from '../../runtime/task.ts';
import type { ApMatrixMdev } from '../ap-matrix-mdev.ts';

/** Mdevs of one VM, from when they are published until they are refused or closed, in that order. */
type Claims = GuardedField<readonly ApMatrixMdev[]>;

export class PqapHooks {
  private readonly layer: LockLayer;
  private readonly claims = new Map<Kvm, Claims>();

  constructor(layer: LockLayer) {
    this.layer = layer;
  }

  /** Once for each VM, before it is reachable. Answers a field that needs the guard of the hook. */
  adopt(kvm: Kvm): Claims {
    const claims = this.layer.field<readonly ApMatrixMdev[]>(kvm, 'pqap_hook_claims', []);
    this.claims.set(kvm, claims);
    return claims;
  }

  publish(task: Task, kvm: Kvm, mdev: ApMatrixMdev): void {
    kvm.pqapHook.set(task, mdev);
    const claims = this.claimsOf(kvm);
    claims.set(task, [...claims.get(task), mdev]);
  }

  /** The mdev was refused, or is being closed: the hook is that of another one that is there, or of none. */
  withdraw(task: Task, kvm: Kvm, mdev: ApMatrixMdev): void {
    const claims = this.claimsOf(kvm);
    const others = claims.get(task).filter((other) => other !== mdev);
    claims.set(task, others);
    kvm.pqapHook.set(task, others.at(-1) ?? null);
  }

  private claimsOf(kvm: Kvm): Claims {
    const claims = this.claims.get(kvm);
    if (claims === undefined) throw new Error(`expected ${kvm.name} to have been adopted by the design`);
    return claims;
  }
}
