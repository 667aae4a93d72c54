/**
 * Builds the HostSpec from the checked fields of a scenario file and checks what holds between them. No kernel counterpart.
 */
import type { AdapterSpec, GuestSpec, HostSpec, MdevSpec, Workload } from '../machine/host-spec.ts';
import { didYouMean } from './did-you-mean.ts';
import { hostMasks, toMdevs } from './mdevs.ts';
import type { FieldPath } from './place.ts';
import type { ScenarioSource } from './source.ts';
import type { AdapterEntry, DomainEntry, GuestFields, HostFields, MdevFields } from './topology-schema.ts';
import { refuseRepeats } from './unique.ts';

export interface TopologyFields {
  readonly host: HostFields;
  readonly mdevs: readonly MdevFields[];
  readonly guests: readonly GuestFields[];
}

export function toHost(source: ScenarioSource, { host, mdevs, guests }: TopologyFields): HostSpec {
  const apmask = host.apmask ?? null;
  const aqmask = host.aqmask ?? null;
  const adapters = toAdapters(source, host.adapters);
  const domains = toDomains(source, ['host', 'domains'], host.domains);
  const controlDomains = host.controlDomains === undefined ? domains : toDomains(source, ['host', 'controlDomains'], host.controlDomains);
  const mdevSpecs = toMdevs(source, mdevs, hostMasks(apmask, aqmask));
  const guestSpecs = toGuests(source, guests, mdevSpecs);
  const { kernel, serviceScale } = host;
  if (kernel !== 'current') throw source.problem(['host', 'kernel'], { expected: 'current, as older kernels are not emulated yet' });
  return { kernel, adapters, domains, controlDomains, apmask, aqmask, serviceScale, mdevs: mdevSpecs, guests: guestSpecs };
}

function toAdapters(source: ScenarioSource, entries: HostFields['adapters']): AdapterSpec[] {
  const listed = Array.isArray(entries);
  const adapters: AdapterSpec[] = [];
  const places: [number, FieldPath][] = [];
  (listed ? entries : [entries]).forEach((entry: AdapterEntry, i) => {
    const path: FieldPath = listed ? ['host', 'adapters', i] : ['host', 'adapters'];
    for (const id of idsOf(entry.id ?? entry)) {
      adapters.push({ id, type: entry.type });
      places.push([id, [...path, entry.id === undefined ? 'range' : 'id']]);
    }
  });
  refuseRepeats(source, places, 'each adapter once');
  return adapters;
}

function toDomains(source: ScenarioSource, path: FieldPath, entries: readonly DomainEntry[]): number[] {
  const places = entries.flatMap((entry, i) => idsOf(entry).map((id): [number, FieldPath] => [id, [...path, i]]));
  refuseRepeats(source, places, 'each domain once');
  return places.map(([id]) => id);
}

/** The numbers that a single id or a range stands for. */
function idsOf(entry: number | { readonly range?: readonly [number, number] | undefined }): number[] {
  if (typeof entry === 'number') return [entry];
  if (entry.range === undefined) throw new Error('expected an entry with an id or a range, got neither; the schema checks that');
  const [first, last] = entry.range;
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function toGuests(source: ScenarioSource, found: readonly GuestFields[], mdevs: readonly MdevSpec[]): GuestSpec[] {
  refuseRepeats(
    source,
    found.map((guest, i) => [guest.name, ['guests', i, 'name']]),
    'a name that no other guest has',
  );
  const names = mdevs.map((mdev) => mdev.name);
  found.forEach(({ mdev }, i) => {
    if (mdev === null || names.includes(mdev)) return;
    const expected = `the name of an mdev of this file (${names.join(', ') || 'it has none'})`;
    throw source.problem(['guests', i, 'mdev'], { expected, hint: didYouMean(mdev, names) });
  });
  const used = found.flatMap(({ mdev }, i): [string, FieldPath][] => (mdev === null ? [] : [[mdev, ['guests', i, 'mdev']]]));
  refuseRepeats(source, used, 'an mdev that no other guest has');
  found.forEach(({ mdev, apie, workload }, i) => {
    if (workload?.rsa === undefined || (mdev !== null && apie)) return;
    const why = mdev === null ? 'it has no mdev' : 'AP instructions are not provided to it (apie: false)';
    throw source.problem(['guests', i, 'workload'], { expected: `no workload for a guest that can never reach a card, as ${why}` });
  });
  return found.map((guest, i) => ({ ...guest, workload: toWorkload(source, guest, ['guests', i, 'workload']) }));
}

function toWorkload(source: ScenarioSource, { workload, vcpus }: GuestFields, path: FieldPath): Workload | null {
  if (workload === null) return null;
  const { rsa, instructions, cpus } = workload;
  if (rsa !== undefined) return { kind: 'rsa', ...rsa };
  if (cpus === undefined) return { kind: 'instructions', cpus: Array.from({ length: vcpus }, () => instructions ?? []) };
  if (cpus.length <= vcpus) return { kind: 'instructions', cpus };
  throw source.problem([...path, 'cpus', vcpus], { expected: `at most ${vcpus} lists of instructions, one a vCPU`, got: `${cpus.length}` });
}
