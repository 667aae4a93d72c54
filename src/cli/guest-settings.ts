/**
 * From the options of `apemu guest` to what it needs: the scenario with the program in one of its guests. Refuses before anything is
 * started. No kernel counterpart.
 */
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkFits, ElfError, readElf } from '../guest/s390x/elf.ts';
import { ownProgram, ownPrograms } from '../guest/s390x/own-programs.ts';
import type { FindingKind } from '../locks/finding.ts';
import type { CodeWorkload, GuestSpec } from '../machine/host-spec.ts';
import { hostSeed } from '../runtime/host-clock.ts';
import { DEFAULT_MAX_INSTRUCTIONS, DEFAULT_MEM } from '../scenario/code-workload.ts';
import { elfBytes } from '../scenario/elf-bytes.ts';
import { expectedKinds, isCorrected } from '../scenario/expectation.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { QuirkName } from '../vfio-ap/quirks.ts';
import { chosenQuirks } from './chosen-quirks.ts';
import { chosenScenario } from './chosen-scenario.ts';
import type { ParsedOptions } from './options.ts';
import { CPUS, FILE, INSTRUCTIONS, MEMORY, NAME, SEED } from './option-values.ts';
import { UsageError, wrongWord } from './usage-error.ts';

export interface GuestSettings {
  readonly scenario: Scenario;
  /** Name of the guest that runs the program. */
  readonly guest: string;
  readonly design: string;
  readonly quirks: readonly QuirkName[];
  readonly expected: readonly FindingKind[];
  readonly seed: number;
  readonly runtime: 'live' | 'controlled';
  readonly json: boolean;
  /** File for a line about each instruction. */
  readonly trace: string | undefined;
}

const WHERE = 'apemu guest';
const DEFAULT_SCENARIO = new URL('../../scenarios/one-guest.yaml', import.meta.url);

/** The same options with the scenario as their only argument, as other commands have it: that of the package unless one is given. */
export function scenarioOptions(options: ParsedOptions): ParsedOptions {
  const [first, second] = options.positionals;
  const scenario = options.has('program') ? first : second;
  if (options.has('program') && second !== undefined)
    throw new UsageError(`${WHERE}: expected a file or --program, got both (${JSON.stringify(first)})`);
  return options.withPositionals([scenario ?? fileURLToPath(DEFAULT_SCENARIO)]);
}

/** UsageError or ScenarioError for what cannot be run. */
export function guestSettings(options: ParsedOptions): GuestSettings {
  const { scenario: found, design } = chosenScenario(WHERE, scenarioOptions(options));
  const quirks = chosenQuirks(WHERE, options) ?? found.quirks;
  const { name, vcpus } = guestOf(found, options.get('guest', NAME));
  const { cpus, ...workload } = workloadOf(options);
  const changes = { workload, vcpus: options.get('cpus', CPUS) ?? Math.max(vcpus, cpus) };
  const guests = found.host.guests.map((guest): GuestSpec => (guest.name === name ? { ...guest, ...changes } : guest));
  return {
    scenario: { ...found, host: { ...found.host, guests } },
    guest: name,
    design,
    quirks,
    expected: expectedKinds(found.expect, design, isCorrected(found.quirks, quirks)),
    seed: options.get('seed', SEED) ?? hostSeed(),
    runtime: options.has('controlled') ? 'controlled' : 'live',
    json: options.has('json'),
    trace: options.get('trace', FILE),
  };
}

/** The one that was named, or the first one without anything to do. */
function guestOf({ host, source }: Scenario, wanted: string | undefined): GuestSpec {
  const known = host.guests.map(({ name }) => name);
  const isFree = ({ workload, nested }: GuestSpec): boolean => workload === null && nested === undefined;
  const guest = host.guests.find((candidate) => (wanted === undefined ? isFree(candidate) : candidate.name === wanted));
  if (guest === undefined && wanted !== undefined)
    throw wrongWord(`${WHERE}: --guest`, `the name of a guest of ${source} (${known.join(', ') || 'it has none'})`, {
      word: wanted,
      known,
    });
  if (guest === undefined) {
    const got = known.length === 0 ? 'none' : `${known.join(', ')}; --guest takes one of them`;
    throw new UsageError(`${source}: expected a guest without a workload, got ${got}`);
  }
  if (guest.nested !== undefined) throw new UsageError(`${WHERE}: --guest: expected a guest without a nested one, got ${guest.name}`);
  return guest;
}

/** With the CPUs that the program needs. */
function workloadOf(options: ParsedOptions): CodeWorkload & { readonly cpus: number } {
  const mem = options.get('mem', MEMORY) ?? DEFAULT_MEM;
  const maxInstructions = options.get('max-instructions', INSTRUCTIONS) ?? DEFAULT_MAX_INSTRUCTIONS;
  const { program, file, elf, cpus } = chosenProgram(options);
  try {
    checkFits(readElf(elf), mem * 0x10_0000);
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
    throw new UsageError(`${WHERE}: ${file ?? program}: ${error.message}`);
  }
  return { kind: 'code', program, file, elf, mem, maxInstructions, cpus };
}

function chosenProgram(options: ParsedOptions): Pick<CodeWorkload, 'program' | 'file' | 'elf'> & { readonly cpus: number } {
  const named = options.get('program', NAME);
  if (named !== undefined) return { program: named, file: null, ...builtIn(named) };
  const [file] = options.positionals;
  if (file === undefined) throw new UsageError(`${WHERE}: expected an ELF file or --program, got nothing; --list shows the programs`);
  try {
    return { program: basename(file), file, elf: elfBytes(file), cpus: 1 };
  } catch (error) {
    throw new UsageError(`${WHERE}: ${file}: expected a readable ELF file, got ${(error as Error).message}`);
  }
}

function builtIn(name: string): { readonly elf: Uint8Array; readonly cpus: number } {
  const known = ownPrograms().map((program) => program.name);
  const program = ownProgram(name);
  if (program === undefined) throw wrongWord(`${WHERE}: --program`, `a program (${known.join(', ')})`, { word: name, known });
  return { elf: program.build(), cpus: program.cpus ?? 1 };
}
