/**
 * A virtual CPU (virt/kvm: struct kvm_vcpu, arch/s390/kvm: KVM_RUN, SIE entry and exit).
 * vcpu->mutex is held for a whole KVM_RUN; a run here is one AP instruction with its interception. An idle vCPU waits outside of it.
 */
import type { LockLayer } from '../locks/lock-layer.ts';
import type { LockMap } from '../locks/lock-map.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { WaitQueue } from '../locks/wait-queue.ts';
import type { Gisa } from './gisa.ts';
import { VCPU_MUTEX } from './lock-classes.ts';

/** CR6 with every I/O interruption subclass enabled. */
const ALL_ISCS = 0xff;

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

export class Vcpu {
  private readonly kvm: VcpuOwner;
  readonly id: number;
  readonly name: string;
  readonly mutex: Mutex;
  /** PROG_IN_SIE: changed by the vCPU's own task; the mask setter waits for it to clear. */
  inSie = false;
  /** ECA.AIV: adapter interruptions are virtualized. Changed under vcpu->mutex. */
  aiv: boolean;
  /** Requests to leave SIE so far. */
  kicks = 0;
  /** The guest's program set CR6; bit 0x80 >> isc. */
  enabledIscs = ALL_ISCS;
  private kicked = false;

  constructor(kvm: VcpuOwner, id: number, layer: LockLayer) {
    this.kvm = kvm;
    this.id = id;
    this.name = `${kvm.name} vcpu${id}`;
    this.mutex = layer.mutex(VCPU_MUTEX, `${this.name}->mutex`);
    this.aiv = kvm.gisa.enabled;
  }

  /** Runs `body` inside SIE: the mask setter waits for its end. Must not wait for a lock of the host. @holds vcpu->mutex */
  async inSieLocked<T>(task: Task, body: () => MaybePromise<T>): Promise<T> {
    const { kvm } = this;
    // Another setter may have blocked SIE again between the wake-up and here: look again, and enter without a suspension in between.
    do await kvm.unblocked.wait(task, () => !kvm.sieBlocked);
    while (kvm.sieBlocked);
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
    return this.kvm.gisa.take(this.enabledIscs);
  }

  /** Enabled wait state, until an interruption, a kick or `until`; false when `timeoutMs` passed first. */
  async idle(task: Task, until: () => boolean, timeoutMs?: number): Promise<boolean> {
    const ready = (): boolean => this.kicked || this.kvm.gisa.pendingFor(this.enabledIscs) || until();
    const woken = await this.kvm.idle.wait(task, ready, timeoutMs === undefined ? {} : { timeoutMs });
    this.kicked = false;
    return woken;
  }

  /** SIGP or a machine check: ends an enabled wait. */
  kick(by: Task | null): void {
    this.kicked = true;
    this.kvm.idle.wakeAllJointly(by);
  }
}
