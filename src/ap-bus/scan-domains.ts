/**
 * The part of a scan that visits the domains of one adapter (ap_scan_domains in drivers/s390/crypto/ap_bus.c).
 */
import type { ApMask } from '../base/ap-mask.ts';
import { apqnOf, domainOf } from '../base/apqn.ts';
import { OK } from '../base/errno.ts';
import type { Task } from '../runtime/task.ts';
import type { ApCard } from './ap-card.ts';
import type { ApCore } from './ap-core.ts';
import { ApQueueDevice } from './ap-queue-device.ts';
import { queueInfo, type QueueInfo } from './queue-info.ts';

export async function scanDomains(task: Task, core: ApCore, card: ApCard, configured: ApMask): Promise<void> {
  // As with the adapters: in ascending order, as far as there is something to do.
  const visited = configured.withAll(Array.from(core.registry.queuesOf(card.id), ({ apqn }) => domainOf(apqn)));
  for (const domain of visited.bits()) {
    const known = core.registry.queue(apqnOf(card.id, domain));
    if (!configured.has(domain)) {
      if (known !== null) await removeQueue(task, core, known);
      continue;
    }
    const answer = await queueInfo(task, core.instructions, card.id, domain);
    if (answer === 'silent') continue;
    if (answer === 'absent') {
      if (known !== null) await removeQueue(task, core, known);
    } else if (known === null) await addQueue(task, core, { card, domain }, answer);
    else await updateQueue(task, core, known, answer);
  }
}

/** device_unregister of a queue. */
export async function removeQueue(task: Task, core: ApCore, queue: ApQueueDevice): Promise<void> {
  core.registry.removeQueue(queue);
  await core.bus.removeDevice(task, queue.device, core.queueAttributes(queue.card));
  await core.overrides.forget(task, queue);
}

async function addQueue(task: Task, core: ApCore, at: { card: ApCard; domain: number }, state: QueueInfo): Promise<void> {
  const { deconfigured, checkstopped } = state;
  const queue = new ApQueueDevice(core.layer, at, { config: !deconfigured, chkstop: checkstopped, overrides: core.overrides });
  core.registry.addQueue(queue);
  if ((await core.bus.addDevice(task, queue.device, core.queueAttributes(queue.card))) !== OK) {
    throw new Error(`expected no device ${queue.device.name} on the bus, but there is one`);
  }
  // Nudged once more, after the probe. A queue without a state machine is left alone: it belongs to a driver that resets it itself, and
  // the host must not ask for interrupts of a queue that a guest may get.
  if (!deconfigured && !checkstopped && queue.queue !== null) await queue.queue.initState(task);
}

/** Exactly one change per scan, the first that applies; the bind state is not one of them. */
async function updateQueue(task: Task, core: ApCore, queue: ApQueueDevice, { info, deconfigured, checkstopped }: QueueInfo): Promise<void> {
  if (core.port.secureBinding) await queue.queue?.noteBindState(task, (info.functions >>> 14) & 3);
  if (checkstopped !== queue.chkstop) {
    core.log.info({ queue: queue.device.name }, checkstopped ? 'checkstop on' : 'checkstop off');
    await queue.setCheckstop(task, checkstopped);
  } else if (deconfigured === queue.config) {
    await queue.setConfig(task, !deconfigured);
    core.bus.send('change', queue.device, { CONFIG: deconfigured ? '0' : '1' });
  } else if (!deconfigured && queue.queue !== null) await queue.queue.heal(task);
}
