/**
 * A campaign: executes schedules that a search asks for until something is found, the budget is used up, or nothing is left to explore.
 * Every failing schedule is replayed before it is reported, with everything on that makes a good report.
 */
import type { Finding } from '../locks/finding.ts';
import { Lockdep } from '../locks/lockdep.ts';
import { hostNow, hostTurn } from '../runtime/host-clock.ts';
import { CoverageCounter } from './coverage.ts';
import { Estimator } from './estimate.ts';
import { execute, type Execution } from './execution.ts';
import type { Program } from './program.ts';
import { reproduce, type Reproduced } from './reproduce.ts';
import type { Coverage, ExploreResult, FailingSchedule, Seen, Verdict } from './result.ts';
import type { Search } from './search.ts';
import { tee } from './tee-recorder.ts';
import { TraceHash } from './trace-hash.ts';

export interface Budget {
  readonly schedules?: number;
  readonly ms?: number;
}

export interface Progress {
  readonly schedules: number;
  readonly traces: number | null;
  readonly estimate: number | null;
  readonly perSecond: number;
  readonly failures: number;
  /** The search at work. */
  readonly strategy: string;
}

export interface ExploreSettings {
  readonly program: Program;
  readonly search: Search;
  readonly seed: number;
  readonly budget: Budget;
  /** A run that needs more steps has no end. Default 100,000. */
  readonly maxSteps?: number;
  readonly releaseSteps?: 'declared' | 'all';
  /** Go on after a finding, and collect one of each kind. Default false. */
  readonly collect?: boolean;
  /** With `collect`: asked after a finding; true ends the campaign. */
  readonly enough?: (failures: readonly FailingSchedule[]) => boolean;
  /** Findings that count; others are neither reported nor end an execution. Default: all. */
  readonly counts?: (finding: Finding) => boolean;
  /** Count distinct traces and hand-overs. Default true. */
  readonly coverage?: boolean;
  /** Learn the lock order. Default true. */
  readonly validate?: boolean;
  /** What Linux lockdep does not know of, too: see LockLayerOptions. Default true. */
  readonly maps?: boolean;
  /** Share of the executions, 0 to 1, that are made twice to see that they come out alike. Default 0; failing ones always are. */
  readonly recheck?: number;
  readonly onProgress?: (progress: Progress) => void;
  /** Asked between executions: true ends the campaign. */
  readonly interrupted?: () => boolean;
}

export const MAX_STEPS = 100_000;
/** How often, in milliseconds, progress is told and the event loop gets a turn. */
const TELL_MS = 100;
/** Time is looked at after so many executions, not after each. */
const LOOK_EVERY = 16;

export class Explorer {
  private readonly settings: ExploreSettings;
  private readonly lockdep: Lockdep | false;
  private readonly counter: CoverageCounter | null;
  /** The same for each execution of the campaign, and for those that are made again. */
  private readonly same: Required<Pick<ExploreSettings, 'seed' | 'maxSteps' | 'releaseSteps' | 'maps'>>;
  private readonly estimator = new Estimator();
  private readonly failures: FailingSchedule[] = [];
  private readonly unstable: string[] = [];
  private readonly traces = new Set<number>();
  private readonly since = hostNow();
  private schedules = 0;
  private redundant = 0;
  private endless = 0;
  private steps = 0;
  private rechecked = 0;
  private toldAt = 0;

  constructor(settings: ExploreSettings) {
    const { seed, maxSteps = MAX_STEPS, releaseSteps = 'declared', maps = true } = settings;
    this.settings = settings;
    this.same = { seed, maxSteps, releaseSteps, maps };
    this.lockdep = (settings.validate ?? true) ? new Lockdep({ places: false }) : false;
    this.counter = (settings.coverage ?? true) ? new CoverageCounter() : null;
  }

  async explore(): Promise<ExploreResult> {
    const { search, collect = false, enough } = this.settings;
    let verdict: Verdict | null = null;
    let looked = 0;
    while (verdict === null) {
      const more = this.failures.length > looked;
      looked = this.failures.length;
      if (more && (!collect || enough?.(this.failures) === true)) verdict = 'finding';
      else if (await this.budgetUsed()) verdict = search.exhaustive ? 'undecided' : 'clean';
      else if (!(await this.one())) verdict = 'exhausted';
    }
    return this.result(this.failures.length > 0 ? 'finding' : verdict);
  }

  /** What the coverage figures count: campaigns that are made in parts add up the sets, not their sizes. */
  get seen(): Seen {
    const edges = this.lockdep === false ? [] : [...this.lockdep.graph.edges()];
    const lockEdges = edges.map(({ from, to }) => `${from.name} -> ${to.name}`);
    return { traces: [...this.traces], handOvers: [...(this.counter?.keys() ?? [])], lockEdges };
  }

  /** One schedule; false when the search has none left. */
  private async one(): Promise<boolean> {
    const { program, search } = this.settings;
    const strategy = search.next(this.schedules);
    if (strategy === null) return false;
    const hash = this.counter === null ? null : new TraceHash(this.counter);
    this.counter?.begin();
    const probe = this.estimator.probe(strategy, search.name === 'random');
    const execution = await execute(program, {
      ...this.same,
      strategy: probe,
      recorder: tee(hash, search.recorder),
      lockdep: this.lockdep,
      stopAt: this.isNews,
      onOutcome: (outcome, rt) => search.stopped?.(outcome, rt),
    });
    this.schedules++;
    this.steps += execution.steps;
    if (execution.outcome === 'cut') this.redundant++;
    if (execution.outcome === 'step-limit') this.endless++;
    const failed = execution.findings.some(this.isNews);
    const before = this.traces.size;
    if (hash !== null && execution.outcome !== 'cut') this.traces.add(hash.value());
    this.estimator.ended();
    search.ended({
      outcome: execution.outcome,
      failed,
      steps: execution.steps,
      choices: execution.choices.length,
      newTrace: hash === null || this.traces.size > before,
      newCoverage: this.counter?.ended() ?? false,
      rt: execution.world.rt,
    });
    if (failed) await this.judge(execution, search.name);
    else if (this.sampled() && execution.outcome !== 'cut' && execution.findings.length === 0) await this.compare(execution);
    return true;
  }

  /** Is it the turn of this execution to be made twice? Evenly spread, and no matter of chance. */
  private sampled(): boolean {
    const { recheck = 0 } = this.settings;
    return Math.floor(this.schedules * recheck) > Math.floor((this.schedules - 1) * recheck);
  }

  /** Makes a clean execution once more: it must take the same course. */
  private async compare(execution: Execution): Promise<void> {
    this.rechecked++;
    const again = await reproduce(this.settings.program, {
      ...this.same,
      choices: execution.choices,
      // A fresh validator reports what the campaign knows by now: that is no other course.
      counts: () => false,
    });
    const course =
      again.diverged ?? (again.timeline.length === execution.steps ? null : `${again.timeline.length} steps instead of ${execution.steps}`);
    const state = again.digest === (execution.run.digest?.() ?? null) ? null : 'another state at the end';
    const why = course ?? state;
    if (why !== null) this.unstable.push(`execution ${this.schedules} came out otherwise when it was made again: ${why}`);
  }

  /** Replays what failed; what comes again is a finding, what does not is said to be unstable. */
  private async judge(execution: Execution, strategy: string): Promise<void> {
    const expected = execution.findings.find(this.isNews)!;
    const again: Reproduced = await reproduce(this.settings.program, {
      ...this.same,
      choices: execution.choices,
      // What the execution did not stop at, because it was known by then, must not end the replay either.
      counts: (finding) => isAgain(finding, expected),
    });
    if (again.finding === null) {
      const why = again.diverged ?? 'it came to its end without a finding';
      // The order of locks is learnt from all executions: this one may only have closed what others had begun.
      if (expected.kind === 'lock-order') this.addFailure(expected, execution, again, strategy);
      else this.unstable.push(`execution ${this.schedules}: ${expected.title}; when it was replayed: ${why}`);
      return;
    }
    this.addFailure(again.finding, execution, again, strategy);
  }

  private addFailure(finding: Finding, execution: Execution, { timeline, switches }: Reproduced, strategy: string): void {
    this.failures.push({
      finding,
      choices: execution.choices,
      steps: timeline.length,
      switches,
      execution: this.schedules,
      strategy,
      timeline,
      shrunk: null,
    });
  }

  /** Counts, and was not found before: a campaign that collects goes on behind what it knows. */
  private readonly isNews = (finding: Finding): boolean => {
    const { counts } = this.settings;
    return (counts?.(finding) ?? true) && !this.failures.some((failure) => sameFinding(failure.finding, finding));
  };

  private async budgetUsed(): Promise<boolean> {
    const { budget, onProgress, interrupted } = this.settings;
    if (budget.schedules !== undefined && this.schedules >= budget.schedules) return true;
    if (this.schedules % LOOK_EVERY !== 0) return false;
    const elapsed = hostNow() - this.since;
    if (budget.ms !== undefined && elapsed >= budget.ms) return true;
    if (elapsed - this.toldAt < TELL_MS) return false;
    this.toldAt = elapsed;
    onProgress?.(this.progress(elapsed));
    await hostTurn();
    return interrupted?.() ?? false;
  }

  private progress(elapsed: number): Progress {
    return {
      schedules: this.schedules,
      traces: this.counter === null ? null : this.traces.size,
      estimate: this.estimator.mean,
      perSecond: (this.schedules / Math.max(elapsed, 1)) * 1000,
      failures: this.failures.length,
      strategy: this.settings.search.name,
    };
  }

  private coverage(): Coverage {
    const { lockEdges, handOvers } = this.seen;
    return { traces: this.counter === null ? null : this.traces.size, handOvers: handOvers.length, lockEdges: lockEdges.length };
  }

  private result(verdict: Verdict): ExploreResult {
    const { program, search } = this.settings;
    const { seed, maxSteps } = this.same;
    return {
      program: program.name,
      strategy: search.name,
      seed,
      verdict,
      schedules: this.schedules,
      redundant: this.redundant,
      endless: this.endless,
      steps: this.steps,
      elapsedMs: hostNow() - this.since,
      coverage: this.coverage(),
      estimate: this.estimator.result(),
      bounds: [`at most ${maxSteps} steps an execution`, ...(search.bounds ?? [])],
      failures: this.failures,
      rechecked: this.rechecked,
      unstable: this.unstable,
    };
  }
}

const sameFinding = (a: Finding, b: Finding): boolean => a.kind === b.kind && a.key === b.key;

/** A fresh validator may describe a cycle from another of its sides than the one that had seen more. */
const isAgain = (finding: Finding, expected: Finding): boolean =>
  expected.kind === 'lock-order' ? finding.kind === expected.kind : sameFinding(finding, expected);
