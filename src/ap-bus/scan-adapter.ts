/**
 * The part of a scan that visits one adapter (ap_scan_adapter in drivers/s390/crypto/ap_bus.c): its card, then its queues.
 */
import type { ApMask } from '../base/ap-mask.ts';
import { apqnOf, type Apqn } from '../base/apqn.ts';
import { OK } from '../base/errno.ts';
import type { Task } from '../runtime/task.ts';
import type { QciInfo } from '../crypto-adapters/ap-instructions.ts';
import { ApCard, cardFunctions, type CardOptions } from './ap-card.ts';
import type { ApCore } from './ap-core.ts';
import { CARD_ATTRIBUTES } from './card-attributes.ts';
import { compatibleType } from './compatible-type.ts';
import { configuredDomains } from './configuration.ts';
import { queueInfo, type QueueInfo } from './queue-info.ts';
import { removeQueue, scanDomains } from './scan-domains.ts';

/** The configuration of this scan. */
export interface Scanned {
  readonly qci: QciInfo | null;
  readonly adapters: ApMask;
}

/** With the queue that was asked. */
interface FirstInfo extends QueueInfo {
  readonly apqn: Apqn;
}

export async function scanAdapter(task: Task, core: ApCore, adapter: number, { qci, adapters }: Scanned): Promise<void> {
  let card = core.registry.card(adapter);
  const domains = configuredDomains(qci);
  const state = adapters.has(adapter) ? await firstInfo(task, core, adapter, domains) : null;
  // A description without a type is of nothing that the bus knows.
  if (state === null || state.info.type === 0) {
    if (card !== null) await removeCard(task, core, card);
    return;
  }
  if (card !== null && (card.rawType !== state.info.type || card.functions !== cardFunctions(state.info))) {
    core.log.info({ card: card.device.name }, 'another card is in this place now');
    await removeCard(task, core, card);
    card = null;
  }
  if (card === null) {
    const hwtype = await compatibleType(task, core, qci, state);
    if (hwtype === null) return;
    card = await addCard(task, core, { id: adapter, hwtype, info: state.info, config: !state.deconfigured, chkstop: state.checkstopped });
  } else updateCard(core, card, state);
  await scanDomains(task, core, card, domains);
}

/** What the first domain that answers says: it stands for the card. */
async function firstInfo(task: Task, core: ApCore, adapter: number, domains: ApMask): Promise<FirstInfo | null> {
  for (const domain of domains.bits()) {
    const answer = await queueInfo(task, core.instructions, adapter, domain);
    if (typeof answer !== 'string') return { ...answer, apqn: apqnOf(adapter, domain) };
  }
  return null;
}

async function addCard(task: Task, core: ApCore, found: Omit<CardOptions, 'root' | 'bus'>): Promise<ApCard> {
  const card = new ApCard(core.layer, core.port, { ...found, root: core.root, bus: core.bus });
  core.registry.addCard(card);
  if ((await core.bus.addDevice(task, card.device, CARD_ATTRIBUTES)) !== OK) {
    throw new Error(`expected no device ${card.device.name} on the bus, but there is one`);
  }
  return card;
}

/** Both may change in the same scan. A checkstop is logged only; user space learns of it from the queues. */
function updateCard(core: ApCore, card: ApCard, { deconfigured, checkstopped }: QueueInfo): void {
  if (checkstopped !== card.chkstop) {
    card.chkstop = checkstopped;
    core.log.info({ card: card.device.name }, checkstopped ? 'checkstop on' : 'checkstop off');
  }
  if (deconfigured !== card.config) return;
  card.config = !deconfigured;
  core.bus.send('change', card.device, { CONFIG: deconfigured ? '0' : '1' });
}

async function removeCard(task: Task, core: ApCore, card: ApCard): Promise<void> {
  for (const queue of core.registry.queuesOf(card.id)) await removeQueue(task, core, queue);
  core.registry.removeCard(card);
  await core.bus.removeDevice(task, card.device, CARD_ATTRIBUTES);
}
