/**
 * One pass of a task through a procedure of a design file: what its variables are, and what it holds. No kernel counterpart: the stack frame.
 */
import type { ApStatus } from '../../../crypto-adapters/ap-status.ts';
import type { Kvm } from '../../../kvm/kvm.ts';
import type { InterceptedAqic } from '../../../kvm/pqap-port.ts';
import type { Guard } from '../../../locks/guard.ts';
import type { Task } from '../../../runtime/task.ts';
import type { ApMatrixMdev } from '../../ap-matrix-mdev.ts';
import type { MatrixDev } from '../../matrix-dev.ts';
import type { VfioApQueue } from '../../vfio-ap-queue.ts';
import type { OnQueue, Steps } from '../port.ts';
import { release, type DesignLock } from './design-locks.ts';

interface Hold {
  readonly lock: DesignLock;
  readonly guard: Guard;
}

export interface FrameParts {
  readonly task: Task;
  readonly driver: Steps;
  readonly host: MatrixDev;
  readonly onQueue: OnQueue;
  /** Absent: to be found when a step needs it. */
  readonly mdev?: ApMatrixMdev | null;
  readonly kvm?: Kvm | null;
  readonly queue?: VfioApQueue | null;
  readonly request?: InterceptedAqic;
  /** How a change of a queue finds the mdev that it is about. */
  readonly findMdev?: () => ApMatrixMdev | null;
}

function present<T>(value: T | null, what: string): T {
  if (value === null) throw new Error(`expected the check of the design file to see that there is no ${what} here`);
  return value;
}

export class Frame {
  readonly task: Task;
  readonly driver: Steps;
  readonly host: MatrixDev;
  readonly onQueue: OnQueue;
  queue: VfioApQueue | null;
  /** Another mdev that serves the same guest. */
  other: ApMatrixMdev | null = null;
  /** The hook was read, and leads nowhere. */
  noHook = false;
  /** What the interception answers. */
  status: ApStatus | null = null;
  private readonly request: InterceptedAqic | null;
  private readonly holds: Hold[] = [];
  private readonly findMdev: () => ApMatrixMdev | null;
  private knownMdev: ApMatrixMdev | null | undefined;
  private knownKvm: Kvm | null | undefined;

  constructor(parts: FrameParts) {
    this.task = parts.task;
    this.driver = parts.driver;
    this.host = parts.host;
    this.onQueue = parts.onQueue;
    this.queue = parts.queue ?? null;
    this.request = parts.request ?? null;
    this.knownMdev = parts.mdev;
    this.knownKvm = parts.kvm;
    this.findMdev = parts.findMdev ?? ((): null => null);
  }

  /** Looked for at the first step that needs it: by then the step's locks are there. */
  get mdev(): ApMatrixMdev | null {
    if (this.knownMdev === undefined) this.knownMdev = this.findMdev();
    return this.knownMdev;
  }

  set mdev(mdev: ApMatrixMdev | null) {
    this.knownMdev = mdev;
  }

  get kvm(): Kvm | null {
    if (this.knownKvm === undefined) this.knownKvm = this.mdev?.kvm.get(this.task) ?? null;
    return this.knownKvm;
  }

  set kvm(kvm: Kvm | null) {
    this.knownKvm = kvm;
  }

  get mdevOrThrow(): ApMatrixMdev {
    return present(this.mdev, 'mdev');
  }

  get kvmOrThrow(): Kvm {
    return present(this.kvm, 'guest');
  }

  get queueOrThrow(): VfioApQueue {
    return present(this.queue, 'queue');
  }

  get requestOrThrow(): InterceptedAqic {
    return present(this.request, 'intercepted instruction');
  }

  holding(lock: DesignLock, guard: Guard): void {
    this.holds.push({ lock, guard });
  }

  /** The innermost hold of the lock that this procedure has taken itself. */
  guardOf(lock: DesignLock): Guard | null {
    return this.holds.findLast((hold) => hold.lock === lock)?.guard ?? null;
  }

  forget(lock: DesignLock): void {
    const at = this.holds.findLastIndex((hold) => hold.lock === lock);
    if (at >= 0) this.holds.splice(at, 1);
  }

  releaseAll(): void {
    for (let hold = this.holds.pop(); hold !== undefined; hold = this.holds.pop()) release(hold.lock, this.task, { guard: hold.guard });
  }
}
