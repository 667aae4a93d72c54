/**
 * From the options of `explore` to what a campaign needs. Refuses before anything is started. No kernel counterpart.
 */
import type { CampaignPlan } from '../campaign/campaign.ts';
import { DEFAULT_STRATEGY, STRATEGIES, strategyByName } from '../explore/strategies/registry.ts';
import type { FindingKind } from '../locks/finding.ts';
import { hostSeed } from '../runtime/host-clock.ts';
import { expectedKinds, isCorrected } from '../scenario/expectation.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { QuirkName } from '../vfio-ap/quirks.ts';
import { chosenQuirks } from './chosen-quirks.ts';
import { chosenScenario } from './chosen-scenario.ts';
import type { ParsedOptions } from './options.ts';
import { BOUND, BUDGET, FILE, NAME, SEED, WORKERS } from './option-values.ts';
import { UsageError, wrongWord } from './usage-error.ts';

export interface ExploreSettings {
  readonly scenario: Scenario;
  readonly plan: CampaignPlan;
  /** Switched on in this exploration. */
  readonly quirks: readonly QuirkName[];
  readonly expected: readonly FindingKind[];
  readonly strict: boolean;
  /** Make the scenario smaller, too. */
  readonly shrink: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly save: string | undefined;
}

const WHERE = 'apemu explore';
/** For proofs: all traces, each once. */
const EXHAUSTIVE_STRATEGY = 'dpor';
/** Without a budget, and without the wish for all there is. */
const DEFAULT_MS = 10_000;

/** UsageError or ScenarioError for what cannot be explored. */
export function exploreSettings(options: ParsedOptions): ExploreSettings {
  if (options.positionals.length === 0) throw new UsageError(`${WHERE}: expected a scenario file, got nothing`);
  const seed = options.get('seed', SEED) ?? hostSeed();
  const exhaustive = options.has('exhaustive');
  const workers = options.get('workers', WORKERS) ?? 1;
  const strategy = chosenStrategy(options, exhaustive);
  checkSearch(strategy, { exhaustive, workers });
  const { scenario, design } = chosenScenario(WHERE, options);
  const chosen = chosenQuirks(WHERE, options);
  const quirks = chosen ?? scenario.quirks;
  const strict = options.has('strict');
  const budget = options.get('budget', BUDGET) ?? (exhaustive ? {} : { ms: DEFAULT_MS });
  const unit = {
    ...{ scenario: { text: scenario.text, source: scenario.source }, design, quirks: chosen, strategy, seed, searchSeed: seed },
    ...{ wanted: strict ? ('lockdep' as const) : ('all' as const), collect: options.has('all') },
  };
  return {
    ...{ scenario, plan: { unit, budget, workers }, quirks, strict },
    expected: expectedKinds(scenario.expect, design, isCorrected(scenario.quirks, quirks)),
    shrink: options.has('shrink'),
    json: options.has('json'),
    quiet: options.has('quiet'),
    save: options.get('save', FILE),
  };
}

function chosenStrategy(options: ParsedOptions, exhaustive: boolean): string {
  const named = options.get('strategy', NAME) ?? (exhaustive ? EXHAUSTIVE_STRATEGY : DEFAULT_STRATEGY);
  const bound = options.get('bound', BOUND);
  return bound === undefined ? named : boundedBy(named, bound);
}

/** `preemption` with bound 2 is the strategy `preemption2`. */
function boundedBy(strategy: string, bound: number): string {
  const bounded = `${strategy}${bound}`;
  if (/\d$/.test(strategy) || strategyByName(bounded) === null)
    throw new UsageError(`${WHERE}: --bound: expected a strategy that can be bounded with it, got --strategy ${strategy}`);
  return bounded;
}

function checkSearch(strategy: string, { exhaustive, workers }: { exhaustive: boolean; workers: number }): void {
  const names = STRATEGIES.map(({ name }) => name);
  const search = strategyByName(strategy)?.({ seed: 0 });
  if (search === undefined) throw wrongWord(`${WHERE}: --strategy`, `a strategy (${names.join(', ')})`, { word: strategy, known: names });
  if (exhaustive && !search.exhaustive)
    throw new UsageError(`${WHERE}: --exhaustive: expected a strategy that comes to an end, got --strategy ${strategy}`);
  if (workers > 1 && search.exhaustive)
    throw new UsageError(
      `${WHERE}: --workers: expected a strategy that draws from a seed, got ${strategy}, which goes through schedules in order`,
    );
}
