/**
 * Which scenario and which locking design a command line means. No kernel counterpart.
 */
import { loadDefaultScenario, loadScenarioFile } from '../scenario/load.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { designNames } from '../vfio-ap/locking/designs.ts';
import type { ParsedOptions } from './options.ts';
import { NAME } from './option-values.ts';
import { wrongWord } from './usage-error.ts';

export interface ChosenScenario {
  readonly scenario: Scenario;
  readonly design: string;
}

/** UsageError or ScenarioError for what cannot be run. `command` is shown in front of complaints: `apemu run`. */
export function chosenScenario(command: string, options: ParsedOptions): ChosenScenario {
  const names = designNames();
  const [path] = options.positionals;
  const named = options.get('design', NAME);
  if (named !== undefined) checkDesign(`${command}: --design`, named, names);
  const scenario = path === undefined ? loadDefaultScenario({ designs: names }) : loadScenarioFile(path, { designs: names });
  const design = named ?? scenario.design;
  // The loader lets paths of design files pass, which nothing here can read.
  if (named === undefined) checkDesign(`${scenario.source}: design`, design, names);
  return { scenario, design };
}

function checkDesign(where: string, design: string, names: readonly string[]): void {
  if (!names.includes(design)) throw wrongWord(where, `a locking design (${names.join(', ')})`, { word: design, known: names });
}
