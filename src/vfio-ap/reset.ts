/**
 * Queue reset (vfio_ap_ops.c: vfio_ap_mdev_reset_queue, apq_reset_check): ZAPQ starts it, a work item looks every 20 ms until it is
 * done, and releases the interrupt resources then. Deconfigured and checkstopped queues count as reset.
 */
import { EIO, OK, type Errno } from '../base/errno.ts';
import type { ApStatus } from '../crypto-adapters/ap-status.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import type { Task } from '../runtime/task.ts';
import { releaseInterrupt } from './irq-resources.ts';
import { RESET_WORK } from './lock-classes.ts';
import type { OnQueue } from './locking/port.ts';
import type { MatrixDev } from './matrix-dev.ts';
import { NO_ISC, type VfioApQueue } from './vfio-ap-queue.ts';

const POLL_MS = 20;
/** How often a reset that does not end is mentioned in the log, milliseconds. */
const NOTICE_MS = 1000;

const inProgress = (status: ApStatus): boolean =>
  status.rc === Rc.RESET_IN_PROGRESS || status.rc === Rc.BUSY || status.rc === Rc.STATE_CHANGE_IN_PROGRESS;

/** Resets the queues together and waits for all. -EIO when the last status of any of them is not normal. */
export async function resetQueues(task: Task, dev: MatrixDev, queues: Iterable<VfioApQueue>, onQueue: OnQueue): Promise<Errno> {
  const set = [...queues];
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
        if (elapsed % NOTICE_MS === 0) dev.host.log.info({ queue: queue.name, elapsed, rc: status.rc }, 'reset has not completed yet');
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

async function finish(task: Task, dev: MatrixDev, queue: VfioApQueue): Promise<void> {
  if (queue.savedIsc.get(task) !== NO_ISC) await releaseInterrupt(task, dev, queue);
}
