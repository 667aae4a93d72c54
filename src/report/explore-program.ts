/**
 * Exploration for tests of one's own: `await explore(program)` in vitest or anything else. It throws when something is found, with the
 * report as its message: shortest schedule known, who held what, and the token that brings the same schedule about again.
 */
import { constraintsOf } from '../explore/constraints.ts';
import { Explorer, MAX_STEPS, type ExploreSettings } from '../explore/explorer.ts';
import type { Program } from '../explore/program.ts';
import { reproduce } from '../explore/reproduce.ts';
import type { ExploreResult, FailingSchedule } from '../explore/result.ts';
import { shrinkSchedule } from '../explore/shrink-schedule.ts';
import { programOf, type ProgramText } from '../explore/small-world.ts';
import { DEFAULT_STRATEGY, STRATEGIES, strategyByName } from '../explore/strategies/registry.ts';
import { decodeToken, encodeToken } from '../explore/token.ts';
import type { Finding } from '../locks/finding.ts';
import { scheduleLines } from './schedule-text.ts';

export interface ProgramOptions {
  /** As the report calls the program. Default `program`. */
  readonly name?: string;
  /** Name of a strategy, as `apemu explore --strategy` takes it. Default `portfolio`, or `dpor` when `exhaustive`. */
  readonly strategy?: string;
  readonly seed?: number;
  /** Schedules at most. Default 1,000; none when `exhaustive`. */
  readonly budget?: number;
  /** Explore every order of dependent steps: what is not found then does not exist. */
  readonly exhaustive?: boolean;
  /** A run that needs more steps has no end. Default 100,000. */
  readonly maxSteps?: number;
  /** Findings that count. Default: all, predictions of lockdep among them. */
  readonly counts?: (finding: Finding) => boolean;
  /** Share of the clean executions, 0 to 1, that are made twice to see that they come out alike. Default 0.01. */
  readonly recheck?: number;
  /** Token of a report: only that schedule is executed. */
  readonly replay?: string;
}

/** Thrown by `explore`. */
export class ExplorationFailed extends Error {
  /** Null when the program is not deterministic: then no schedule could be named. */
  readonly failure: FailingSchedule | null;
  readonly result: ExploreResult | null;

  constructor(message: string, failure: FailingSchedule | null, result: ExploreResult | null) {
    super(message);
    this.name = 'ExplorationFailed';
    this.failure = failure;
    this.result = result;
  }
}

const BUDGET = 1000;
const SHRINK_EXECUTIONS = 1000;
/** Schedules spent on finding the deadlock that a broken lock order predicts. */
const CONFIRM = 2000;

/** Resolves when nothing was found; RangeError for options that make no sense. */
export async function explore(text: ProgramText | Program, options: ProgramOptions = {}): Promise<ExploreResult> {
  const program = typeof text === 'function' ? programOf(options.name ?? 'program', text) : text;
  const { seed = 1, exhaustive = false, maxSteps = MAX_STEPS, recheck = 0.01, counts } = options;
  const judged = counts === undefined ? {} : { counts };
  if (options.replay !== undefined) return await replayed(program, options.replay, judged);
  const name = options.strategy ?? (exhaustive ? 'dpor' : DEFAULT_STRATEGY);
  const make = strategyByName(name);
  if (make === null) throw new RangeError(`expected a strategy (${STRATEGIES.map((entry) => entry.name).join(', ')}), got ${name}`);
  const budget = options.budget ?? (exhaustive ? undefined : BUDGET);
  if (budget !== undefined && !(budget > 0)) throw new RangeError(`expected a budget of at least one schedule, got ${budget}`);
  const search = make({ seed, maxSteps });
  const settings = { program, search, seed, maxSteps, recheck, budget: budget === undefined ? {} : { schedules: budget }, ...judged };
  const result = await new Explorer(settings).explore();
  if (result.unstable.length > 0) throw new ExplorationFailed(unstableText(program, result), null, result);
  const [first] = result.failures;
  if (first === undefined) return result;
  const found = (await confirmed(settings, first)) ?? first;
  const failure = await shrinkSchedule(program, found, { seed, maxSteps, executions: SHRINK_EXECUTIONS });
  const constraints = await constraintsOf(program, failure, { seed, maxSteps });
  const token = encodeToken({ header: { program: program.name }, seed, maxSteps, releaseSteps: 'declared', choices: failure.choices });
  const lines = scheduleLines(failure, {
    context: `program ${program.name}, strategy ${name}, seed ${seed}`,
    replay: `explore(program, { replay: '${token}' })`,
    ...(constraints === null ? {} : { constraints }),
  });
  throw new ExplorationFailed([`${program.name}: ${failure.finding.title}`, '', ...lines].join('\n'), failure, result);
}

/** A broken lock order predicts a deadlock: a schedule that has it says more, where one is found. */
async function confirmed(settings: ExploreSettings, { finding }: FailingSchedule): Promise<FailingSchedule | null> {
  if (finding.kind !== 'lock-order') return null;
  const { seed, maxSteps = MAX_STEPS } = settings;
  const search = strategyByName(DEFAULT_STRATEGY)!({ seed, maxSteps });
  const counts = ({ kind }: Finding): boolean => kind === 'deadlock';
  const { failures } = await new Explorer({ ...settings, search, budget: { schedules: CONFIRM }, counts, recheck: 0 }).explore();
  return failures[0] ?? null;
}

/** One execution, the one that the token names. */
async function replayed(program: Program, replay: string, judged: Pick<ProgramOptions, 'counts'>): Promise<ExploreResult> {
  const { seed, maxSteps, releaseSteps, choices } = decodeToken(replay);
  const again = await reproduce(program, { choices, seed, maxSteps, releaseSteps, ...judged });
  if (again.diverged !== null) throw new ExplorationFailed(`${program.name}: ${again.diverged}`, null, null);
  const { finding, timeline, switches } = again;
  const steps = timeline.length;
  if (finding !== null) {
    const failure: FailingSchedule = { finding, choices, steps, switches, execution: 1, strategy: 'replay', timeline, shrunk: null };
    throw new ExplorationFailed([`${program.name}: ${finding.title}`, '', ...scheduleLines(failure)].join('\n'), failure, null);
  }
  return {
    ...{ program: program.name, strategy: 'replay', seed, verdict: 'clean', schedules: 1, redundant: 0, endless: 0, steps, elapsedMs: 0 },
    ...{ coverage: { traces: 1, handOvers: 0, lockEdges: 0 }, estimate: null, bounds: ['this one schedule'], failures: [] },
    ...{ rechecked: 0, unstable: [] },
  };
}

const unstableText = (program: Program, { unstable }: ExploreResult): string =>
  [`${program.name} is not deterministic: what it does depends on more than the schedule`, ...unstable].join('\n  ');
