/**
 * The part of a scan that visits one adapter (ap_scan_adapter in drivers/s390/crypto/ap_bus.c): its card, then its queues.
 */
import type { ApMask } from '../base/ap-mask.ts';
import { OK } from '../base/errno.ts';
import type { Task } from '../runtime/task.ts';
import type { QciInfo } from '../crypto-adapters/ap-instructions.ts';
import { ApCard, cardFunctions } from './ap-card.ts';
import type { ApCore } from './ap-core.ts';
import { CARD_ATTRIBUTES } from './card-attributes.ts';
import { configuredDomains } from './configuration.ts';
import { queueInfo, type QueueInfo } from './queue-info.ts';
import { removeQueue, scanDomains } from './scan-domains.ts';

/** CEX4 to CEX8. */
const OLDEST = 10;
const NEWEST = 14;

/** The configuration of this scan. */
export interface Scanned {
  readonly qci: QciInfo | null;
  readonly adapters: ApMask;
}

export async function scanAdapter(task: Task, core: ApCore, adapter: number, { qci, adapters }: Scanned): Promise<void> {
  let card = core.registry.card(adapter);
  const domains = configuredDomains(qci);
  const state = adapters.has(adapter) ? await firstInfo(task, core, adapter, domains) : null;
  if (state === null) {
    if (card !== null) await removeCard(task, core, card);
    return;
  }
  if (card !== null && (card.rawType !== state.info.type || card.functions !== cardFunctions(state.info))) {
    core.log.info({ card: card.device.name }, 'another card is in this place now');
    await removeCard(task, core, card);
    card = null;
  }
  if (card === null) {
    if (!supported(core, adapter, state)) return;
    card = await addCard(task, core, adapter, state);
  } else updateCard(core, card, state);
  await scanDomains(task, core, card, domains);
}

/** What the first domain that answers says: it stands for the card. */
async function firstInfo(task: Task, core: ApCore, adapter: number, domains: ApMask): Promise<QueueInfo | null> {
  for (const domain of domains.bits()) {
    const answer = await queueInfo(task, core.instructions, adapter, domain);
    if (typeof answer !== 'string') return answer;
  }
  return null;
}

/** PQAP(QACT), which could name a compatible type for an unknown newer card, is not part of the instruction port. */
function supported(core: ApCore, adapter: number, { info }: QueueInfo): boolean {
  if (info.type >= OLDEST && info.type <= NEWEST) return true;
  core.log.warn({ adapter, type: info.type }, 'adapter of an unsupported type');
  return false;
}

async function addCard(task: Task, core: ApCore, adapter: number, state: QueueInfo): Promise<ApCard> {
  const card = new ApCard(core.layer, core.port, { id: adapter, info: state.info, root: core.root, bus: core.bus });
  card.config = !state.deconfigured;
  card.chkstop = state.checkstopped;
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
