/**
 * Churn of the host: masks, drivers of queues and cards, the hardware itself. No kernel counterpart: the administrator, the service element
 * and the person at the machine.
 */
import type { ApMask } from '../../base/ap-mask.ts';
import { apqnText, cardText } from '../../base/apqn.ts';
import { OK, type Errno } from '../../base/errno.ts';
import { KERNELS } from '../../base/kernel-profile.ts';
import { FAULT_KIND_NAMES } from '../../crypto-adapters/faults.ts';
import { Rc } from '../../crypto-adapters/response-code.ts';
import type { AdapterSpec } from '../../machine/host-spec.ts';
import type { Machine } from '../../machine/machine.ts';
import { OPTIONS_OF } from '../fault-verb.ts';
import { adaptersOf } from './mdev-verbs.ts';
import { NONSENSE, type ChurnVerb, type Turn } from './turn.ts';

const AP_DRIVERS = '/sys/bus/ap/drivers';
export const cardPath = (adapter: number, attribute: string): string => `/sys/devices/ap/${cardText(adapter)}/${attribute}`;
const anyAdapter = ({ random, machine }: Turn): number => random.pick(adaptersOf(machine));

/** Rather cleared than set: what is set is the host's. */
function storeMask(turn: Turn): Promise<Errno> {
  const { random, machine } = turn;
  const masks = machine.bus.permissions.inspect();
  return random.oneIn(2)
    ? turn.write('/sys/bus/ap/apmask', maskText(turn, adaptersOf(machine), masks.apm))
    : turn.write('/sys/bus/ap/aqmask', maskText(turn, machine.spec.domains, masks.aqm));
}

function maskText({ random }: Turn, ids: readonly number[], mask: ApMask): string {
  const [one, other] = [random.pick(ids), random.pick(ids)];
  switch (random.below(9)) {
    case 0:
    case 1:
      return `+${one}`;
    case 2:
      return `-${Math.min(one, other)}-${Math.max(one, other)}`;
    case 3:
      return `+${one},-0x${other.toString(16)}\n`;
    case 4:
      return (mask.has(one) ? mask.without(one) : mask.with(one)).toString();
    case 5:
      return random.pick(['x', '0xg', '+256', '-', '+5 ', `${mask.toString()}0`, '+7-3']);
    default:
      return `-${one}`;
  }
}

async function bindOrUnbind(turn: Turn): Promise<Errno> {
  const { random, machine } = turn;
  const queues = [...machine.bus.queues()];
  if (queues.length === 0) return OK;
  const { apqn, device } = random.pick(queues);
  const queue = apqnText(apqn);
  if (device.driver !== null) return await turn.act({ kind: 'unbind', queue });
  return await turn.act({ kind: 'bind', queue, driver: random.oneIn(4) ? 'cex4queue' : 'vfio_ap' });
}

/** Of queues, as a script does it that knows of one driver only; of a card, whose driver comes back. */
async function driverFiles(turn: Turn): Promise<Errno> {
  const { random, machine } = turn;
  const queues = [...machine.bus.queues()];
  if (queues.length > 0 && random.oneIn(2)) {
    const file = random.pick(['bind', 'unbind']);
    return await turn.write(`${AP_DRIVERS}/${random.pick(['vfio_ap', 'cex4queue'])}/${file}`, apqnText(random.pick(queues).apqn));
  }
  const card = cardText(anyAdapter(turn));
  const errno = await turn.write(`${AP_DRIVERS}/cex4card/unbind`, card);
  await turn.write(`${AP_DRIVERS}/cex4card/bind`, card);
  return errno;
}

async function plugOrUnplug(turn: Turn): Promise<Errno> {
  const { random, machine } = turn;
  const adapters = machine.spec.adapters.filter(() => random.oneIn(3));
  const chosen = adapters.length > 0 && random.oneIn(4) ? adapters : [random.pick(machine.spec.adapters)];
  const there = machine.hardware.adapter(chosen[0]!.id) !== undefined;
  return there
    ? await turn.act({ kind: 'unplug', adapters: chosen.map(({ id }) => id) })
    : await turn.act({ kind: 'plug', adapters: chosen });
}

/** One that nobody expects, of a type that no driver takes or that one does. */
async function strangeAdapter(turn: Turn): Promise<Errno> {
  const { random, machine } = turn;
  const id = unused(machine);
  if (id === undefined) return OK;
  if (machine.hardware.adapter(id) !== undefined) return await turn.act({ kind: 'unplug', adapters: [id] });
  const adapter: AdapterSpec = { id, type: random.pick(['CEX3C', 'CEX5A', 'CEX8P']) };
  const errno = await turn.act({ kind: 'plug', adapters: [adapter] });
  const { mdevs } = machine.spec;
  if (mdevs.length > 0) await turn.write(`/sys/devices/vfio_ap/matrix/${random.pick(mdevs).uuid}/assign_adapter`, `${id}`);
  return errno;
}

function unused(machine: Machine): number | undefined {
  const known = new Set(adaptersOf(machine));
  return Array.from({ length: 64 }, (_, id) => id).find((id) => !known.has(id));
}

/** Mostly all that the host had at first, sometimes all but one, seldom none. */
function changeDomains(turn: Turn): Promise<Errno> {
  const { random, machine } = turn;
  const use = random.oneIn(2) ? 'usage' : 'control';
  const all = use === 'usage' ? machine.spec.domains : machine.spec.controlDomains;
  if (random.oneIn(12)) return turn.act({ kind: 'domains', use, domains: [] });
  const gone = all.length > 0 && random.oneIn(3) ? random.pick(all) : null;
  return turn.act({ kind: 'domains', use, domains: all.filter((domain) => domain !== gone) });
}

function configure(turn: Turn): Promise<Errno> {
  const { random } = turn;
  const text = random.oneIn(12) ? random.pick(NONSENSE) : random.oneIn(3) ? '0' : '1';
  return turn.write(cardPath(anyAdapter(turn), 'config'), text);
}

/** What a card that went or failed needs to come back, and to be given away. */
export async function restoreAdapter(turn: Turn, adapter: AdapterSpec): Promise<void> {
  await plugBack(turn, adapter);
  await turn.write('/sys/bus/ap/apmask', `-${adapter.id}`);
}

/** What a card that went or failed needs to come back. */
export async function plugBack(turn: Turn, adapter: AdapterSpec): Promise<void> {
  if (turn.machine.hardware.adapter(adapter.id) === undefined) await turn.act({ kind: 'plug', adapters: [adapter] });
  await turn.act({ kind: 'checkstop', adapter: adapter.id, on: false });
  await turn.write(cardPath(adapter.id, 'config'), '1');
}

/** Of the response codes those after which a driver goes on by itself, or once the queue has been looked at again. */
const CODES = [Rc.Q_NOT_AVAIL, Rc.RESET_IN_PROGRESS, Rc.DECONFIGURED, Rc.CHECKSTOPPED, Rc.BUSY];
/** Of a reset for another owner: it goes on, or nobody may be given the queue. */
const RESET_CODES = [Rc.RESET_IN_PROGRESS, Rc.BUSY, Rc.INVALID_ADDRESS];
const FAULT_MS = 300;

/** Hardware that goes wrong for a while, in a way that costs time, not results: what spoils a reply spoils its header. */
function fault(turn: Turn): Promise<Errno> {
  const { random, machine } = turn;
  const domain = machine.spec.domains.length === 0 || random.oneIn(2) ? null : random.pick(machine.spec.domains);
  const common = { adapter: anyAdapter(turn), domain, ms: 1 + random.below(FAULT_MS) };
  // A driver that looks twice at a reset gives up, and keeps what belongs to the queue: known, and no news in each run.
  const patient = KERNELS[machine.spec.kernel].reset === 'work';
  const kind = random.pick(FAULT_KIND_NAMES.filter((name) => patient || name !== 'reset-hang'));
  const often = { nth: 1 + random.below(5), times: 1 + random.below(3) };
  switch (kind) {
    case 'deconfigured':
    case 'checkstopped':
      return turn.act({ kind: 'fault', fault: { ...common, kind, nth: often.nth, instruction: random.pick(['nqap', 'dqap']) } });
    case 'response-code': {
      const instruction = random.pick(['nqap', 'dqap', 'rapq', 'zapq', 'aqic'] as const);
      // To a reset "deconfigured" would be a lie about messages that are still there.
      const rc = instruction === 'rapq' ? Rc.RESET_IN_PROGRESS : random.pick(instruction === 'zapq' ? RESET_CODES : CODES);
      return turn.act({ kind: 'fault', fault: { ...common, ...often, kind, instruction, rc } });
    }
    default:
      return turn.act({ kind: 'fault', fault: { ...common, kind, ...(OPTIONS_OF[kind].includes('times') ? often : {}) } });
  }
}

export const HOST_VERBS: readonly ChurnVerb[] = [
  { name: 'mask', weight: 4, needs: ['adapters', 'domains'], body: storeMask },
  { name: 'bind', weight: 5, needs: [], body: bindOrUnbind },
  { name: 'driver files', weight: 2, needs: ['adapters'], body: driverFiles },
  { name: 'config', weight: 3, needs: ['adapters'], body: configure },
  { name: 'scan', weight: 3, needs: [], body: (turn) => turn.write('/sys/bus/ap/scans', '1') },
  { name: 'plug', weight: 2, needs: ['adapters'], body: plugOrUnplug },
  { name: 'strange adapter', weight: 1, needs: [], body: strangeAdapter },
  { name: 'fault', weight: 3, needs: ['adapters'], body: fault },
  { name: 'domains', weight: 2, needs: ['domains'], body: changeDomains },
  {
    name: 'checkstop',
    weight: 1,
    needs: ['adapters'],
    body: (turn) => turn.act({ kind: 'checkstop', adapter: anyAdapter(turn), on: turn.random.oneIn(3) }),
  },
];
