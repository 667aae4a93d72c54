/**
 * From the options of `run` and `stress` to what a run needs: scenario, design, seed, files. Refuses before anything is started.
 */
import type { LogLevel } from '../base/logger.ts';
import type { FindingKind } from '../locks/finding.ts';
import { hostSeed } from '../runtime/host-clock.ts';
import { expectedKinds, isCorrected } from '../scenario/expectation.ts';
import type { RunMode } from '../scenario/run-report.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { QuirkName } from '../vfio-ap/quirks.ts';
import { chosenQuirks } from './chosen-quirks.ts';
import { chosenScenario } from './chosen-scenario.ts';
import type { ParsedOptions } from './options.ts';
import { DURATION, FILE, LEVEL, SEED, STEPS } from './option-values.ts';
import { UsageError } from './usage-error.ts';

export interface RunSettings {
  readonly mode: RunMode;
  readonly scenario: Scenario;
  readonly design: string;
  readonly quirks: readonly QuirkName[];
  readonly expected: readonly FindingKind[];
  readonly seed: number;
  readonly runtime: 'live' | 'controlled';
  readonly limitMs: number | undefined;
  readonly steps: number | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly save: string | undefined;
  readonly events: string | undefined;
  readonly proc: string | undefined;
  readonly logFile: string | undefined;
  readonly logLevel: LogLevel | undefined;
}

const STRESS_MS = 30_000;
/** Time is no measure where it moves at will. */
const STRESS_STEPS = 100_000;

/** UsageError or ScenarioError for what cannot be run. */
export function runSettings<const M extends RunMode>(mode: M, options: ParsedOptions): RunSettings & { readonly mode: M } {
  const steps = options.get('steps', STEPS);
  const controlled = options.has('controlled');
  const limitMs = options.get('for', DURATION);
  if (steps !== undefined && !controlled) throw new UsageError(`apemu ${mode}: --steps: expected --controlled with it, got --steps alone`);
  const { scenario, design } = chosenScenario(`apemu ${mode}`, options);
  const quirks = chosenQuirks(`apemu ${mode}`, options) ?? scenario.quirks;
  return {
    mode,
    scenario,
    design,
    quirks,
    expected: expectedKinds(scenario.expect, design, isCorrected(scenario.quirks, quirks)),
    seed: options.get('seed', SEED) ?? hostSeed(),
    runtime: controlled ? 'controlled' : 'live',
    limitMs: limitMs ?? (mode === 'stress' && !controlled ? STRESS_MS : undefined),
    steps: steps ?? (controlled && limitMs === undefined ? STRESS_STEPS : undefined),
    json: options.has('json'),
    quiet: options.has('quiet'),
    save: options.get('save', FILE),
    events: options.get('events', FILE),
    proc: options.get('proc', FILE),
    logFile: options.get('log-file', FILE),
    logLevel: options.get('log-level', LEVEL),
  };
}
