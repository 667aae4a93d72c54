/**
 * How much there is in a scenario, in a few figures. No kernel counterpart.
 */
import type { EventSpec, Scenario } from './scenario.ts';

export interface ScenarioFigures {
  /** Those of a repeat once. */
  readonly events: number;
  /** Tasks of the events. */
  readonly tasks: number;
  readonly guests: number;
  readonly vcpus: number;
}

export function figuresOf({ host, events, zpci }: Scenario): ScenarioFigures {
  if (zpci !== undefined) {
    const tasks = new Set(zpci.events.map(({ task }) => task));
    return { events: zpci.events.length, tasks: tasks.size, guests: 1, vcpus: zpci.spec.vcpus };
  }
  const tasks = new Set(events.map(({ task }) => task));
  const vcpus = host.guests.reduce((sum, guest) => sum + guest.vcpus, 0);
  return { events: countEvents(events), tasks: tasks.size, guests: host.guests.length, vcpus };
}

const countEvents = (events: readonly EventSpec[]): number =>
  events.reduce((sum, { verb }) => sum + (verb.kind === 'repeat' ? countEvents(verb.events) : 1), 0);
