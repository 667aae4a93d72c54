/**
 * Builds the HostSpec from the checked fields of a scenario file and checks what holds between them. No kernel counterpart.
 */
import type { AdapterSpec, CpuModel, GuestSpec, HostSpec, MdevSpec, Workload } from '../machine/host-spec.ts';
import { toCodeWorkload } from './code-workload.ts';
import { didYouMean } from './did-you-mean.ts';
import { toHostPrograms } from './host-workload.ts';
import { hostMasks, toMdevs } from './mdevs.ts';
import { refuseSie, sieOnEach, toNested } from './nested.ts';
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
  const { kernel, apxa, ultravisorAiv, serviceScale, workload } = host;
  refuseBeyondApxa(source, host);
  return {
    kernel,
    ...(apxa ? {} : { apxa }),
    ...(ultravisorAiv ? { ultravisorAiv } : {}),
    adapters,
    domains,
    controlDomains,
    apmask,
    aqmask,
    serviceScale,
    ...(workload === undefined ? {} : { workload: toHostPrograms(workload) }),
    mdevs: mdevSpecs,
    guests: guestSpecs,
  };
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

/** Without APXA. */
const LAST_ADAPTER = 63;
const LAST_DOMAIN = 15;

function refuseBeyondApxa(source: ScenarioSource, { apxa, adapters, domains, controlDomains = [] }: HostFields): void {
  if (apxa) return;
  const refuse = (path: FieldPath, ids: readonly number[], what: string, last: number): void => {
    if (ids.some((id) => id > last)) throw source.problem(path, { expected: `${what} from 0 to ${last}, as the host has no APXA` });
  };
  if (!Array.isArray(adapters)) refuse(['host', 'adapters', 'range'], idsOf(adapters), 'adapters', LAST_ADAPTER);
  else {
    adapters.forEach((entry, i) => {
      const field = entry.id === undefined ? 'range' : 'id';
      refuse(['host', 'adapters', i, field], idsOf(entry.id ?? entry), 'adapters', LAST_ADAPTER);
    });
  }
  domains.forEach((entry, i) => refuse(['host', 'domains', i], idsOf(entry), 'domains', LAST_DOMAIN));
  controlDomains.forEach((entry, i) => refuse(['host', 'controlDomains', i], idsOf(entry), 'domains', LAST_DOMAIN));
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
  found.forEach(({ mdev, apie, cpu, workload }, i) => {
    if (workload?.rsa === undefined) return;
    const why = unreachable({ mdev, apie, cpu });
    if (why === null) return;
    throw source.problem(['guests', i, 'workload'], { expected: `no workload for a guest that can never reach a card, as ${why}` });
  });
  return found.map(({ nested: _nested, cpu, ...guest }, i) => ({
    ...guest,
    apie: guest.apie && cpu?.ap !== false,
    ...toCpu(cpu),
    workload: toWorkload(source, found[i]!, ['guests', i, 'workload']),
    ...toNested(source, found[i]!, ['guests', i, 'nested']),
  }));
}

/** Why a guest with a driver never finds a card. */
function unreachable({ mdev, apie, cpu }: Pick<GuestFields, 'mdev' | 'apie' | 'cpu'>): string | null {
  if (mdev === null) return 'it has no mdev';
  if (!apie) return 'AP instructions are not provided to it (apie: false)';
  if (cpu?.ap === false) return 'AP instructions are not provided to it (cpu: { ap: false })';
  return cpu?.apft === false ? 'its kernel cannot tell one card from another (cpu: { apft: false })' : null;
}

/** The word `ap` has become `apie`. */
function toCpu(cpu: GuestFields['cpu']): { readonly cpu?: CpuModel } {
  if (cpu === undefined) return {};
  const { ap: _ap, ...model } = cpu;
  return Object.values(model).every(Boolean) ? {} : { cpu: model };
}

function toWorkload(source: ScenarioSource, { workload, vcpus, nested }: GuestFields, path: FieldPath): Workload | null {
  if (workload === null) return nested === undefined ? null : sieOnEach(vcpus);
  const { rsa, instructions, cpus, elf, program } = workload;
  if (rsa !== undefined) return { kind: 'rsa', ...rsa };
  if ((elf ?? program) !== undefined) return toCodeWorkload(source, workload, path);
  if (nested === undefined) {
    refuseSie(source, instructions ?? [], [...path, 'instructions']);
    cpus?.forEach((list, i) => refuseSie(source, list, [...path, 'cpus', i]));
  }
  if (cpus === undefined) return { kind: 'instructions', cpus: Array.from({ length: vcpus }, () => instructions ?? []) };
  if (cpus.length <= vcpus) return { kind: 'instructions', cpus };
  throw source.problem([...path, 'cpus', vcpus], { expected: `at most ${vcpus} lists of instructions, one a vCPU`, got: `${cpus.length}` });
}
