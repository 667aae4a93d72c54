/**
 * A scenario on a smaller host: without mdevs that nobody uses, with fewer adapters and domains, without places that may fail.
 * No kernel counterpart.
 */
import type { HostSpec, MdevSpec } from '../machine/host-spec.ts';
import type { Scenario } from './scenario.ts';
import { eventsWhere, isAboutMdev } from './smaller-events.ts';
import { withoutChunks, type Smaller } from './smaller.ts';

export function* withoutUnusedMdev(scenario: Scenario): IterableIterator<Smaller> {
  const { host, events } = scenario;
  for (const mdev of host.mdevs) {
    if (host.guests.some((guest) => guest.mdev === mdev.name)) continue;
    if (eventsWhere(events, (verb) => isAboutMdev(verb, mdev)).length > 0) continue;
    yield { scenario: { ...scenario, host: { ...host, mdevs: host.mdevs.filter((other) => other !== mdev) } }, what: mdev.name };
  }
}

/** First from the host and all mdevs, then from the mdevs alone. */
export function* fewerQueues(scenario: Scenario): IterableIterator<Smaller> {
  const { host } = scenario;
  for (const { dropped } of withoutChunks(host.adapters.map(({ id }) => id)))
    yield { scenario: { ...scenario, host: withoutAdapters(host, dropped) }, what: `adapters of the host: ${dropped.join(', ')}` };
  for (const { dropped } of withoutChunks([...new Set([...host.domains, ...host.controlDomains])]))
    yield { scenario: { ...scenario, host: withoutDomains(host, dropped) }, what: `domains of the host: ${dropped.join(', ')}` };
  for (const [i, mdev] of host.mdevs.entries()) {
    for (const list of ['adapters', 'domains', 'controlDomains'] as const) {
      for (const { left, dropped } of withoutChunks(mdev[list])) {
        const mdevs = host.mdevs.with(i, { ...mdev, [list]: left });
        yield { scenario: { ...scenario, host: { ...host, mdevs } }, what: `${list} of ${mdev.name}: ${dropped.join(', ')}` };
      }
    }
  }
}

export function* withoutFaults(scenario: Scenario): IterableIterator<Smaller> {
  for (const { left, dropped } of withoutChunks(scenario.faults))
    yield { scenario: { ...scenario, faults: left }, what: `faults: ${dropped.join(', ')}` };
}

function withoutAdapters(host: HostSpec, ids: readonly number[]): HostSpec {
  return {
    ...host,
    adapters: host.adapters.filter(({ id }) => !ids.includes(id)),
    apmask: maskWithout(host.apmask, ids),
    mdevs: host.mdevs.map((mdev): MdevSpec => ({ ...mdev, adapters: without(mdev.adapters, ids) })),
  };
}

function withoutDomains(host: HostSpec, ids: readonly number[]): HostSpec {
  const [domains, controlDomains] = [without(host.domains, ids), without(host.controlDomains, ids)];
  return {
    ...{ ...host, domains, controlDomains },
    aqmask: maskWithout(host.aqmask, ids),
    mdevs: host.mdevs.map((mdev): MdevSpec => {
      return { ...mdev, domains: without(mdev.domains, ids), controlDomains: without(mdev.controlDomains, ids) };
    }),
  };
}

const without = (list: readonly number[], ids: readonly number[]): number[] => list.filter((id) => !ids.includes(id));

/** Of a list like `-5,-6` what is not about these; a mask in one number stays. */
function maskWithout(mask: string | null, ids: readonly number[]): string | null {
  if (mask === null) return null;
  const left = mask.split(',').filter((change) => !/^[+-]/.test(change) || !ids.includes(Number(change.slice(1))));
  return left.length === 0 ? null : left.join(',');
}
