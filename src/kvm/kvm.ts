/**
 * A virtual machine: kvm->lock, crypto state (CRYCB, PQAP hook), GISA, vCPUs and the references that keep it alive
 * (virt/kvm/kvm_main.c, arch/s390/kvm/kvm-s390.c: struct kvm, struct kvm_s390_crypto).
 */
import type { EventLog } from '../base/event-log.ts';
import type { KernelProfile } from '../base/kernel-profile.ts';
import type { CryptoAdapters } from '../crypto-adapters/crypto-adapters.ts';
import type { GuardedField } from '../locks/guarded-field.ts';
import type { Lifetime } from '../locks/lifetime.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { LockMap } from '../locks/lock-map.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { RwSemaphore } from '../locks/rw-semaphore.ts';
import type { WaitQueue } from '../locks/wait-queue.ts';
import { Access } from '../runtime/access.ts';
import { CRYCB_FORMAT2, EMPTY_APCB, type Apcb, type CrycbFormat } from './crycb.ts';
import { Gisa } from './gisa.ts';
import { GuestMemory } from './guest-memory.ts';
import { KVM_LOCK, PQAP_HOOK_RWSEM, SIE_BLOCKED, VCPUS_IN_SIE, VCPU_IDLE } from './lock-classes.ts';
import type { PqapHook } from './pqap-hook.ts';
import { Vcpu } from './vcpu.ts';

/** Facilities offered to the guest by the CPU model; `apie`: AP instructions are interpreted (cpu model word "ap"). */
export interface GuestFacilities {
  readonly apie: boolean;
  /** STFLE 12: QCI. */
  readonly qci: boolean;
  /** STFLE 15: the T bit of TAPQ. */
  readonly apft: boolean;
  /** STFLE 65: AQIC. */
  readonly aqic: boolean;
}

export interface KvmOptions {
  readonly name: string;
  readonly vcpus: number;
  readonly facilities: GuestFacilities;
  /** Adapter interruption virtualization; without it AQIC goes to user space. Default true. */
  readonly gisa?: boolean;
  readonly crycbFormat?: CrycbFormat;
  /** Bytes, default 64 MiB. */
  readonly memory?: number;
}

/** What a VM needs of the host. */
export interface KvmHost {
  readonly layer: LockLayer;
  readonly hardware: CryptoAdapters;
  readonly events: EventLog;
  /** Whose behaviour is emulated. Default: current. */
  readonly kernel?: KernelProfile;
}

export class Kvm {
  readonly name: string;
  readonly host: KvmHost;
  /** Ends with the last reference. */
  readonly lifetime: Lifetime;
  readonly facilities: GuestFacilities;
  readonly crycbFormat: CrycbFormat;
  /** Configuration of the VM; see lock-classes.ts for its place in the order. */
  readonly lock: Mutex;
  readonly pqapHookRwsem: RwSemaphore;
  /** Guard set by the locking design. */
  readonly pqapHook: GuardedField<PqapHook | null>;
  /** The masks the machine applies. Guarded by kvm->lock in every design. */
  readonly apcb: GuardedField<Apcb>;
  readonly gisa: Gisa;
  readonly memory: GuestMemory;
  readonly vcpus: readonly Vcpu[];
  /** Holders: vCPUs inside SIE; waited for by the mask setter. */
  readonly inSie: LockMap;
  readonly sieExit: WaitQueue;
  /** Holder: the mask setter; waited for by vCPUs about to enter SIE. */
  readonly blockMap: LockMap;
  readonly unblocked: WaitQueue;
  /** Idle vCPUs sleep here. */
  readonly idle: WaitQueue;
  /** PROG_BLOCK_SIE is set on every vCPU. Changed under kvm->lock, read by vCPUs between waits. */
  sieBlocked = false;
  /** Secure Execution mode. Guarded by kvm->lock. */
  protectedGuest = false;
  /** Told about each change of the masks while every vCPU is out of SIE: for checkers. */
  onMasks: (masks: { readonly before: Apcb; readonly after: Apcb }) => void = () => undefined;
  /** VSIE_RESTART requests broadcast so far. */
  vsieRestarts = 0;
  private references = 1;

  constructor(host: KvmHost, options: KvmOptions) {
    const { layer } = host;
    this.host = host;
    this.name = options.name;
    this.lifetime = layer.state.lifetime(this, 'kvm');
    this.lifetime.publish();
    this.facilities = options.facilities;
    this.crycbFormat = options.crycbFormat ?? CRYCB_FORMAT2;
    this.lock = layer.mutex(KVM_LOCK, `${this.name} kvm->lock`);
    this.pqapHookRwsem = layer.rwSemaphore(PQAP_HOOK_RWSEM, `${this.name} pqap_hook_rwsem`);
    this.pqapHook = layer.field<PqapHook | null>(this, 'pqap_hook', null);
    this.apcb = layer.field<Apcb>(this, 'crycb', EMPTY_APCB);
    this.apcb.guardedBy([this.lock]);
    this.inSie = layer.map(VCPUS_IN_SIE, `${this.name} vcpus in SIE`);
    this.sieExit = layer.waitQueue(this.inSie);
    this.blockMap = layer.map(SIE_BLOCKED, `${this.name} SIE blocked`);
    this.unblocked = layer.waitQueue(this.blockMap);
    this.idle = layer.waitQueue(layer.map(VCPU_IDLE, `${this.name} vcpu idle`));
    const gisa = { name: `${this.name} GISA` };
    this.gisa = new Gisa(
      options.gisa ?? true,
      () => this.idle.wakeAllJointly(null),
      (access) => layer.rt.touch(gisa, access),
    );
    this.memory = new GuestMemory(options.memory ?? 64 * 1024 * 1024, {
      name: this.name,
      touch: (object, access) => layer.rt.touch(object, access),
    });
    this.vcpus = Array.from({ length: options.vcpus }, (_, id) => new Vcpu(this, id, layer));
  }

  /** References held on the VM, that of user space (the VM file descriptor) included. */
  get referenceCount(): number {
    return this.references;
  }

  get freed(): boolean {
    return this.references === 0;
  }

  /** kvm_get_kvm; a use after free is a broken invariant. */
  get(): void {
    // References come in any order; when one is given back, it may be the last.
    this.host.layer.rt.touch(this, Access.JOINT);
    if (this.references === 0) throw new Error(`use after free: ${this.name} is referenced after its last reference was dropped`);
    this.references++;
  }

  put(): void {
    this.host.layer.rt.touch(this, Access.WRITE);
    if (this.references === 0) throw new Error(`use after free: ${this.name} is released more often than it was referenced`);
    this.references--;
    if (this.references === 0) this.lifetime.free(null);
  }
}
