/**
 * A scenario with fewer events: without a guest and what is done to it, without a task, without a turn of a repeat, without an event.
 * No kernel counterpart.
 */
import type { MdevSpec } from '../machine/host-spec.ts';
import type { EventSpec, Scenario, Verb } from './scenario.ts';
import type { Smaller } from './smaller.ts';
import { verbText } from './verb-actions.ts';

/** First with its mdev and all that is done to that, then what another one does not need. */
export function* withoutGuest(scenario: Scenario): IterableIterator<Smaller> {
  const { host, events } = scenario;
  for (const guest of host.guests) {
    const left = { ...host, guests: host.guests.filter((other) => other !== guest) };
    const others = eventsWhere(events, (verb) => !isAboutGuest(verb, guest.name));
    const mdev = host.mdevs.find(({ name }) => name === guest.mdev);
    if (mdev !== undefined) {
      const mdevs = host.mdevs.filter((other) => other !== mdev);
      const rest = eventsWhere(others, (verb) => !isAboutMdev(verb, mdev));
      yield { scenario: { ...scenario, host: { ...left, mdevs }, events: rest }, what: `${guest.name} and ${mdev.name} with their events` };
    }
    yield { scenario: { ...scenario, host: left, events: others }, what: `${guest.name} with its events` };
  }
}

export function* withoutTask(scenario: Scenario): IterableIterator<Smaller> {
  const { events } = scenario;
  for (const task of new Set(events.map((event) => event.task))) {
    const others = events.filter((event) => event.task !== task);
    const left = eventsWhere(others, (verb) => verb.kind !== 'signal' || verb.to !== task);
    yield { scenario: { ...scenario, events: left }, what: `all events of ${task}` };
  }
}

/** A single turn is no repeat. */
export function* fewerTurns(scenario: Scenario): IterableIterator<Smaller> {
  for (const { event, replacedBy } of eachEvent(scenario.events)) {
    const { verb, at } = event;
    if (verb.kind !== 'repeat') continue;
    const [first, ...others] = verb.events;
    const once = first === undefined ? [] : [{ ...first, at }, ...others];
    yield { scenario: { ...scenario, events: replacedBy(once) }, what: `${verb.times - 1} of ${verb.times} turns of ${event.task}` };
    for (const times of verb.times > 3 ? [verb.times >> 1] : [verb.times - 1].filter((n) => n > 1)) {
      const turns = [{ ...event, verb: { ...verb, times } }];
      yield { scenario: { ...scenario, events: replacedBy(turns) }, what: `${verb.times - times} of ${verb.times} turns of ${event.task}` };
    }
  }
}

export function* withoutEvent(scenario: Scenario): IterableIterator<Smaller> {
  const { events, host } = scenario;
  for (const { event, replacedBy } of eachEvent(events))
    yield { scenario: { ...scenario, events: replacedBy([]) }, what: `${event.task}: ${eventText(event.verb, host.mdevs)}` };
}

/** Begins as soon as its task comes to it. */
export function* withoutWaiting(scenario: Scenario): IterableIterator<Smaller> {
  for (const [i, event] of scenario.events.entries()) {
    if (event.at === null) continue;
    const events = scenario.events.with(i, { ...event, at: null });
    yield { scenario: { ...scenario, events }, what: `${event.task} waits no longer to ${eventText(event.verb, scenario.host.mdevs)}` };
  }
}

/** As reports write it. */
export function eventText(verb: Verb, mdevs: readonly MdevSpec[]): string {
  return verbText(verb, (path) => mdevs.reduce((text, { uuid, name }) => text.replace(uuid, name), path));
}

/** Those of which it holds, in repeats too; a repeat of nothing is nothing. */
export function eventsWhere(events: readonly EventSpec[], holds: (verb: Verb) => boolean): EventSpec[] {
  return mapVerbs(events, (event) => (holds(event.verb) ? event : null));
}

/** Changes every event that is no repeat; null leaves it out. */
export function mapVerbs(events: readonly EventSpec[], change: (event: EventSpec) => EventSpec | null): EventSpec[] {
  return events.flatMap((event) => {
    const { verb } = event;
    return verb.kind === 'repeat' ? repeated(event, mapVerbs(verb.events, change)) : (change(event) ?? []);
  });
}

function repeated(event: EventSpec, events: readonly EventSpec[]): EventSpec[] {
  const { verb } = event;
  return verb.kind === 'repeat' && events.length > 0 ? [{ ...event, verb: { ...verb, events } }] : [];
}

interface EventAt {
  readonly event: EventSpec;
  /** All events, with these instead of this one. */
  readonly replacedBy: (others: readonly EventSpec[]) => EventSpec[];
}

/** Repeats before what is in them. */
function* eachEvent(events: readonly EventSpec[]): IterableIterator<EventAt> {
  for (const [i, event] of events.entries()) {
    yield { event, replacedBy: (others) => events.toSpliced(i, 1, ...others) };
    if (event.verb.kind !== 'repeat') continue;
    for (const inner of eachEvent(event.verb.events))
      yield { event: inner.event, replacedBy: (others) => events.toSpliced(i, 1, ...repeated(event, inner.replacedBy(others))) };
  }
}

const isAboutGuest = (verb: Verb, guest: string): boolean => 'guest' in verb && verb.guest === guest;

export function isAboutMdev(verb: Verb, { uuid }: MdevSpec): boolean {
  if (verb.kind === 'open') return verb.mdev.uuid === uuid;
  if (verb.kind === 'write') return verb.path.includes(uuid) || verb.value.trimEnd() === uuid;
  return verb.kind === 'read' && verb.path.includes(uuid);
}
