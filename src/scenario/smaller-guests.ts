/**
 * A scenario whose guests do less: fewer vCPUs, fewer instructions and operations, none at all. No kernel counterpart.
 */
import type { GuestSpec, InstructionWorkload, RsaWorkload, Workload } from '../machine/host-spec.ts';
import type { Scenario } from './scenario.ts';
import { fewer, withoutChunks, type Smaller } from './smaller.ts';

interface Less {
  readonly guest: GuestSpec;
  readonly what: string;
}

export function* withoutWorkload(scenario: Scenario): IterableIterator<Smaller> {
  yield* eachGuest(scenario, ({ workload, ...guest }) =>
    // Without a workload a nested guest is run by every vCPU: it has to go first.
    workload === null || guest.nested !== undefined ? [] : [{ guest: { ...guest, workload: null }, what: 'its workload' }],
  );
}

/** A guest that runs a nested one says so in its workload: both go, or the nested one does less. */
export function* withoutNested(scenario: Scenario): IterableIterator<Smaller> {
  yield* eachGuest(scenario, function* (guest): IterableIterator<Less> {
    const { nested, ...alone } = guest;
    if (nested === undefined) return;
    yield { guest: { ...alone, workload: withoutSie(guest.workload) }, what: 'its nested guest' };
    for (const { left, dropped } of withoutChunks(nested.instructions)) {
      const what = `in its nested guest ${dropped.map(({ text }) => text).join(', ')}`;
      yield { guest: { ...guest, nested: { ...nested, instructions: left } }, what };
    }
  });
}

function withoutSie(workload: Workload | null): Workload | null {
  if (workload?.kind !== 'instructions') return workload;
  return { ...workload, cpus: workload.cpus.map((list) => list.filter(({ name }) => name !== 'sie')) };
}

export function* fewerVcpus(scenario: Scenario): IterableIterator<Smaller> {
  yield* eachGuest(scenario, function* (guest): IterableIterator<Less> {
    const { vcpus, workload } = guest;
    if (workload?.kind !== 'instructions') {
      for (const n of fewer(vcpus)) yield { guest: { ...guest, vcpus: n }, what: some(vcpus - n, vcpus, 'vCPUs') };
      return;
    }
    const busy = workload.cpus.length;
    if (busy < vcpus && vcpus > 1)
      yield { guest: { ...guest, vcpus: Math.max(busy, 1) }, what: some(vcpus - Math.max(busy, 1), vcpus, 'vCPUs') };
    if (vcpus < 2) return;
    for (const { left, dropped } of withoutChunks(workload.cpus)) {
      const smaller = { ...guest, vcpus: Math.max(vcpus - dropped.length, 1), workload: { ...workload, cpus: left } };
      if (smaller.vcpus < vcpus) yield { guest: smaller, what: some(vcpus - smaller.vcpus, vcpus, 'vCPUs') };
    }
  });
}

export function* shorterWorkload(scenario: Scenario): IterableIterator<Smaller> {
  yield* eachGuest(scenario, function* (guest): IterableIterator<Less> {
    const { workload } = guest;
    if (workload === null || workload.kind === 'code') return;
    const shorter = workload.kind === 'rsa' ? fewerRequests(workload) : fewerInstructions(workload);
    for (const { workload: less, what } of shorter) yield { guest: { ...guest, workload: less }, what };
  });
}

type Shorter = IterableIterator<{ readonly workload: Workload; readonly what: string }>;

function* fewerInstructions(workload: InstructionWorkload): Shorter {
  for (const [i, instructions] of workload.cpus.entries()) {
    for (const { left, dropped } of withoutChunks(instructions)) {
      const cpus = workload.cpus.with(i, left);
      yield { workload: { ...workload, cpus }, what: `on vCPU ${i} ${dropped.map(({ text }) => text).join(', ')}` };
    }
  }
}

function* fewerRequests(workload: RsaWorkload): Shorter {
  const { operations, bits, forms } = workload;
  for (const n of fewer(operations))
    yield { workload: { ...workload, operations: n }, what: some(operations - n, operations, 'operations') };
  for (const { left, dropped } of withoutChunks(bits))
    if (left.length > 0) yield { workload: { ...workload, bits: left }, what: `keys of ${dropped.join(', ')} bits` };
  for (const { left, dropped } of withoutChunks(forms))
    if (left.length > 0) yield { workload: { ...workload, forms: left }, what: `requests in the form ${dropped.join(', ')}` };
}

const some = (n: number, all: number, what: string): string => `${n} of ${all} ${what}`;

function* eachGuest(scenario: Scenario, less: (guest: GuestSpec) => Iterable<Less>): IterableIterator<Smaller> {
  const { host } = scenario;
  for (const [i, guest] of host.guests.entries()) {
    for (const { guest: smaller, what } of less(guest))
      yield { scenario: { ...scenario, host: { ...host, guests: host.guests.with(i, smaller) } }, what: `${guest.name}: ${what}` };
  }
}
