/**
 * Reads the events of a scenario file: picks the form by the verb, checks it, and resolves the names in it. No kernel counterpart.
 */
import { hostOperations, operationsOf, type AdapterSpec, type GuestSpec, type HostSpec, type MdevSpec } from '../machine/host-spec.ts';
import { didYouMean } from './did-you-mean.ts';
import { DO_VERBS, eventForms, KEY_VERBS, type EventFields, type VerbName } from './event-schema.ts';
import { FAULT_OPTIONS, OPTIONS_OF, toFault } from './fault-verb.ts';
import { ARGUMENT_FIELDS, FIELDS_OF, type IoctlArgument } from './ioctl-verb.ts';
import { createValue, withUuid } from './mdev-paths.ts';
import type { FieldPath } from './place.ts';
import type { EventSpec, Verb, When } from './scenario.ts';
import type { ScenarioSource } from './source.ts';
import { validate } from './validate.ts';

/** What events of every form have; a pause and a repeat have no `expect`. */
interface OrderFields {
  readonly at?: When | undefined;
  readonly task?: string | undefined;
  readonly expect?: string | undefined;
}

/** Reads all events of a file; `count` is how many there are. */
export function toEvents(source: ScenarioSource, count: number, host: HostSpec): EventSpec[] {
  const reader = new EventReader(source, host);
  const events = Array.from({ length: count }, (_, i) => reader.event(['events', i], null));
  const tasks = [...new Set(events.map(({ task }) => task))];
  for (const { to, path } of reader.signals) {
    if (tasks.includes(to)) continue;
    throw source.problem(path, { expected: `the name of a task of this file (${tasks.join(', ')})`, hint: didYouMean(to, tasks) });
  }
  return events;
}

/** One event, told to a host that is up: the whole text is its form. Its task is `task` unless it names one; it begins at once. */
export function toEvent(source: ScenarioSource, host: HostSpec, task: string): EventSpec {
  if (source.nodeAt(['at']) !== undefined) throw source.keyProblem([], 'at', { expected: 'no "at": the event begins at once' });
  return new EventReader(source, host).event([], null, task);
}

class EventReader {
  /** Tasks that are signalled, to be looked for when all tasks are known. */
  readonly signals: { to: string; path: FieldPath }[] = [];
  private readonly source: ScenarioSource;
  private readonly host: HostSpec;
  private readonly uuids: ReadonlyMap<string, string>;
  /** Operations of all workloads together: what a share and a count refer to. */
  private readonly operations: number;
  /** Adapters that the host has, or that an event read so far plugs. */
  private readonly adapters: Map<number, AdapterSpec>;

  constructor(source: ScenarioSource, host: HostSpec) {
    this.source = source;
    this.host = host;
    this.uuids = new Map(host.mdevs.map((mdev) => [mdev.name, mdev.uuid]));
    this.operations = host.guests.reduce((sum, guest) => sum + operationsOf(guest), hostOperations(host));
    this.adapters = new Map(host.adapters.map((adapter) => [adapter.id, adapter]));
  }

  /** `around`: the task of the repeat that the event is in, null outside one; `usual`: whose it is if nothing says so. */
  event(path: FieldPath, around: string | null, usual = around): EventSpec {
    const name = this.verbName(path);
    const fields: OrderFields = validate(this.source, path, eventForms[name]);
    const at = fields.at ?? null;
    if (around !== null && at !== null) {
      throw this.source.problem([...path, 'at'], { expected: 'no "at" inside a repeat: its events follow each other' });
    }
    this.checkWhen(at, [...path, 'at']);
    const task = fields.task ?? usual;
    if (task === null) throw this.source.problem([...path, 'task'], { expected: 'the name of the task' });
    if (around !== null && task !== around) {
      throw this.source.problem([...path, 'task'], { expected: `${around}, the task of the repeat, or none` });
    }
    const verb = this.verb(name, fields, path, task);
    return { at, task, verb, expect: fields.expect ?? null, place: this.source.placeOf(path) };
  }

  private verbName(path: FieldPath): VerbName {
    const node = this.source.nodeAt(path)!;
    const known = [...KEY_VERBS, ...DO_VERBS];
    const form = `one verb: ${KEY_VERBS.join(', ')}, or do: with ${DO_VERBS.join(', ')}`;
    const [key, second] = [...KEY_VERBS, 'do' as const].filter((verb) => node.children.has(verb));
    if (key === undefined) throw this.source.problem(path, { expected: form });
    if (second !== undefined) throw this.source.keyProblem(path, second, { expected: form, hint: `"${key}" is one already` });
    if (key !== 'do') return key;
    const word = node.children.get('do')!.value;
    const verb = DO_VERBS.find((candidate) => candidate === word);
    if (verb !== undefined) return verb;
    const hint = typeof word === 'string' ? didYouMean(word, known) : undefined;
    throw this.source.problem([...path, 'do'], { expected: `one of ${DO_VERBS.join(', ')}`, hint });
  }

  /** `fields` has passed the form of the verb, which is what makes the casts true. */
  private verb(name: VerbName, fields: OrderFields, path: FieldPath, task: string): Verb {
    const as = <V extends VerbName>(_verb: V) => fields as unknown as EventFields<V>;
    switch (name) {
      case 'write': {
        // The text as written, so that an unquoted 0xab is stored as 0xab and not as 171.
        const value = this.source.nodeAt([...path, 'write', 1])!.scalar!;
        {
          const [path] = as(name).write;
          return { kind: 'write', path: withUuid(path, this.uuids), value: createValue(path, value, this.uuids) };
        }
      }
      case 'read':
        return { kind: 'read', path: withUuid(as(name).read, this.uuids) };
      case 'attach':
      case 'detach':
        return { kind: name, guest: this.guestWithMdev(as(name).guest, [...path, 'guest']) };
      case 'open':
        return {
          kind: name,
          guest: this.guest(as(name).guest, [...path, 'guest']).name,
          mdev: this.mdev(as(name).mdev, [...path, 'mdev']),
          keep: as(name).keep,
        };
      case 'pv-start':
      case 'pv-stop':
      case 'unmap':
      case 'map':
        return { kind: name, guest: this.guest(as(name).guest, [...path, 'guest']).name };
      case 'ioctl':
        return this.ioctl(as(name), path);
      case 'signal': {
        const { to } = as(name);
        this.signals.push({ to, path: [...path, 'to'] });
        return { kind: 'signal', to };
      }
      case 'unbind':
        return { kind: 'unbind', queue: as(name).queue };
      case 'bind':
        return { kind: 'bind', queue: as(name).queue, driver: as(name).driver };
      case 'checkstop':
        return { kind: 'checkstop', adapter: this.adapter(as(name).adapter, [...path, 'adapter']).id, on: as(name).on };
      case 'host-config':
        return this.hostConfig(as(name), path);
      case 'fault':
        return this.fault(as(name), path);
      case 'pause':
        return { kind: 'pause', ms: as(name).for };
      case 'repeat': {
        const { repeat: times, events } = as(name);
        return { kind: 'repeat', times, events: events.map((_, i) => this.event([...path, 'events', i], task)) };
      }
    }
  }

  /** A field that the struct of the request does not have says that something else was meant. */
  private ioctl(event: EventFields<'ioctl'>, path: FieldPath): Verb {
    const { request, memory } = event;
    const known = typeof request === 'number' ? [] : FIELDS_OF[request];
    const given = ARGUMENT_FIELDS.filter((field) => event[field] !== undefined);
    const wrong = given.find((field) => !known.includes(field));
    if (wrong !== undefined) {
      const expected = known.length === 0 ? `no argument for ${request}` : `of the argument of ${request} only ${known.join(', ')}`;
      throw this.source.keyProblem(path, wrong, { expected });
    }
    const guest = this.guestWithMdev(event.guest, [...path, 'guest']);
    const argument: IoctlArgument = Object.fromEntries(given.map((field) => [field, event[field]]));
    return { kind: 'ioctl', guest, request, argument, memory };
  }

  /** An option that this kind of fault does not have says that something else was meant. */
  private fault(event: EventFields<'fault'>, path: FieldPath): Verb {
    const { kind, queue, adapter } = event;
    const known = OPTIONS_OF[kind];
    const wrong = FAULT_OPTIONS.find((option) => event[option] !== undefined && !known.includes(option));
    if (wrong !== undefined) {
      const expected = known.length === 0 ? `no option of ${kind}` : `of the options of ${kind} only ${known.join(', ')}`;
      throw this.source.keyProblem(path, wrong, { expected });
    }
    if (queue === undefined) return toFault(event, this.adapter(adapter!, [...path, 'adapter']).id, null);
    const [card, domain] = queue.split('.').map((text) => Number.parseInt(text, 16)) as [number, number];
    return toFault(event, this.adapter(card, [...path, 'queue']).id, domain);
  }

  private hostConfig({ plug, unplug, domains, controlDomains }: EventFields<'host-config'>, path: FieldPath): Verb {
    const lists = { domains, controlDomains, plug: plug?.map((entry) => (typeof entry === 'number' ? entry : entry.id)) };
    for (const [field, ids] of Object.entries(lists)) ids?.forEach((id, i) => this.checkApxa(id, [...path, field, i]));
    if (domains !== undefined) return { kind: 'domains', use: 'usage', domains };
    if (controlDomains !== undefined) return { kind: 'domains', use: 'control', domains: controlDomains };
    if (unplug !== undefined) return { kind: 'unplug', adapters: unplug.map((id, i) => this.adapter(id, [...path, 'unplug', i]).id) };
    const adapters = plug!.map((entry, i) => (typeof entry === 'number' ? this.adapter(entry, [...path, 'plug', i]) : entry));
    for (const adapter of adapters) this.adapters.set(adapter.id, adapter);
    return { kind: 'plug', adapters };
  }

  private checkApxa(id: number, path: FieldPath): void {
    const last = path.at(-2) === 'plug' ? 63 : 15;
    if (this.host.apxa === false && id > last) {
      throw this.source.problem(path, { expected: `a number from 0 to ${last}, as the host has no APXA` });
    }
  }

  private adapter(id: number, path: FieldPath): AdapterSpec {
    const known = this.adapters.get(id);
    if (known !== undefined) return known;
    throw this.source.problem(path, { expected: 'an adapter of the host, or one that an earlier event plugs as { id, type }' });
  }

  private mdev(name: string, path: FieldPath): MdevSpec {
    const names = this.host.mdevs.map((mdev) => mdev.name);
    const found = this.host.mdevs.find((mdev) => mdev.name === name);
    if (found !== undefined) return found;
    const expected = `the name of an mdev of this file (${names.join(', ') || 'it has none'})`;
    throw this.source.problem(path, { expected, hint: didYouMean(name, names) });
  }

  private guest(name: string, path: FieldPath): GuestSpec {
    const names = this.host.guests.map((guest) => guest.name);
    const found = this.host.guests.find((guest) => guest.name === name);
    if (found === undefined) {
      const expected = `the name of a guest of this file (${names.join(', ') || 'it has none'})`;
      throw this.source.problem(path, { expected, hint: didYouMean(name, names) });
    }
    return found;
  }

  private guestWithMdev(name: string, path: FieldPath): string {
    if (this.guest(name, path).mdev !== null) return name;
    throw this.source.problem(path, { expected: 'a guest with an mdev', got: `${name}, which has none` });
  }

  /** A point that the workloads never reach would make the event, and the run, wait for ever. */
  private checkWhen(at: When | null, path: FieldPath): void {
    if (at?.kind !== 'share' && at?.kind !== 'operations') return;
    const code = this.host.guests.some(({ workload }) => workload?.kind === 'code');
    if (code && at.kind === 'operations') return;
    if (code)
      throw this.source.problem(path, { expected: 'now, a time or a number of operations, as nobody knows how many a program does' });
    if (this.operations === 0) throw this.source.problem(path, { expected: 'now or a time, as no guest has a workload' });
    if (at.kind === 'operations' && at.count > this.operations) {
      throw this.source.problem([...path, 'op'], { expected: `at most ${this.operations}, the operations of all workloads` });
    }
  }
}
