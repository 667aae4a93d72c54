/**
 * Loads scenarios: from a text, a file, or the three-guest example that comes with the package. No kernel counterpart.
 */
import { readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { KERNELS, type KernelProfile } from '../base/kernel-profile.ts';
import { defaultDesignOf, designNames, designsFor } from '../vfio-ap/locking/designs.ts';
import { withFilesInside } from './code-workload.ts';
import { didYouMean } from './did-you-mean.ts';
import { toEvents } from './events.ts';
import { toHost } from './host.ts';
import type { FieldPath } from './place.ts';
import { readText } from './read-text.ts';
import type { Scenario } from './scenario.ts';
import { scenarioSchema } from './schema.ts';
import { ScenarioSource } from './source.ts';
import { validate } from './validate.ts';
import { isZpciSource, toZpciScenario } from './zpci-scenario.ts';

export interface LoadOptions {
  /** Names of the locking designs there are; without it any well-formed name passes. */
  readonly designs?: readonly string[];
}

export const EMBEDDED = '<embedded>';

/** ScenarioError for whatever is wrong with the text. `source` is the file name that errors show. */
export function loadScenario(text: string, source: string, options: LoadOptions = {}): Scenario {
  const file = new ScenarioSource(text, source);
  const unnamed = source === EMBEDDED ? 'embedded' : basename(source, extname(source));
  if (isZpciSource(file)) return toZpciScenario(file, unnamed);
  const found = validate(file, [], scenarioSchema);
  const host = toHost(file, found);
  const kernel = KERNELS[host.kernel];
  const design = found.design ?? defaultDesignOf(kernel);
  const named: readonly (readonly [FieldPath, string])[] = [
    [['design'], design],
    ...Object.keys(found.expect.designs).map((name): [FieldPath, string] => [['expect', 'designs', name], name]),
  ];
  for (const [path, name] of named) {
    checkDesign(file, path, name, options);
    checkKernel(file, path, name, kernel);
  }
  const events = toEvents(file, found.events.length, host);
  const name = found.name ?? unnamed;
  const whole = withFilesInside(text, host);
  return { name, source, text: whole, host, design, events, quirks: found.quirks, faults: found.faults, expect: found.expect };
}

export function loadScenarioFile(path: string, options: LoadOptions = {}): Scenario {
  return loadScenario(readText(path, 'scenario file'), path, options);
}

/** What comes with the package: the example that `apemu run` uses without an argument, and the host of `apemu mount` and `apemu shell`. */
export type EmbeddedName = 'three-guests' | 'one-mdev';

/** Found from the sources as well as from the built package. */
export function loadDefaultScenario(options: LoadOptions = {}, name: EmbeddedName = 'three-guests'): Scenario {
  return loadScenario(readFileSync(new URL(`../../scenarios/${name}.yaml`, import.meta.url), 'utf8'), EMBEDDED, options);
}

function checkDesign(source: ScenarioSource, path: FieldPath, design: string, { designs }: LoadOptions): void {
  // A path is for the design loader to judge.
  if (designs === undefined || designs.includes(design) || design.includes('/')) return;
  const refusal = { expected: `a locking design (${designs.join(', ')})`, got: design, hint: didYouMean(design, designs) };
  throw path.length > 1 ? source.keyProblem(path.slice(0, -1), design, refusal) : source.problem(path, refusal);
}

/** A kernel from before hot plug cannot run a design that has it; of a design file only a run can tell (Machine). */
function checkKernel(source: ScenarioSource, path: FieldPath, design: string, kernel: KernelProfile): void {
  const possible = designsFor(kernel);
  if (possible.includes(design) || !designNames().includes(design)) return;
  const expected = `a locking design without hot plug, as kernel "${kernel.name}" has none (${possible.join(', ')})`;
  const refusal = { expected, got: design, hint: `leave it out for ${defaultDesignOf(kernel)}, or take kernel "6.0" or current` };
  throw path.length > 1 ? source.keyProblem(path.slice(0, -1), design, refusal) : source.problem(path, refusal);
}
