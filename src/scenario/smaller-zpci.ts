/**
 * A PCI function with less going on: fewer switches of the slot, fewer vCPUs, fewer stores. No kernel counterpart.
 */
import type { Scenario, ZpciScenario } from './scenario.ts';
import { fewer, type Smaller } from './smaller.ts';

const COUNTS = { vcpus: 1, stores: 0, shutdownStores: 0 } as const;

export function* smallerZpci(scenario: Scenario): IterableIterator<Smaller> {
  const { zpci } = scenario;
  if (zpci === undefined) return;
  const { spec, events } = zpci;
  const having = (changed: Partial<ZpciScenario>): Scenario => ({ ...scenario, zpci: { ...zpci, ...changed } });
  for (const task of new Set(events.map((event) => event.task)))
    yield { scenario: having({ events: events.filter((event) => event.task !== task) }), what: `all events of ${task}` };
  for (const [i, { task, on }] of events.entries())
    yield { scenario: having({ events: events.toSpliced(i, 1) }), what: `${task}: slot ${on ? 'on' : 'off'}` };
  for (const [name, least] of Object.entries(COUNTS) as [keyof typeof COUNTS, number][]) {
    const count = spec[name];
    for (const n of new Set([least, ...fewer(count)]))
      if (n < count) yield { scenario: having({ spec: { ...spec, [name]: n } }), what: `${count - n} of ${count} ${name}` };
  }
}
