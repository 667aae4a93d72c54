/**
 * Events of a scenario as fields of its file again. No kernel counterpart.
 */
import type { MdevSpec } from '../machine/host-spec.ts';
import { faultFields } from './fault-verb.ts';
import type { IoctlVerb } from './ioctl-verb.ts';
import { createValue, withUuid } from './mdev-paths.ts';
import type { EventSpec, SlotEvent, Verb } from './scenario.ts';
import { timeText, whenText, type FieldValue } from './text-values.ts';

type Fields = Readonly<Record<string, FieldValue>>;

/** Paths name mdevs as the scenario does. */
export function eventFields(event: EventSpec, mdevs: readonly MdevSpec[]): Fields {
  const names = new Map(mdevs.map(({ uuid, name }) => [uuid, name]));
  return { ...(event.at === null ? {} : { at: whenText(event.at) }), task: event.task, ...orderFields(event, names) };
}

export function slotEventFields({ task, on, expect }: SlotEvent): Fields {
  return { task, 'slot-power': on ? 'on' : 'off', ...expected(expect) };
}

const expected = (expect: string | null): Fields => (expect === null ? {} : { expect });

const orderFields = ({ verb, expect }: EventSpec, names: ReadonlyMap<string, string>): Fields => ({
  ...verbFields(verb, names),
  ...expected(expect),
});

function verbFields(verb: Verb, names: ReadonlyMap<string, string>): Fields {
  switch (verb.kind) {
    case 'write':
      return { write: [withUuid(verb.path, names), createValue(verb.path, verb.value, names)] };
    case 'read':
      return { read: withUuid(verb.path, names) };
    case 'attach':
    case 'detach':
    case 'pv-start':
    case 'pv-stop':
    case 'unmap':
    case 'map':
      return { do: verb.kind, guest: verb.guest };
    case 'open':
      return { do: 'open', guest: verb.guest, mdev: verb.mdev.name, ...(verb.keep ? { keep: true } : {}) };
    case 'ioctl':
      return ioctlFields(verb);
    case 'signal':
      return { do: 'signal', to: verb.to };
    case 'unbind':
      return { do: 'unbind', queue: verb.queue };
    case 'bind':
      return { do: 'bind', queue: verb.queue, driver: verb.driver };
    case 'checkstop':
      return { do: 'checkstop', adapter: verb.adapter, on: verb.on };
    case 'plug':
      return { do: 'host-config', plug: verb.adapters.map(({ id, type }) => ({ id, type })) };
    case 'unplug':
      return { do: 'host-config', unplug: verb.adapters };
    case 'domains':
      return { do: 'host-config', [verb.use === 'usage' ? 'domains' : 'controlDomains']: verb.domains };
    case 'fault':
      return faultFields(verb);
    case 'pause':
      return { do: 'pause', for: timeText(verb.ms) };
    case 'repeat':
      // They have the task of the repeat.
      return { repeat: verb.times, events: verb.events.map((event) => orderFields(event, names)) };
  }
}

function ioctlFields({ guest, request, argument, memory }: IoctlVerb): Fields {
  return { do: 'ioctl', guest, request, ...argument, ...(memory === 'whole' ? {} : { memory }) };
}
