/**
 * From the options of `designs` to the cells of its table. Refuses before anything is started. No kernel counterpart.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { CellWork } from '../campaign/design-cell.ts';
import type { Budget } from '../explore/explorer.ts';
import { DEFAULT_STRATEGY } from '../explore/strategies/registry.ts';
import { isDesignFile } from '../scenario/design-file.ts';
import { expectedKinds } from '../scenario/expectation.ts';
import { historyNames, loadHistory } from '../scenario/history.ts';
import { loadScenarioFile } from '../scenario/load.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { designNames } from '../vfio-ap/locking/designs.ts';
import { zpciDesignNames } from '../zpci/locking/designs.ts';
import type { ParsedOptions } from './options.ts';
import { BUDGET, NAME, SEED, WORKERS } from './option-values.ts';
import { UsageError, wrongWord } from './usage-error.ts';

export interface DesignsSettings {
  readonly work: readonly CellWork[];
  /** Designs whose cost is measured. */
  readonly costs: readonly string[];
  readonly workers: number;
  readonly seed: number;
  readonly json: boolean;
  readonly quiet: boolean;
}

const WHERE = 'apemu designs';
/** The same table every time, unless somebody wants another one. */
const DEFAULT_SEED = 1;
/** Enough for whatever is met in one of a hundred schedules; see `PATIENCE` for what is expected. */
const DEFAULT_BUDGET: Budget = { schedules: 300 };
/** More do not have enough to do. */
const MAX_WORKERS = 8;

/** UsageError or ScenarioError for what cannot be explored. */
export function designsSettings(options: ParsedOptions): DesignsSettings {
  const designs = chosenDesigns(options);
  const scenarios = chosenScenarios(options);
  const seed = options.get('seed', SEED) ?? DEFAULT_SEED;
  const budget = options.get('budget', BUDGET) ?? DEFAULT_BUDGET;
  const work = scenarios.flatMap((scenario) => {
    const files = scenario.zpci === undefined ? (designs ?? []).filter(isDesignFile) : [];
    const names = [...designsOf(scenario).filter((design) => designs === null || designs.includes(design)), ...files];
    return names.map((design) => cellOf(scenario, design, { seed, budget }));
  });
  if (work.length === 0) throw new UsageError(`${WHERE}: expected designs that fit the scenarios, got none`);
  const workers = options.get('workers', WORKERS) ?? Math.min(availableParallelism(), MAX_WORKERS);
  const costs = options.has('cost') ? designNames().filter((design) => designs === null || designs.includes(design)) : [];
  return { work, costs, workers: Math.min(workers, work.length), seed, json: options.has('json'), quiet: options.has('quiet') };
}

function cellOf(scenario: Scenario, design: string, { seed, budget }: { seed: number; budget: Budget }): CellWork {
  const { name, text, source, expect } = scenario;
  const unit = { scenario: { text, source }, design, quirks: null, strategy: DEFAULT_STRATEGY, seed, searchSeed: seed };
  return { name, unit, expected: isDesignFile(design) ? null : expectedKinds(expect, design), budget };
}

/** A PCI function has locks, and so designs, of its own. */
const designsOf = ({ zpci }: Scenario): string[] => (zpci === undefined ? designNames() : zpciDesignNames());

/** Null: all. */
function chosenDesigns(options: ParsedOptions): string[] | null {
  const named = options.all('design', NAME);
  if (named.length === 0) return null;
  const known = [...designNames(), ...zpciDesignNames()];
  for (const word of named)
    if (!isDesignFile(word) && !known.includes(word))
      throw wrongWord(`${WHERE}: --design`, `a locking design (${known.join(', ')})`, { word, known });
  return named.map((word) => (isDesignFile(word) ? resolve(word) : word));
}

function chosenScenarios(options: ParsedOptions): Scenario[] {
  const known = historyNames();
  const named = options.all('scenario', NAME);
  return (named.length === 0 ? known : [...new Set(named)]).map((word) => {
    if (known.includes(word)) return loadHistory(word, designNames());
    if (/[/.]/.test(word)) return loadScenarioFile(word, { designs: designNames() });
    throw wrongWord(`${WHERE}: --scenario`, `a scenario of the history (${known.join(', ')}) or a file`, { word, known });
  });
}
