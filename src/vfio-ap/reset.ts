/**
 * Queue reset (vfio_ap_ops.c: vfio_ap_mdev_reset_queue, apq_reset_check): ZAPQ starts it, a work item looks every 20 ms until it is
 * done, and releases the interrupt resources then. Deconfigured and checkstopped queues count as reset. Kernels before that are in
 * reset-synchronous.ts.
 */
import { EIO, OK, type Errno } from '../base/errno.ts';
import type { ApStatus } from '../crypto-adapters/ap-status.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import type { Task } from '../runtime/task.ts';
import { releaseInterrupt } from './irq-resources.ts';
import { RESET_WORK } from './lock-classes.ts';
import type { OnQueue } from './locking/port.ts';
import type { MatrixDev } from './matrix-dev.ts';
import { resetNow } from './reset-synchronous.ts';
import { NO_ISC, type VfioApQueue } from './vfio-ap-queue.ts';

/** AP_RESET_INTERVAL, milliseconds. */
const POLL_MS = 20;

const inProgress = (status: ApStatus): boolean =>
  status.rc === Rc.RESET_IN_PROGRESS || status.rc === Rc.BUSY || status.rc === Rc.STATE_CHANGE_IN_PROGRESS;

/**
 * Resets the queues together and waits for all. -EIO when the last ZAPQ of any of them did not end normally, be it that the queue is
 * deconfigured or checkstopped, which counts as reset. Older kernels reset them one after another: -EBUSY or -EIO of the last that failed.
 */
export async function resetQueues(task: Task, dev: MatrixDev, queues: Iterable<VfioApQueue>, onQueue: OnQueue): Promise<Errno> {
  const set = [...queues];
  if (dev.host.kernel.reset !== 'work') return await resetNow(task, dev, set, onQueue);
  for (const queue of set) await startReset(task, dev, queue, onQueue);
  for (const queue of set) await queue.resetWork?.flush(task);
  return set.some((queue) => queue.resetStatus.get(task).rc !== Rc.NORMAL) ? EIO : OK;
}

async function startReset(task: Task, dev: MatrixDev, queue: VfioApQueue, onQueue: OnQueue): Promise<void> {
  dev.onReset(queue);
  const status = await dev.host.hardware.zapq(task, queue.apqn);
  queue.resetStatus.set(task, status);
  dev.host.events.emit('vfio_ap.reset', task.name, { queue: queue.name, rc: status.rc });
  if (status.rc === Rc.NORMAL || inProgress(status)) {
    resetWork(dev, queue, onQueue).queueWork(task);
    return;
  }
  if (status.rc === Rc.DECONFIGURED || status.rc === Rc.CHECKSTOPPED) {
    await onQueue(task, queue, () => releaseInterrupt(task, dev, queue));
    return;
  }
  dev.host.log.warn({ queue: queue.name, rc: status.rc }, 'PQAP/ZAPQ failed: the queue cannot be given to a guest');
}

function resetWork(dev: MatrixDev, queue: VfioApQueue, onQueue: OnQueue) {
  return (queue.resetWork ??= dev.host.layer.workItem(dev.longWq, RESET_WORK, {
    name: `reset ${queue.name}`,
    body: (task) => completeReset(task, dev, queue, onQueue),
  }));
}

/** Runs on the work queue. Whoever flushes it holds the locks of the queue. */
async function completeReset(task: Task, dev: MatrixDev, queue: VfioApQueue, onQueue: OnQueue): Promise<void> {
  for (let elapsed = POLL_MS; ; elapsed += POLL_MS) {
    await dev.host.layer.rt.sleep(task, POLL_MS);
    const { status } = await dev.host.hardware.tapq(task, queue.apqn);
    switch (status.rc) {
      case Rc.RESET_IN_PROGRESS:
      case Rc.BUSY:
        notice(dev, queue, { status, elapsed });
        continue;
      case Rc.NORMAL:
      case Rc.DECONFIGURED:
      case Rc.CHECKSTOPPED:
        if (!inProgress(queue.resetStatus.get(task))) {
          await onQueue(task, queue, () => finish(task, dev, queue));
          return;
        }
        break;
      case Rc.ASSOC_SECRET_NOT_UNIQUE:
      case Rc.ASSOC_FAILED:
        // A failed association stays until another reset.
        break;
      default:
        dev.host.log.warn({ queue: queue.name, rc: status.rc }, 'the reset of the queue cannot be confirmed');
        return;
    }
    // The ZAPQ met a reset that was running already, or has to be repeated: the status that counts is that of the last one.
    queue.resetStatus.set(task, await dev.host.hardware.zapq(task, queue.apqn));
  }
}

/** At each look, but no more often than printk lets it: the wait has no end of its own. */
function notice(dev: MatrixDev, queue: VfioApQueue, { status, elapsed }: { status: ApStatus; elapsed: number }): void {
  const admitted = dev.resetNotices.admit(dev.host.layer.rt.now());
  if (admitted === null) return;
  const { rc, queueEmpty, irqEnabled } = status;
  const more = admitted.suppressed === 0 ? {} : { suppressed: admitted.suppressed };
  dev.host.log.info({ queue: queue.name, elapsed, rc, queueEmpty, irqEnabled, ...more }, `waited ${elapsed} ms for the reset of the queue`);
}

async function finish(task: Task, dev: MatrixDev, queue: VfioApQueue): Promise<void> {
  if (queue.savedIsc.get(task) !== NO_ISC) await releaseInterrupt(task, dev, queue);
}
