/**
 * Which scenario and which locking design a command line means. No kernel counterpart.
 */
import { dirname, resolve } from 'node:path';
import { KERNELS } from '../base/kernel-profile.ts';
import { designOf, isDesignFile, loadDesign } from '../scenario/design-file.ts';
import { loadDefaultScenario, loadScenarioFile, type EmbeddedName } from '../scenario/load.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { designNames, designsFor } from '../vfio-ap/locking/designs.ts';
import { zpciDesignNames } from '../zpci/locking/designs.ts';
import type { ParsedOptions } from './options.ts';
import { NAME } from './option-values.ts';
import { UsageError, wrongWord } from './usage-error.ts';

export interface ChosenScenario {
  readonly scenario: Scenario;
  /** Name of a built-in design, or key of a design file. */
  readonly design: string;
}

/** The command that takes scenarios of PCI functions, too. */
const EXPLORES = 'apemu explore';

/**
 * Loads the design file that the command line or the scenario names, if one of them does: the commands do this first, and what is chosen
 * and run afterwards finds it. ScenarioError for what is no design.
 */
export async function loadChosenDesign(options: ParsedOptions): Promise<void> {
  const named = options.get('design', NAME);
  const [path] = options.positionals;
  if (named !== undefined) {
    if (isDesignFile(named)) await loadDesign(named, '.');
  } else if (path !== undefined) {
    const { design } = loadScenarioFile(path, { designs: designNames() });
    if (isDesignFile(design)) await loadDesign(design, dirname(path));
  }
}

/** Commands without a scenario that take another one than `apemu run`. */
const EMBEDDED_FOR: ReadonlyMap<string, EmbeddedName> = new Map([
  ['apemu mount', 'one-mdev'],
  ['apemu shell', 'one-mdev'],
]);

/** UsageError or ScenarioError for what cannot be run. `command` is shown in front of complaints: `apemu run`. */
export function chosenScenario(command: string, options: ParsedOptions): ChosenScenario {
  const [path] = options.positionals;
  const named = options.get('design', NAME);
  const known = { designs: designNames() };
  const scenario = path === undefined ? loadDefaultScenario(known, EMBEDDED_FOR.get(command)) : loadScenarioFile(path, known);
  if (scenario.zpci !== undefined && command !== EXPLORES)
    throw new UsageError(
      `${command}: expected a scenario of AP guests, got one of a PCI function (${scenario.source}): ${EXPLORES} takes it`,
    );
  const names = scenario.zpci === undefined ? designNames() : zpciDesignNames();
  if (named !== undefined) checkDesign(`${command}: --design`, named, names);
  if (named !== undefined) checkKernel(`${command}: --design`, named, scenario);
  if (named !== undefined) return { scenario, design: keyOf(named, '.') };
  const design = keyOf(scenario.design, dirname(scenario.source));
  // The loader lets paths of design files pass: whether they were loaded is for us to see.
  checkDesign(`${scenario.source}: design`, design, names);
  return { scenario, design };
}

function checkKernel(where: string, design: string, { zpci, host }: Scenario): void {
  const possible = designsFor(KERNELS[host.kernel]);
  if (zpci !== undefined || isDesignFile(design) || possible.includes(design)) return;
  const expected = `a locking design without hot plug, as kernel "${host.kernel}" has none (${possible.join(', ')})`;
  throw new UsageError(`${where}: expected ${expected}, got ${design}`);
}

const keyOf = (design: string, folder: string): string => (isDesignFile(design) ? resolve(folder, design) : design);

function checkDesign(where: string, design: string, names: readonly string[]): void {
  const exists = isDesignFile(design) ? designOf(keyOf(design, '.')) !== undefined : names.includes(design);
  if (!exists) throw wrongWord(where, `a locking design (${names.join(', ')})`, { word: design, known: names });
}
