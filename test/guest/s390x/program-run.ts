/**
 * Runs programs in machine code as guests of a small host: assembled from text, in the text of a scenario.
 */
import type { CodeReport } from '../../../src/guest/guest-program.ts';
import { buildProgram } from '../../../src/guest/s390x/programs/run-time.ts';
import { loadScenario } from '../../../src/scenario/load.ts';
import type { GuestReport, RunReport } from '../../../src/scenario/run-report.ts';
import { ScenarioRun, type RunOptions } from '../../../src/scenario/run-scenario.ts';

/** An ELF file as a workload names it. */
export const dataOf = (elf: Uint8Array, name = 'test.elf'): string =>
  JSON.stringify(`data:application/x-elf;name=${name};base64,${Buffer.from(elf).toString('base64')}`);

/** A program whose `main` is this; with what a program of apemu's own begins and ends with. */
export const withMain = (text: string): Uint8Array => buildProgram([{ name: 'test', text }]);

/** Guests g0, g1 ... with a queue of adapter 5 each, in domains 4, 5 ... */
export function hostWith(workloads: readonly string[], more: { vcpus?: number; events?: string; rest?: string } = {}): string {
  const domains = workloads.map((_, i) => i + 4);
  return [
    `host: { adapters: [{ id: 5, type: CEX8A }], domains: [${domains.join(', ')}], apmask: "-5" }`,
    'mdevs:',
    ...domains.map((domain, i) => `  - { name: m${i}, adapters: [5], domains: [${domain}] }`),
    'guests:',
    ...workloads.map((workload, i) => `  - { name: g${i}, mdev: m${i}, vcpus: ${more.vcpus ?? 1}, workload: ${workload} }`),
    ...(more.events === undefined ? [] : ['events:', more.events]),
    more.rest ?? '',
  ].join('\n');
}

export type RunSettings = Partial<Pick<RunOptions, 'seed' | 'runtime' | 'mode' | 'limitMs' | 'steps' | 'onEvent' | 'trace'>>;

/** On virtual time unless told otherwise. */
export function runScenario(text: string, settings: RunSettings = {}): Promise<RunReport> {
  const scenario = loadScenario(text, 'test.yaml');
  const { design } = scenario;
  const usual: RunOptions = { scenario, design, seed: 1, runtime: 'controlled', mode: 'run', logger: { level: 'silent' } };
  return new ScenarioRun({ ...usual, ...settings }).start();
}

/** The first guest of a run that has this program as its only workload. */
export async function runProgram(
  elf: Uint8Array,
  { vcpus = 1, limits = '', ...settings }: RunSettings & { readonly vcpus?: number; readonly limits?: string } = {},
): Promise<{ readonly report: RunReport; readonly guest: GuestReport; readonly code: CodeReport }> {
  const report = await runScenario(hostWith([`{ elf: ${dataOf(elf)}${limits} }`], { vcpus }), settings);
  const guest = report.guests[0]!;
  return { report, guest, code: guest.code! };
}
