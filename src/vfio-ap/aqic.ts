/**
 * The AQIC work on one queue (vfio_ap_ops.c: vfio_ap_irq_enable, vfio_ap_irq_disable, vfio_ap_wait_for_irqclear), in the kernel's order
 * of steps, with its response codes and what is given back on each failure.
 */
import { bareStatus, type ApStatus } from '../crypto-adapters/ap-status.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import type { Task } from '../runtime/task.ts';
import type { IommuContainer } from '../vfio/iommu-container.ts';
import { releaseInterrupt } from './irq-resources.ts';
import type { AqicRequest } from './locking/port.ts';
import type { MatrixDev } from './matrix-dev.ts';
import type { VfioApQueue } from './vfio-ap-queue.ts';

const RETRY_MS = 20;
const DISABLE_TRIES = 6;
const CLEAR_TRIES = 5;
const INVALID_ADDRESS = bareStatus(Rc.INVALID_ADDRESS);
const NO_USER = { container: null, kvm: null };

export async function interruptControl(task: Task, dev: MatrixDev, queue: VfioApQueue, request: AqicRequest): Promise<ApStatus> {
  return request.operand.ir ? await enableInterrupt(task, dev, queue, request) : await disableInterrupt(task, dev, queue);
}

async function enableInterrupt(
  task: Task,
  dev: MatrixDev,
  queue: VfioApQueue,
  { kvm: asking, vcpu, operand: { isc, nib } }: AqicRequest,
): Promise<ApStatus> {
  // Of the guest that has the mdev. With a hook that leads to the mdev of another guest it is not the one that asks.
  const { container, kvm } = queue.mdev.get(task)?.device ?? NO_USER;
  const { kernel, log } = dev.host;
  const refused = (nib === 0 && kernel.refusesNibZero) || !asking.memory.contains(nib);
  if (refused || container === null || kvm === null || (await container.pin(task, nib)) !== 1) {
    log.debug({ queue: queue.name, nib }, 'the page of the notification byte cannot be pinned');
    return INVALID_ADDRESS;
  }
  // The pin exported a page that the guest does not share: nobody could tell it anything there.
  if (kernel.checksNibShared && vcpu.isProtected && !kvm.memory.isPinnedShared(nib)) {
    await container.unpin(task, nib);
    return INVALID_ADDRESS;
  }
  if (kvm.gisa.register(isc) < 0) return await withoutIsc(task, dev, queue, { container, nib, isc });
  const operand = { ir: true, isc, target: kvm.gisa, nib: kvm.memory.notificationByte(nib) };
  const status = await dev.host.hardware.aqic(task, queue.apqn, operand);
  dev.host.events.emit('vfio_ap.aqic', task.name, { queue: queue.name, guest: asking.name, enable: true, isc, rc: status.rc });
  if (status.rc === Rc.NORMAL) {
    await releaseInterrupt(task, dev, queue);
    queue.savedIsc.set(task, isc);
    queue.savedIova.set(task, nib);
    return status;
  }
  if (status.rc !== Rc.OTHERWISE_CHANGED) {
    log.warn({ queue: queue.name, rc: status.rc }, 'PQAP/AQIC failed to enable interrupts');
    await disableInterrupt(task, dev, queue);
    if (dev.host.quirks.has('Q10')) return status;
  }
  // What was registered for this attempt is not in use: the previous registration, if there is one, stays.
  kvm.gisa.unregister(isc);
  await container.unpin(task, nib);
  return status;
}

/** The guest has no GISA to interrupt it through. The pin of the attempt stays for good in kernels that do not give it back here. */
async function withoutIsc(
  task: Task,
  dev: MatrixDev,
  queue: VfioApQueue,
  { container, nib, isc }: { container: IommuContainer; nib: number; isc: number },
): Promise<ApStatus> {
  const { rc, unpins, noticedBy } = dev.host.kernel.iscFailure;
  dev.host.log.debug({ queue: queue.name, isc }, 'the guest ISC cannot be registered');
  if (noticedBy === 'machine') {
    dev.host.log.warn({ queue: queue.name, rc }, 'PQAP/AQIC failed to enable interrupts');
    await disableInterrupt(task, dev, queue);
  }
  if (unpins) await container.unpin(task, nib);
  return bareStatus(rc);
}

/** Whatever the machine answers, the saved resources are released; the last status goes to the guest. */
export async function disableInterrupt(task: Task, dev: MatrixDev, queue: VfioApQueue): Promise<ApStatus> {
  const operand = { ir: false, isc: 0, target: null, nib: null };
  let status = bareStatus(Rc.NORMAL);
  for (let attempt = 0; attempt < DISABLE_TRIES; attempt++) {
    status = await dev.host.hardware.aqic(task, queue.apqn, operand);
    if (status.rc === Rc.NORMAL || status.rc === Rc.OTHERWISE_CHANGED) {
      await waitForClear(task, dev, queue);
      break;
    }
    if (status.rc !== Rc.RESET_IN_PROGRESS && status.rc !== Rc.BUSY) {
      dev.host.log.warn({ queue: queue.name, rc: status.rc }, 'PQAP/AQIC failed to disable interrupts');
      break;
    }
    await dev.host.layer.rt.sleep(task, RETRY_MS);
    if (attempt === DISABLE_TRIES - 1)
      dev.host.log.warn({ queue: queue.name, rc: status.rc }, 'PQAP/AQIC could not disable interrupts in time');
  }
  await releaseInterrupt(task, dev, queue);
  return status;
}

async function waitForClear(task: Task, dev: MatrixDev, queue: VfioApQueue): Promise<void> {
  for (let attempt = 0; attempt < CLEAR_TRIES; attempt++) {
    const { status } = await dev.host.hardware.tapq(task, queue.apqn);
    const known = status.rc === Rc.NORMAL || status.rc === Rc.RESET_IN_PROGRESS;
    if (known && !status.irqEnabled) return;
    if (!known && status.rc !== Rc.BUSY) {
      dev.host.log.warn({ queue: queue.name, rc: status.rc }, 'cannot tell whether interrupts are off');
      return;
    }
    await dev.host.layer.rt.sleep(task, RETRY_MS);
  }
  dev.host.log.warn({ queue: queue.name }, 'interrupts could not be switched off in time');
}
