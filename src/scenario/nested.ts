/**
 * Checks a nested guest of a scenario file against the guest that runs it. No kernel counterpart.
 */
import { parseInstruction, type GuestInstruction } from '../guest/guest-instruction.ts';
import type { NestedSpec, Workload } from '../machine/host-spec.ts';
import type { FieldPath } from './place.ts';
import type { ScenarioSource } from './source.ts';
import type { GuestFields, NestedFields } from './topology-schema.ts';

/** Highest adapter and domain of a CRYCB in format 0 or 1. */
const SMALL = { adapters: 63, domains: 15, controlDomains: 15 } as const;

/** Instructions that need what a nested guest has not. */
const REFUSED: Readonly<Partial<Record<GuestInstruction['name'], string>>> = {
  pqap: 'an instruction without registers: a nested guest has no storage',
  sie: 'an AP instruction: a nested guest has no guest',
};

/** Nothing where there is no nested guest. */
export function toNested(source: ScenarioSource, { nested, workload }: GuestFields, path: FieldPath): { readonly nested?: NestedSpec } {
  if (nested === undefined) return {};
  if (workload?.rsa !== undefined) {
    throw source.problem(path, { expected: 'no nested guest where the workload is rsa: a kernel that drives queues executes no SIE' });
  }
  if ((workload?.elf ?? workload?.program) !== undefined) {
    throw source.problem(path, { expected: 'no nested guest where the workload is machine code: it brings its own' });
  }
  if (nested.format !== 2) refuseLarge(source, nested, path);
  nested.instructions.forEach(({ name, text }, i) => {
    const expected = REFUSED[name];
    if (expected !== undefined) throw source.problem([...path, 'instructions', i], { expected, got: text });
  });
  return { nested };
}

function refuseLarge(source: ScenarioSource, nested: NestedFields, path: FieldPath): void {
  for (const field of ['adapters', 'domains', 'controlDomains'] as const) {
    nested[field].forEach((id, i) => {
      if (id <= SMALL[field]) return;
      const expected = `a number from 0 to ${SMALL[field]}, as format ${nested.format} has no more`;
      throw source.problem([...path, field, i], { expected, got: `${id}` });
    });
  }
}

/** What a guest with a nested one does unless it says otherwise: each vCPU runs it once. */
export function sieOnEach(vcpus: number): Workload {
  return { kind: 'instructions', cpus: Array.from({ length: vcpus }, () => [parseInstruction('sie')!]) };
}

/** SIE of a guest without a nested one could only be refused. */
export function refuseSie(source: ScenarioSource, list: readonly GuestInstruction[], path: FieldPath): void {
  list.forEach(({ name }, i) => {
    if (name === 'sie') throw source.problem([...path, i], { expected: 'no sie in a guest without a nested guest (nested: ...)' });
  });
}
