/**
 * A scenario as the text of a file again: what is written loads to an equal scenario, places apart. Whatever the loader fills in by itself
 * is left out. No kernel counterpart.
 */
import { Document, isCollection, isMap, isScalar, isSeq, Scalar, visit, type ScalarTag, type YAMLMap } from 'yaml';
import type { GuestSpec, HostSpec, MdevSpec, NestedSpec, Workload } from '../machine/host-spec.ts';
import { codeWorkloadText } from './code-workload.ts';
import { eventFields, slotEventFields } from './event-text.ts';
import type { Expectation, ExpectedKinds } from './expectation.ts';
import { hostWorkloadText } from './host-workload.ts';
import { mdevUuid } from './mdev-uuid.ts';
import type { Scenario } from './scenario.ts';
import { numberText, type FieldValue } from './text-values.ts';

type Fields = Readonly<Record<string, FieldValue>>;

const WIDTH = 140;
/** The loader takes no powers of ten. */
const SMALL_NUMBER: ScalarTag = {
  tag: 'tag:yaml.org,2002:float',
  default: true,
  identify: (value) => typeof value === 'number' && String(value).includes('e'),
  // Of the tags for a value, those with a form of their own come first. Nothing is read with this one.
  test: /(?!)/,
  resolve: Number,
  stringify: ({ value }) => numberText(Number(value)),
};
/** Lists of these are written with one entry a line. */
const ONE_A_LINE: ReadonlySet<string> = new Set(['mdevs', 'guests', 'events']);

/** Ends with a newline. Loaded under the same file name it is the same scenario. */
export function scenarioText(scenario: Scenario): string {
  const { zpci, host, design, events, quirks, faults, expect } = scenario;
  const fields: Fields = {
    ...nameOf(scenario),
    ...(zpci === undefined ? topology(host) : { zpci: { ...zpci.spec } }),
    ...list('events', zpci === undefined ? events.map((event) => eventFields(event, host.mdevs)) : zpci.events.map(slotEventFields)),
    design,
    ...list('quirks', quirks),
    ...list('faults', faults),
    expect: expectation(expect),
  };
  const document = new Document(fields, { aliasDuplicateObjects: false, customTags: (tags) => [SMALL_NUMBER, ...tags] });
  if (isMap(document.contents)) layOut(document.contents);
  quote(document);
  return document.toString({ lineWidth: WIDTH });
}

/** A name that comes from a file name may be none that a file can give. */
const nameOf = ({ name }: Scenario): Fields => (/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name) ? { name } : {});

const list = (name: string, values: readonly FieldValue[]): Fields => (values.length === 0 ? {} : { [name]: values });

function topology(host: HostSpec): Fields {
  const { kernel, apxa, ultravisorAiv, adapters, domains, controlDomains, apmask, aqmask, serviceScale, workload, mdevs, guests } = host;
  return {
    host: {
      ...(kernel === 'current' ? {} : { kernel }),
      ...(apxa === false ? { apxa } : {}),
      ...(ultravisorAiv === true ? { ultravisorAiv } : {}),
      adapters: adapters.map(({ id, type }) => ({ id, type })),
      domains: ranges(domains),
      ...(same(domains, controlDomains) ? {} : { controlDomains: ranges(controlDomains) }),
      ...(apmask === null ? {} : { apmask }),
      ...(aqmask === null ? {} : { aqmask }),
      ...(serviceScale === 1 ? {} : { serviceScale }),
      ...(workload === undefined ? {} : { workload: hostWorkloadText(workload) }),
    },
    ...list('mdevs', mdevs.map(mdevFields)),
    ...list('guests', guests.map(guestFields)),
  };
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** From this many numbers in a row on, a range is easier to read. */
const LONG = 4;

function ranges(ids: readonly number[]): FieldValue[] {
  const runs: number[][] = [];
  for (const id of ids) {
    const run = runs.at(-1);
    if (run !== undefined && id === run.at(-1)! + 1) run.push(id);
    else runs.push([id]);
  }
  return runs.flatMap((run): FieldValue[] => (run.length < LONG ? run : [{ range: [run[0]!, run.at(-1)!] }]));
}

function mdevFields({ name, uuid, adapters, domains, controlDomains }: MdevSpec): Fields {
  return {
    name,
    ...(uuid === mdevUuid(name) ? {} : { uuid }),
    ...list('adapters', adapters),
    ...list('domains', domains),
    ...list('controlDomains', controlDomains),
  };
}

function guestFields({ name, mdev, vcpus, workload, apie, interrupts, attach, cpu, nested }: GuestSpec): Fields {
  return {
    name,
    ...(mdev === null ? {} : { mdev }),
    ...(apie ? {} : { apie }),
    ...(interrupts ? {} : { interrupts }),
    ...(attach ? {} : { attach }),
    ...(vcpus === 1 ? {} : { vcpus }),
    ...(workload === null ? {} : { workload: workloadFields(workload, vcpus) }),
    ...(cpu === undefined ? {} : { cpu: Object.fromEntries(Object.entries(cpu).filter(([, on]) => !on)) }),
    ...(nested === undefined ? {} : { nested: nestedFields(nested) }),
  };
}

function nestedFields({ format, adapters, domains, controlDomains, apie, crycb, instructions }: NestedSpec): Fields {
  return {
    ...(format === 2 ? {} : { format }),
    ...list('adapters', adapters),
    ...list('domains', domains),
    ...list('controlDomains', controlDomains),
    ...(apie ? {} : { apie }),
    ...(crycb === null ? {} : { crycb }),
    ...list(
      'instructions',
      instructions.map(({ text }) => text),
    ),
  };
}

/** One list stands for all vCPUs where they do the same. */
function workloadFields(workload: Workload, vcpus: number): Fields {
  if (workload.kind === 'code') return codeWorkloadText(workload);
  if (workload.kind === 'rsa') {
    const { operations, bits, forms } = workload;
    return { rsa: { operations, bits, forms } };
  }
  const cpus = workload.cpus.map((instructions) => instructions.map(({ text }) => text));
  const [first = []] = cpus;
  return cpus.length === vcpus && cpus.every((other) => same(first, other)) ? { instructions: first } : { cpus };
}

function expectation({ verdict, designs }: Expectation): Fields {
  const kinds = (expected: ExpectedKinds): FieldValue => (expected.length === 0 ? 'clean' : expected);
  const entries = Object.entries(designs).map(([design, expected]) => [design, kinds(expected)] as const);
  return { verdict: kinds(verdict), ...(entries.length === 0 ? {} : { designs: Object.fromEntries(entries) }) };
}

/** Small things in one line, as people write them. */
function layOut({ items }: YAMLMap): void {
  for (const { key, value } of items) {
    const name = isScalar(key) ? key.value : null;
    if (name === 'host' && isMap(value)) for (const field of value.items) inOneLine(field.value);
    else if (isSeq(value) && ONE_A_LINE.has(String(name))) for (const item of value.items) inOneLine(item);
    else inOneLine(value);
  }
}

/** The events of a repeat have a line each, too. */
function inOneLine(value: unknown): void {
  if (!isCollection(value)) return;
  if (isMap(value) && value.has('repeat')) layOut(value);
  else value.flow = true;
}

/** What nobody could take for a number or anything else but text. A queue alone reads like a fraction. */
const PLAIN = /^(?:[A-Za-z_/][\w/. -]*|[0-9]+(?:\.[0-9]+)?(?:%|ms))$/;
const QUEUE = /^[0-9a-fA-F]{1,2}\.[0-9a-fA-F]{4}$/;

function quote(document: Document): void {
  visit(document, {
    Scalar(key, scalar) {
      const { value } = scalar;
      if (typeof value !== 'string' || key === 'key') return;
      if (!PLAIN.test(value) || QUEUE.test(value)) scalar.type = Scalar.QUOTE_DOUBLE;
    },
  });
}
