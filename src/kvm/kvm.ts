/**
 * A virtual machine: kvm->lock, crypto state (CRYCB, PQAP hook), GISA, vCPUs and the references that keep it alive
 * (virt/kvm/kvm_main.c, arch/s390/kvm/kvm-s390.c: struct kvm, struct kvm_s390_crypto).
 */
import type { EventLog } from '../base/event-log.ts';
import type { KernelProfile } from '../base/kernel-profile.ts';
import { Prng } from '../base/prng.ts';
import type { CryptoAdapters } from '../crypto-adapters/crypto-adapters.ts';
import type { GuardedField } from '../locks/guarded-field.ts';
import type { Lifetime } from '../locks/lifetime.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { LockMap } from '../locks/lock-map.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { RwSemaphore } from '../locks/rw-semaphore.ts';
import type { WaitQueue } from '../locks/wait-queue.ts';
import { Access } from '../runtime/access.ts';
import type { Task } from '../runtime/task.ts';
import { EMPTY_APCB, crycbBytes, formatFor, type Apcb, type CrycbFormat } from './crycb.ts';
import { Gib } from './gib.ts';
import { Gisa } from './gisa.ts';
import { GuestMemory } from './guest-memory.ts';
import { KVM_LOCK, PQAP_HOOK_RWSEM, SIE_BLOCKED, VCPUS_IN_SIE, VCPU_IDLE } from './lock-classes.ts';
import type { PqapHook } from './pqap-hook.ts';
import { Vcpu } from './vcpu.ts';
import { VmCrypto } from './vm-crypto.ts';
import { VsiePages } from './vsie-pages.ts';

/** Facilities offered to the guest by the CPU model; `apie`: AP instructions are interpreted (cpu model word "ap"). */
export interface GuestFacilities {
  readonly apie: boolean;
  /** STFLE 12: QCI. */
  readonly qci: boolean;
  /** STFLE 15: the T bit of TAPQ. */
  readonly apft: boolean;
  /** STFLE 65: AQIC. */
  readonly aqic: boolean;
  /** STFLE 76: the message-security-assist extension 3, which brings key wrapping and larger control blocks. Default true. */
  readonly msa3?: boolean;
}

export interface KvmOptions {
  readonly name: string;
  readonly vcpus: number;
  readonly facilities: GuestFacilities;
  /** Adapter interruption virtualization; without it AQIC goes to user space. Default true. */
  readonly gisa?: boolean;
  /** Of the key wrapping masks and of the place of the control block. Default: the generator of seed 0. */
  readonly random?: Prng;
  /** The guest may execute SIE (KVM_S390_VM_CPU_FEAT_SIEF2): it can be a hypervisor itself. Default false. */
  readonly sief2?: boolean;
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
  /** The host has AP instructions (ap_instructions_available). Default true. */
  readonly apInstructions?: boolean;
  /** Without a hook the status is stored where the kernel stores it: in the first four bytes of GR1. Default false: where drivers look. */
  readonly statusInHighHalf?: boolean;
  /** Alerts of the host's guests; one for all of them. Default: one of the VM's own. */
  readonly gib?: Gib;
  /** The ultravisor virtualizes adapter interruptions for protected guests, which keep their GISA then. Default false. */
  readonly ultravisorAiv?: boolean;
  /** A change of masks makes nested guests build theirs anew. Default true; false is a defect. */
  readonly restartsVsie?: boolean;
}

/** Response codes of an AQIC: as KVM or the driver answered it, and as the guest finds it in the low half of GR1. */
export interface AqicEnd {
  readonly answered: number;
  readonly seen: number;
}

export class Kvm {
  readonly name: string;
  readonly host: KvmHost;
  /** Ends with the last reference. */
  readonly lifetime: Lifetime;
  readonly facilities: GuestFacilities;
  /** The host has AP instructions. */
  readonly hasApInstructions: boolean;
  /** The guest has facility 76. */
  readonly hasMsa3: boolean;
  readonly crycbFormat: CrycbFormat;
  readonly crypto: VmCrypto;
  /** Configuration of the VM; see lock-classes.ts for its place in the order. */
  readonly lock: Mutex;
  readonly pqapHookRwsem: RwSemaphore;
  /** Guard set by the locking design. */
  readonly pqapHook: GuardedField<PqapHook | null>;
  /** The masks the machine applies. Guarded by kvm->lock in every design. */
  readonly apcb: GuardedField<Apcb>;
  readonly gisa: Gisa;
  readonly memory: GuestMemory;
  /** Those that can be run; grows under kvm->lock. */
  readonly vcpus: readonly Vcpu[];
  private readonly online: Vcpu[] = [];
  /** Ids given out (kvm->created_vcpus). */
  private created = 0;
  /** Null: the guest cannot have nested guests. */
  readonly vsiePages: VsiePages | null;
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
  /** Secure Execution mode: the ultravisor knows the VM. Guarded by kvm->lock. */
  protectedGuest = false;
  /** Told about each change of the masks while every vCPU is out of SIE: for checkers. */
  onMasks: (masks: { readonly before: Apcb; readonly after: Apcb }) => void = () => undefined;
  /** Told the masks of this VM under which a nested guest executes an instruction: for checkers. */
  onNestedInstruction: (own: Apcb) => void = () => undefined;
  /** Told about each AQIC that was answered: for checkers. */
  onAqic: (end: AqicEnd) => void = () => undefined;
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
    this.hasApInstructions = host.apInstructions ?? true;
    const msa3 = options.facilities.msa3 ?? true;
    this.hasMsa3 = msa3;
    const apxa = this.hasApInstructions && host.hardware.facilities.qci && host.hardware.apxa;
    this.crycbFormat = formatFor({ msa3, apxa });
    const apie = this.hasApInstructions && options.facilities.apie;
    this.crypto = new VmCrypto(options.random ?? new Prng(0), { owner: this.name, format: this.crycbFormat, msa3, apie });
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
    this.gisa = new Gisa({ name: `${this.name} GISA`, gib: host.gib ?? new Gib(), aiv: options.gisa ?? true, rt: layer.rt });
    this.memory = new GuestMemory(options.memory ?? 64 * 1024 * 1024, {
      name: this.name,
      touch: (object, access) => layer.rt.touch(object, access),
    });
    this.vsiePages = options.sief2 === true ? new VsiePages(this.name, (page, access) => layer.rt.touch(page, access)) : null;
    this.vcpus = this.online;
    while (this.created < options.vcpus) this.online.push(this.makeVcpu(this.created++));
  }

  /** The crypto control block as the machine reads it: 256 bytes. For reports and tests. */
  crycb(): Uint8Array {
    return crycbBytes(this.crycbFormat, this.apcb.inspect(), this.crypto.wrappingKeys);
  }

  /** kvm_s390_vcpu_crypto_setup of every vCPU. Only while none is in SIE. */
  setUpVcpus(): void {
    for (const vcpu of this.vcpus) this.setUpVcpu(vcpu);
  }

  /** A vCPU with what the VM has now; nobody can run it yet (kvm_arch_vcpu_create). */
  makeVcpu(id: number): Vcpu {
    const vcpu = new Vcpu(this, id, this.host.layer);
    this.setUpVcpu(vcpu);
    return vcpu;
  }

  /** @holds kvm->lock. */
  reserveVcpuId(task: Task): number {
    this.lock.assertHeld(task, 'taking a vCPU id');
    return this.created++;
  }

  /** From now on it can be run. @holds kvm->lock. */
  addVcpu(task: Task, vcpu: Vcpu): void {
    this.lock.assertHeld(task, 'adding a vCPU');
    this.online.push(vcpu);
  }

  private setUpVcpu(vcpu: Vcpu): void {
    // Of a vCPU that is plugged without kvm->lock.
    this.host.layer.rt.touch(this.crypto, Access.READ);
    const { crycbd, apie, aesKw, deaKw } = this.crypto;
    const hmac = this.host.kernel?.wrapsHmacKeys ?? true;
    vcpu.setUpCrypto({ crycbd, apie, aesKw, deaKw, msa3: this.hasMsa3, hmac });
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
