/**
 * The steps that locking designs put in an order (locking/port.ts): attach, detach and interception are made of these.
 */
import { adapterOf, apqnText, domainOf, type Apqn } from '../base/apqn.ts';
import type { Errno } from '../base/errno.ts';
import type { ApStatus } from '../crypto-adapters/ap-status.ts';
import { clearMasksLocked, setMasksLocked } from '../kvm/crypto-masks.ts';
import type { Kvm } from '../kvm/kvm.ts';
import type { Task } from '../runtime/task.ts';
import type { ApMatrixMdev } from './ap-matrix-mdev.ts';
import { EMPTY_MATRIX, hasApqn } from './ap-matrix.ts';
import { interruptControl } from './aqic.ts';
import { releaseInterrupt } from './irq-resources.ts';
import type { AqicRequest, OnQueue, Steps } from './locking/port.ts';
import type { MatrixDev } from './matrix-dev.ts';
import { resetQueues } from './reset.ts';
import type { VfioApQueue } from './vfio-ap-queue.ts';

export class DriverSteps implements Steps {
  private readonly dev: MatrixDev;

  constructor(dev: MatrixDev) {
    this.dev = dev;
  }

  otherUser(task: Task, mdev: ApMatrixMdev, kvm: Kvm): ApMatrixMdev | null {
    return this.dev.mdevs.get(task).find((other) => other !== mdev && other.kvm.get(task) === kvm) ?? null;
  }

  bind(task: Task, mdev: ApMatrixMdev, kvm: Kvm): void {
    kvm.get();
    mdev.kvm.set(task, kvm);
    this.dev.host.events.emit('vfio_ap.attach', task.name, { mdev: mdev.name, guest: kvm.name });
  }

  unbind(task: Task, mdev: ApMatrixMdev, kvm: Kvm): void {
    mdev.kvm.set(task, null);
    kvm.put();
    this.dev.host.events.emit('vfio_ap.detach', task.name, { mdev: mdev.name, guest: kvm.name });
  }

  async setMasks(task: Task, mdev: ApMatrixMdev, kvm: Kvm): Promise<void> {
    // A device that is wanted back gives nothing any more: what the guest has lost by the request does not come back.
    const wantedBack = mdev.device.removing && !this.dev.host.quirks.has('Q14');
    await setMasksLocked(task, kvm, wantedBack ? EMPTY_MATRIX : mdev.shadow.get(task));
    mdev.cfgChgTrigger.get(task)?.signal();
  }

  async clearMasks(task: Task, kvm: Kvm): Promise<void> {
    await clearMasksLocked(task, kvm);
  }

  async resetQueues(task: Task, mdev: ApMatrixMdev, onQueue: OnQueue): Promise<Errno> {
    const queues = [...mdev.qtable.get(task).values()];
    const errno = await resetQueues(task, this.dev, queues, onQueue);
    // A queue that left the host keeps its resources over a reset; the guest behind it is about to go.
    for (const queue of queues) await onQueue(task, queue, () => releaseInterrupt(task, this.dev, queue));
    return errno;
  }

  lookup(task: Task, mdev: ApMatrixMdev, apqn: Apqn): VfioApQueue | null {
    // Bound and assigned is enough: a queue that is filtered from the guest is found as well.
    const queue = mdev.kvm.get(task) === null ? undefined : mdev.qtable.get(task).get(apqn);
    const { log } = this.dev.host;
    if (queue === undefined) log.debug({ mdev: mdev.name, queue: apqnText(apqn) }, 'PQAP(AQIC): no guest, or no such queue for it');
    return queue ?? null;
  }

  aqic(task: Task, queue: VfioApQueue, request: AqicRequest): Promise<ApStatus> {
    return interruptControl(task, this.dev, queue, request);
  }

  mdevOf(task: Task, apqn: Apqn): ApMatrixMdev | null {
    return findMdev(task, this.dev, apqn);
  }
}

/** The mdev to which the APQN is assigned. */
export function findMdev(task: Task, dev: MatrixDev, apqn: Apqn): ApMatrixMdev | null {
  const [adapter, domain] = [adapterOf(apqn), domainOf(apqn)];
  const mdevs = dev.mdevs.get(task);
  let found: ApMatrixMdev | null = null;
  for (const mdev of dev.assigned.mayOwn(apqn)) {
    if (!hasApqn(mdev.matrix.get(task), adapter, domain)) continue;
    // Only a design that lets mdevs share a queue has two of them: the first of the list counts.
    if (found === null || mdevs.indexOf(mdev) < mdevs.indexOf(found)) found = mdev;
  }
  return found;
}
