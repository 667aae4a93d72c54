/**
 * The port between the vfio_ap driver and a locking design.
 *
 * The driver owns *what* is done: the steps below and the bodies it passes in. The design owns *under what, in which order, and whether
 * at all*. The driver never names a lock and never asks which design is active; a design never changes anything but by calling steps.
 */
import type { ApMask } from '../../base/ap-mask.ts';
import type { Apqn } from '../../base/apqn.ts';
import type { Errno } from '../../base/errno.ts';
import type { ApStatus } from '../../crypto-adapters/ap-status.ts';
import type { Kvm } from '../../kvm/kvm.ts';
import type { InterceptedAqic, PqapInterception } from '../../kvm/pqap-port.ts';
import type { LockLayer } from '../../locks/lock-layer.ts';
import type { Lock } from '../../locks/lock.ts';
import type { MaybePromise } from '../../runtime/runtime.ts';
import type { Task } from '../../runtime/task.ts';
import type { ApMatrixMdev } from '../ap-matrix-mdev.ts';
import type { MatrixDev } from '../matrix-dev.ts';
import type { VfioApQueue } from '../vfio-ap-queue.ts';

/** Bracket around the interrupt state of one queue; designs whose outer locks cover every queue just call the body. */
export type OnQueue = (task: Task, queue: VfioApQueue, body: () => Promise<void>) => Promise<void>;
export const sameLock: OnQueue = (_task, _queue, body) => body();

/** An AQIC without its queue, which has been looked up. */
export type AqicRequest = Omit<InterceptedAqic, 'apqn'>;

/**
 * Driver primitives that attach, detach and interception put in an order. A step never takes a lock of the design and touches declared
 * state only: which lock it needs is said by the guards that the design has set.
 */
export interface Steps {
  /** Another mdev that serves this KVM already. */
  otherUser(task: Task, mdev: ApMatrixMdev, kvm: Kvm): ApMatrixMdev | null;
  /** Takes the KVM reference and sets mdev.kvm. */
  bind(task: Task, mdev: ApMatrixMdev, kvm: Kvm): void;
  /** mdev.kvm = null, drops the reference. */
  unbind(task: Task, mdev: ApMatrixMdev, kvm: Kvm): void;
  /** Writes the shadow to the guest's CRYCB and signals the change. Needs kvm->lock. Waits for vCPUs to leave SIE. */
  setMasks(task: Task, mdev: ApMatrixMdev, kvm: Kvm): Promise<void>;
  /** Needs kvm->lock. Waits likewise. */
  clearMasks(task: Task, kvm: Kvm): Promise<void>;
  /** Resets every linked queue and waits; releases interrupt resources, for which mdev.kvm must still be set. */
  resetQueues(task: Task, mdev: ApMatrixMdev, onQueue: OnQueue): Promise<Errno>;
  /** The queue that this APQN designates through the mdev; null when no guest is attached or the queue is not linked. */
  lookup(task: Task, mdev: ApMatrixMdev, apqn: Apqn): VfioApQueue | null;
  /** The AQIC work on one queue: pin, register, instruction, release of what was there before. */
  aqic(task: Task, queue: VfioApQueue, request: AqicRequest): Promise<ApStatus>;
  /** The mdev to which the APQN is assigned, whether its queue is linked or not. */
  mdevOf(task: Task, apqn: Apqn): ApMatrixMdev | null;
}

/** What a change is about: decides which locks can be chosen, and which refusals apply. */
export type Target =
  | { readonly kind: 'assign' | 'unassign' | 'control-domain' | 'request' | 'remove'; readonly mdev: ApMatrixMdev }
  /** Of queues and eventfds only: no masks change. */
  | { readonly kind: 'reset' | 'set-irqs' | 'dma-unmap'; readonly mdev: ApMatrixMdev }
  | { readonly kind: 'probe'; readonly apqn: Apqn }
  | { readonly kind: 'unbind'; readonly queue: VfioApQueue };

/** Given to the body of a change; its calls may lock, in designs that nest that way. */
export interface Section {
  /** The mdev concerned; null when a probed or unbound queue belongs to none. */
  readonly mdev: ApMatrixMdev | null;
  /** Pushes the shadow to the guest, if one is attached (hot plug). */
  push(task: Task): Promise<void>;
  /** Takes every AP resource away from the guest, if one is attached; shadow and attachment stay. */
  withdraw(task: Task): Promise<void>;
  readonly onQueue: OnQueue;
  /** Does the host reserve an APQN of apm x aqm for its default drivers? */
  reserved(task: Task, apm: ApMask, aqm: ApMask): MaybePromise<boolean>;
}

export type Body = (section: Section) => Promise<Errno> | Errno;

export interface LockingDesign extends PqapInterception {
  readonly name: string;
  /** Declared order, outermost first, as chains of class names; a test compares it with what the validator learnt. */
  readonly order: readonly (readonly string[])[];
  /** The lock at whose exclusive release the invariants must hold; null: after each change. */
  readonly stateLock: Lock | null;
  /** False: assignment is refused while a guest is attached. */
  readonly hotPlug: boolean;

  /** Guards of the shared fields and the design's own per-object state. Called once each, before the object is reachable. */
  adoptHost(matrixDev: MatrixDev): void;
  adoptKvm(kvm: Kvm): void;
  adoptMdev(mdev: ApMatrixMdev): void;
  adoptQueue(queue: VfioApQueue): void;

  attach(task: Task, mdev: ApMatrixMdev, kvm: Kvm): Promise<Errno>;
  detach(task: Task, mdev: ApMatrixMdev): Promise<void>;
  /** One mdev or queue changes. The design may refuse without calling the body. */
  change(task: Task, target: Target, body: Body): Promise<Errno>;
  /** The host configuration changed: `each` runs for every mdev with a stable list, `before` and `after` once around. */
  changeEach(task: Task, bodies: EachBodies): Promise<void>;
  /** Asked by the AP bus, which holds its attribute mutex. A negative answer is the design's refusal. */
  inUse(task: Task, body: () => boolean): Promise<boolean | Errno>;
  /** A consistent look at mdevs and queues (show, status). */
  inspect<T>(task: Task, body: () => T): Promise<T>;
  /** The list of mdevs grows. */
  editList(task: Task, body: () => void): Promise<void>;
}

export interface EachBodies {
  before?(): Promise<void>;
  each(section: Section): Promise<void>;
  after?(): void;
}

export interface DesignContext {
  readonly layer: LockLayer;
  readonly matrixDev: MatrixDev;
  readonly steps: Steps;
}

export type DesignFactory = (context: DesignContext) => LockingDesign;
