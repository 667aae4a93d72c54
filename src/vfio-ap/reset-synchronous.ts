/**
 * Queue reset of the kernels before the work item (vfio_ap_ops.c of 5.15 and 6.0: vfio_ap_mdev_reset_queue with its retry parameter): whoever
 * wants the reset waits for it, one queue after another, and gives up soon.
 */
import { EBUSY, EIO, OK, type Errno } from '../base/errno.ts';
import type { ApStatus } from '../crypto-adapters/ap-status.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import type { Task } from '../runtime/task.ts';
import { releaseInterrupt } from './irq-resources.ts';
import type { OnQueue } from './locking/port.ts';
import type { MatrixDev } from './matrix-dev.ts';
import type { VfioApQueue } from './vfio-ap-queue.ts';

const WAIT_MS = 20;
/** How often ZAPQ is repeated while another reset is in progress: what every caller passed. */
const RETRIES = 1;
/** How often the queue is looked at before it is taken for reset, whatever it looks like. */
const LOOKS = 2;

/** The result of the last one that failed, else 0: a queue that cannot be reset does not keep the others from it. */
export async function resetNow(task: Task, dev: MatrixDev, queues: readonly VfioApQueue[], onQueue: OnQueue): Promise<Errno> {
  const inOrder = dev.host.kernel.reset === 'synchronous-matrix' ? queues.toSorted((a, b) => a.apqn - b.apqn) : queues;
  let result: Errno = OK;
  for (const queue of inOrder) {
    const errno = await resetOne(task, dev, queue, onQueue);
    if (errno !== OK) result = errno;
  }
  return result;
}

/**
 * 0; -EBUSY when a reset in progress does not end, and when there is nothing to reset (not available, deconfigured, checkstopped); -EIO for
 * any other code, also for "busy", and then the interrupt resources stay.
 */
async function resetOne(task: Task, dev: MatrixDev, queue: VfioApQueue, onQueue: OnQueue): Promise<Errno> {
  dev.onReset(queue);
  const status = await zapq(task, dev, queue);
  dev.host.events.emit('vfio_ap.reset', task.name, { queue: queue.name, rc: status.rc });
  switch (status.rc) {
    case Rc.NORMAL:
    case Rc.RESET_IN_PROGRESS:
      await waitForReset(task, dev, queue, status);
      break;
    case Rc.Q_NOT_AVAIL:
    case Rc.DECONFIGURED:
    case Rc.CHECKSTOPPED:
      if (status.irqEnabled) dev.host.log.warn({ queue: queue.name, rc: status.rc }, 'PQAP/ZAPQ failed while the interrupt is enabled');
      break;
    default:
      dev.host.log.warn({ queue: queue.name, rc: status.rc }, 'PQAP/ZAPQ failed: the queue cannot be given to a guest');
      return EIO;
  }
  await onQueue(task, queue, () => releaseInterrupt(task, dev, queue));
  return status.rc === Rc.NORMAL ? OK : EBUSY;
}

async function zapq(task: Task, dev: MatrixDev, queue: VfioApQueue): Promise<ApStatus> {
  for (let retries = RETRIES; ; retries--) {
    const status = await dev.host.hardware.zapq(task, queue.apqn);
    queue.resetStatus.set(task, status);
    if (status.rc !== Rc.RESET_IN_PROGRESS || retries === 0) return status;
    await dev.host.layer.rt.sleep(task, WAIT_MS);
  }
}

/** Until the queue is empty and its interrupt off. Nobody finds out whether the reset has ended when it takes longer than that. */
async function waitForReset(task: Task, dev: MatrixDev, queue: VfioApQueue, first: ApStatus): Promise<void> {
  let status = first;
  for (let look = 0; look < LOOKS; look++) {
    if (status.queueEmpty && !status.irqEnabled) {
      if (look === 0) return;
      // Those kernels complain here, too: they count the looks one off.
      break;
    }
    await dev.host.layer.rt.sleep(task, WAIT_MS);
    ({ status } = await dev.host.hardware.tapq(task, queue.apqn));
  }
  dev.host.log.warn({ queue: queue.name, rc: status.rc }, 'the reset of the queue cannot be verified');
}
