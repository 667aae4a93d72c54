/**
 * A scenario as a source of facts: what imported files say joins what it says. No kernel counterpart.
 */
import { parseCardType } from '../../crypto-adapters/card-type.ts';
import { hostMasks } from '../mdevs.ts';
import { loadScenario } from '../load.ts';
import type { Place } from '../place.ts';
import type { Scenario } from '../scenario.ts';
import { ScenarioSource } from '../source.ts';
import type { Draft } from './draft.ts';
import { refusal, type ForeignText } from './foreign-text.ts';

/** Answers the scenario: what no other format knows of is taken from it as it is. */
export function readBase(source: ForeignText, draft: Draft): Scenario {
  const scenario = loadScenario(source.text, source.file);
  if (scenario.zpci !== undefined)
    throw refusal(source.place(0), ['zpci'], { expected: 'a scenario of AP guests', got: 'one of a PCI function' });
  const places = new ScenarioSource(source.text, source.file);
  const { host } = scenario;
  const at = (...path: (string | number)[]): Place => places.placeOf(path);
  for (const { id, type } of host.adapters) {
    const card = parseCardType(type)!;
    draft.listAdapter(id, at('host', 'adapters'), { generation: card.generation, mode: card.mode });
  }
  for (const id of host.domains) draft.listDomain(id, at('host', 'domains'));
  const named = places.nodeAt(['host', 'controlDomains']) !== undefined;
  if (named) for (const id of host.controlDomains) draft.listControlDomain(id, at('host', 'controlDomains'));
  const { apm, aqm } = hostMasks(host.apmask, host.aqmask);
  if (host.apmask !== null) draft.setMask('apmask', apm, at('host', 'apmask'));
  if (host.aqmask !== null) draft.setMask('aqmask', aqm, at('host', 'aqmask'));
  host.mdevs.forEach(({ uuid, name, adapters, domains, controlDomains }, i) => {
    draft.addMdev({ uuid, name, place: at('mdevs', i), adapters, domains, controlDomains, notes: [] });
  });
  draft.controlFollowsDomains = !named;
  Object.assign(draft.known, { adapters: true, domains: true, controlDomains: named });
  host.guests.forEach((guest, i) => {
    const mdev = host.mdevs.find(({ name }) => name === guest.mdev)?.uuid ?? null;
    const { name, vcpus, attach, apie, cpu = null } = guest;
    draft.addGuest({ name, place: at('guests', i), mdev, vcpus, attach, apie, cpu, notes: [] });
  });
  if (host.apxa === false) draft.apxa = { value: false, place: at('host', 'apxa') };
  if (host.kernel !== 'current') draft.kernel = { value: host.kernel, place: at('host', 'kernel') };
  return scenario;
}
