/**
 * A virtual CPU (virt/kvm: struct kvm_vcpu, arch/s390/kvm: KVM_RUN, SIE entry and exit).
 * vcpu->mutex is held for a whole KVM_RUN; a run here is one AP instruction with its interception. An idle vCPU waits outside of it.
 */
import type { GuardedField } from '../locks/guarded-field.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { LockMap } from '../locks/lock-map.ts';
import type { Mutex } from '../locks/mutex.ts';
import { Access } from '../runtime/access.ts';
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { WaitQueue } from '../locks/wait-queue.ts';
import type { Gisa } from './gisa.ts';
import { VCPU_MUTEX } from './lock-classes.ts';
import { ECA_AIV, SieBlock, type CryptoSwitches } from './sie-block.ts';
import { ECA_APIE } from './state-description.ts';

/** CR6 with every I/O interruption subclass enabled. */
const ALL_ISCS = 0xff;
/** Where a guest's program begins. */
const FIRST_INSTRUCTION = 0x10000;

/** What a vCPU needs of its VM. */
export interface VcpuOwner {
  readonly name: string;
  readonly gisa: Gisa;
  readonly inSie: LockMap;
  readonly sieExit: WaitQueue;
  readonly unblocked: WaitQueue;
  readonly idle: WaitQueue;
  readonly sieBlocked: boolean;
}

/** Where a nested guest's SIE was not entered. */
export const SIE_INHIBITED = Symbol('SIE inhibited');

export class Vcpu {
  private readonly kvm: VcpuOwner;
  readonly id: number;
  readonly name: string;
  readonly mutex: Mutex;
  /** What the machine runs the vCPU by. Changed by `setUpCrypto`, and AIV under vcpu->mutex. */
  readonly sie: SieBlock;
  /** PSW: a program in problem state may execute no AP instruction. Of the vCPU's own task. */
  problemState = false;
  /** PSW: condition code, 0 to 3. Of the vCPU's own task. */
  conditionCode = 0;
  /** PROG_IN_SIE: changed by the vCPU's own task; the mask setter waits for it to clear. */
  inSie = false;
  /** Requests to leave SIE so far. */
  kicks = 0;
  /** The guest's program set CR6; bit 0x80 >> isc. */
  enabledIscs = ALL_ISCS;
  /** PSW: I/O interruptions are allowed. Of the vCPU's own task. */
  ioEnabled = true;
  /** Request VSIE_RESTART: what a nested guest was about to run with is old. Set by the mask setter, cleared before SIE is entered. */
  readonly vsieRestart: GuardedField<boolean>;
  /** Address of the next instruction of the guest, as far as SIE moves it. Changed by the vCPU's own task. */
  pswAddress = FIRST_INSTRUCTION;
  private readonly layer: LockLayer;
  private kicked = false;
  private ultravisorKnows = false;

  constructor(kvm: VcpuOwner, id: number, layer: LockLayer) {
    this.kvm = kvm;
    this.id = id;
    this.name = `${kvm.name} vcpu${id}`;
    this.mutex = layer.mutex(VCPU_MUTEX, `${this.name}->mutex`);
    this.sie = new SieBlock(`${this.name} SIE block`);
    this.layer = layer;
    this.aiv = kvm.gisa.enabled;
    this.vsieRestart = layer.field(this, 'vsie_restart', false);
    this.vsieRestart.guardedBy('unguarded');
  }

  /** ECA.AIV: adapter interruptions are virtualized. Changed under vcpu->mutex; the machine looks at it also while the vCPU waits. */
  get aiv(): boolean {
    this.layer.rt.touch(this.sie, Access.READ);
    return (this.sie.eca & ECA_AIV) !== 0;
  }

  set aiv(on: boolean) {
    this.layer.rt.touch(this.sie, Access.WRITE);
    this.sie.eca = on ? this.sie.eca | ECA_AIV : this.sie.eca & ~ECA_AIV;
  }

  /** The ultravisor knows this vCPU (kvm_s390_pv_cpu_is_protected). Changed under vcpu->mutex, or before anybody can run the vCPU. */
  get isProtected(): boolean {
    this.layer.rt.touch(this.sie, Access.READ);
    return this.ultravisorKnows;
  }

  set isProtected(on: boolean) {
    this.layer.rt.touch(this.sie, Access.WRITE);
    this.ultravisorKnows = on;
  }

  /** ECA.APIE: AP instructions are interpreted. Changed while the vCPU is out of SIE; its task looks also there. */
  get apie(): boolean {
    this.layer.rt.touch(this.sie, Access.READ);
    return (this.sie.eca & ECA_APIE) !== 0;
  }

  /** Only while no vCPU of the VM is in SIE, or before anybody knows the VM. */
  setUpCrypto(switches: CryptoSwitches): void {
    this.layer.rt.touch(this.sie, Access.WRITE);
    this.sie.setUpCrypto(switches);
  }

  /** Runs `body` inside SIE: the mask setter waits for its end. Must not wait for a lock of the host. @holds vcpu->mutex */
  async inSieLocked<T>(task: Task, body: () => MaybePromise<T>): Promise<T> {
    const { kvm } = this;
    // Another setter may have blocked SIE again between the wake-up and here: look again, and enter without a suspension in between.
    do await kvm.unblocked.wait(task, () => !kvm.sieBlocked);
    while (kvm.sieBlocked);
    if (this.vsieRestart.get(task)) this.vsieRestart.set(task, false);
    return await this.inside(task, body);
  }

  /**
   * Runs `body` inside SIE for a nested guest. Nothing is waited for: where SIE is blocked or a request is pending, it is not entered
   * (vsie.c: do_vsie_run). @holds vcpu->mutex
   */
  async inNestedSieLocked<T>(task: Task, body: () => MaybePromise<T>): Promise<T | typeof SIE_INHIBITED> {
    await this.vsieRestart.read(task);
    // Looked at without a suspension before SIE is entered.
    if (this.sieInhibited(task)) return SIE_INHIBITED;
    return await this.inside(task, body);
  }

  /** PROG_BLOCK_SIE or PROG_REQUEST is set. */
  sieInhibited(task: Task): boolean {
    return this.vsieRestart.get(task) || this.sieBlocked();
  }

  /** A mask setter wants the vCPU out of SIE. */
  sieBlocked(): boolean {
    this.layer.rt.touch(this.kvm.unblocked.map, Access.READ);
    return this.kvm.sieBlocked;
  }

  /** An adapter interruption is pending that the guest can take. */
  interruptionPending(): boolean {
    return this.kvm.gisa.pendingFor(this.openIscs);
  }

  /** Interruption subclasses that the machine gives this vCPU from the GISA now; bit 0x80 >> isc. */
  get openIscs(): number {
    return this.aiv && this.ioEnabled ? this.enabledIscs : 0;
  }

  private async inside<T>(task: Task, body: () => MaybePromise<T>): Promise<T> {
    const { kvm } = this;
    this.inSie = true;
    const inside = kvm.inSie.hold(task);
    try {
      return await body();
    } finally {
      this.inSie = false;
      inside.release();
      kvm.sieExit.wakeAllJointly(task);
    }
  }

  /** Takes one pending adapter interruption whose ISC is enabled. */
  takeInterruption(): number | null {
    return this.kvm.gisa.take(this.openIscs);
  }

  /** Enabled wait state, until an interruption, a kick or `until`; false when `timeoutMs` passed first. */
  async idle(task: Task, until: () => boolean, timeoutMs?: number): Promise<boolean> {
    const { gisa } = this.kvm;
    // What is pending already keeps the vCPU from waiting; of what comes later the GISA tells one of those that wait.
    const pending = !gisa.enterIdle(this);
    const ready = (): boolean => pending || this.kicked || until();
    try {
      return await this.kvm.idle.wait(task, ready, timeoutMs === undefined ? {} : { timeoutMs });
    } finally {
      gisa.leaveIdle(this);
      this.kicked = false;
    }
  }

  /** SIGP or a machine check: ends an enabled wait. */
  kick(by: Task | null): void {
    this.kicked = true;
    this.kvm.idle.wakeAllJointly(by);
  }
}
