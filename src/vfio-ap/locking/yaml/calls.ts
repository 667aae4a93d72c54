/**
 * What the calls of a design file do (vfio_ap_ops.c: what attach, detach and the PQAP handler are made of). A call answers no where the
 * table says that it asks something, and the step then goes its other way.
 */
import { adapterOf, domainOf } from '../../../base/apqn.ts';
import type { MaybePromise } from '../../../runtime/runtime.ts';
import type { CallName } from './call-table.ts';
import type { Frame } from './frame.ts';

async function checkMasks({ task, kvmOrThrow, requestOrThrow: { apqn } }: Frame): Promise<boolean> {
  const { apm, aqm } = await kvmOrThrow.apcb.read(task);
  return apm.has(adapterOf(apqn)) && aqm.has(domainOf(apqn));
}

async function aqic(frame: Frame): Promise<true> {
  const { kvm, vcpu, operand } = frame.requestOrThrow;
  frame.status = await frame.driver.aqic(frame.task, frame.queueOrThrow, { kvm, vcpu, operand });
  return true;
}

async function done(work: Promise<unknown>): Promise<true> {
  await work;
  return true;
}

export function call(name: CallName, frame: Frame): MaybePromise<boolean> {
  const { task, driver } = frame;
  switch (name) {
    case 'check-other-user':
      frame.other = driver.otherUser(task, frame.mdevOrThrow, frame.kvmOrThrow);
      return frame.other === null;
    case 'check-aiv':
      return frame.requestOrThrow.vcpu.aiv;
    case 'check-masks':
      return checkMasks(frame);
    case 'find-queue':
      frame.queue = frame.host.host.bus.findVfioQueue(frame.requestOrThrow.apqn);
      return frame.queue !== null;
    case 'lookup':
      frame.queue = driver.lookup(task, frame.mdevOrThrow, frame.requestOrThrow.apqn);
      return frame.queue !== null;
    case 'aqic':
      return aqic(frame);
    case 'bind':
      driver.bind(task, frame.mdevOrThrow, frame.kvmOrThrow);
      return true;
    case 'unbind':
      driver.unbind(task, frame.mdevOrThrow, frame.kvmOrThrow);
      return true;
    case 'set-masks':
      return done(driver.setMasks(task, frame.mdevOrThrow, frame.kvmOrThrow));
    case 'clear-masks':
      return done(driver.clearMasks(task, frame.kvmOrThrow));
    case 'reset-queues':
      return done(driver.resetQueues(task, frame.mdevOrThrow, frame.onQueue));
  }
}
