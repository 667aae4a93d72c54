/**
 * The AQIC work on one queue (vfio_ap_ops.c: vfio_ap_irq_enable, vfio_ap_irq_disable, vfio_ap_wait_for_irqclear), in the kernel's order
 * of steps, with its response codes and what is given back on each failure.
 */
import type { AqicOperand } from '../crypto-adapters/ap-instructions.ts';
import { bareStatus, type ApStatus } from '../crypto-adapters/ap-status.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import type { Kvm } from '../kvm/kvm.ts';
import type { Task } from '../runtime/task.ts';
import { releaseInterrupt } from './irq-resources.ts';
import type { MatrixDev } from './matrix-dev.ts';
import type { VfioApQueue } from './vfio-ap-queue.ts';

const RETRY_MS = 20;
const DISABLE_TRIES = 6;
const CLEAR_TRIES = 5;
const INVALID_ADDRESS = bareStatus(Rc.INVALID_ADDRESS);

export async function interruptControl(
  task: Task,
  dev: MatrixDev,
  queue: VfioApQueue,
  request: { kvm: Kvm; operand: AqicOperand },
): Promise<ApStatus> {
  const { kvm, operand } = request;
  return operand.ir
    ? await enableInterrupt(task, dev, queue, { kvm, isc: operand.isc, nib: operand.nib })
    : await disableInterrupt(task, dev, queue);
}

async function enableInterrupt(
  task: Task,
  dev: MatrixDev,
  queue: VfioApQueue,
  { kvm, isc, nib }: { kvm: Kvm; isc: number; nib: number },
): Promise<ApStatus> {
  const container = queue.mdev.get(task)?.device.container ?? null;
  if (nib === 0 || !kvm.memory.contains(nib) || container === null) return INVALID_ADDRESS;
  if ((await container.pin(task, nib)) !== 1) return INVALID_ADDRESS;
  if (kvm.gisa.register(isc) < 0) {
    await container.unpin(task, nib);
    return INVALID_ADDRESS;
  }
  const operand = { ir: true, isc, target: kvm.gisa, nib: kvm.memory.notificationByte(nib) };
  const status = await dev.host.hardware.aqic(task, queue.apqn, operand);
  dev.host.events.emit('vfio_ap.aqic', task.name, { queue: queue.name, guest: kvm.name, enable: true, isc, rc: status.rc });
  if (status.rc === Rc.NORMAL) {
    await releaseInterrupt(task, dev, queue);
    queue.savedIsc.set(task, isc);
    queue.savedIova.set(task, nib);
    return status;
  }
  if (status.rc !== Rc.OTHERWISE_CHANGED) {
    dev.host.log.warn({ queue: queue.name, rc: status.rc }, 'PQAP/AQIC failed to enable interrupts');
    await disableInterrupt(task, dev, queue);
    if (dev.host.quirks.has('Q10')) return status;
  }
  // What was registered for this attempt is not in use: the previous registration, if there is one, stays.
  kvm.gisa.unregister(isc);
  await container.unpin(task, nib);
  return status;
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
