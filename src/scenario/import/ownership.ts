/**
 * The masks of the host that is imported: as a file gives them, or such that queues are where files say, or that mdevs can have theirs.
 * No kernel counterpart; what the masks mean is ap_bus.c's.
 */
import { ApMask } from '../../base/ap-mask.ts';
import { apqnText, apqnOf } from '../../base/apqn.ts';
import type { Place } from '../place.ts';
import { conflict, type Draft, type Fact, type MaskName, type MdevDraft, type QueueFact } from './draft.ts';
import { refusal } from './foreign-text.ts';

export interface Masks {
  readonly apmask: ApMask;
  readonly aqmask: ApMask;
  /** How they came about, where no file says so. */
  readonly note: string | null;
}

/** ScenarioError where files contradict each other. */
export function masksOf(draft: Draft): Masks {
  const masks = knownMasks(draft) ?? masksOfQueues(draft.queues) ?? masksOfMdevs(draft);
  for (const queue of draft.queues) checkQueue(draft, masks, queue);
  for (const mdev of draft.mdevs.values()) checkMdev(draft, masks, mdev);
  return masks;
}

function knownMasks({ masks: { apmask, aqmask } }: Draft): Masks | null {
  if (apmask === null && aqmask === null) return null;
  return { apmask: apmask?.value ?? ApMask.FULL, aqmask: aqmask?.value ?? ApMask.FULL, note: null };
}

/** An adapter without a queue of the host is for guests, and so is a domain that some other adapter has lost. */
function masksOfQueues(queues: readonly QueueFact[]): Masks | null {
  if (queues.length === 0) return null;
  const hosts = new Set(queues.filter(({ host }) => host).map(({ adapter }) => adapter));
  const given = queues.filter(({ host }) => !host);
  const apmask = given.reduce((mask, { adapter }) => (hosts.has(adapter) ? mask : mask.without(adapter)), ApMask.FULL);
  const aqmask = given.reduce((mask, { adapter, domain }) => (hosts.has(adapter) ? mask.without(domain) : mask), ApMask.FULL);
  return { apmask, aqmask, note: 'masks that leave the queues of vfio_ap to it' };
}

function masksOfMdevs({ mdevs }: Draft): Masks {
  let apmask = ApMask.FULL;
  // One without a queue asks for none.
  for (const { adapters, domains } of mdevs.values()) if (domains.length > 0) for (const id of adapters) apmask = apmask.without(id);
  const note = apmask.equals(ApMask.FULL) ? null : 'no file has masks: the adapters of the mdevs are for guests';
  return { apmask, aqmask: ApMask.FULL, note };
}

/** Where the mask is said to be so. */
function placeOf({ masks }: Draft, fallback: Place): { name: MaskName; place: Place } {
  const name: MaskName = masks.apmask === null && masks.aqmask !== null ? 'aqmask' : 'apmask';
  return { name, place: masks[name]?.place ?? fallback };
}

function checkQueue(draft: Draft, { apmask, aqmask }: Masks, { adapter, domain, host, place }: QueueFact): void {
  const reserved = apmask.has(adapter) && aqmask.has(domain);
  if (reserved === host) return;
  const who = (forHost: boolean): string => `${apqnText(apqnOf(adapter, domain))} with ${forHost ? 'the host' : 'vfio_ap'}`;
  if (draft.masks.apmask === null && draft.masks.aqmask === null)
    throw refusal(place, [], {
      expected: 'queues that apmask and aqmask can tell apart (a product of adapters and domains)',
      got: who(host),
    });
  const there: Fact<string> = { value: who(reserved), place: placeOf(draft, place).place };
  throw conflict([], { here: { value: who(host), place }, there });
}

function checkMdev(draft: Draft, { apmask, aqmask }: Masks, { uuid, place, adapters, domains }: MdevDraft): void {
  const adapter = adapters.find((id) => apmask.has(id));
  const domain = domains.find((id) => aqmask.has(id));
  if (adapter === undefined || domain === undefined) return;
  const queue = apqnText(apqnOf(adapter, domain));
  const said = placeOf(draft, draft.queues[0]?.place ?? place);
  throw conflict(['mdevs', uuid], {
    here: { value: `${queue} in the mdev`, place },
    there: { value: `${queue} with the host, by apmask and aqmask`, place: said.place },
  });
}

/** As `apmask` and `aqmask` of a scenario take it; null for the mask that a host has anyway. */
export function maskText(mask: ApMask): string | null {
  if (mask.equals(ApMask.FULL)) return null;
  const cleared = [...ApMask.FULL.andNot(mask).bits()];
  const runs: number[][] = [];
  for (const id of cleared) {
    const run = runs.at(-1);
    if (run !== undefined && run.at(-1) === id - 1) run.push(id);
    else runs.push([id]);
  }
  if (runs.length > LONGEST) return mask.toString();
  // Two are as short as a range, and `-5-6` reads like two.
  return runs.flatMap((run) => (run.length < 3 ? run.map((id) => `-${id}`) : [`-${run[0]}-${run.at(-1)}`])).join(',');
}

/** From so many terms on, the digits are easier to read. */
const LONGEST = 12;
