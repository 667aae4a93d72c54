/**
 * Makes a failing schedule as short and as little interleaved as it gets, by trying simpler ones that fail alike: fewer segments (ddmin),
 * segments of one task joined, fewer preemptions. Every version that is accepted was executed; the last one is replayed strictly.
 */
import type { Finding } from '../locks/finding.ts';
import { hostNow, hostTurn } from '../runtime/host-clock.ts';
import { ReplayStrategy } from '../runtime/replay-strategy.ts';
import { FollowIds } from './lenient-default.ts';
import type { Program } from './program.ts';
import { choicesOf, switchesOf, type Recording } from './replay-recording.ts';
import { cheapestRun, runRecorded, type RunDetail, type RunSettings } from './replay-run.ts';
import { reproduce, type Reproduced } from './reproduce.ts';
import { cutEnds, moved, plainValues, segmentsOf, withoutChunk, withoutPreemptions, withoutTimers, type Steps } from './shrink-passes.ts';
import { sameFailure } from './shrink-same.ts';

/** A schedule and what it brings about. */
export interface Failing {
  readonly finding: Finding;
  readonly choices: readonly number[];
}

export interface ShrinkOptions extends RunSettings {
  /** Executions to be spent at most. Default 2000. */
  readonly executions?: number;
  /** Time to be spent at most, in milliseconds. Default: no limit. */
  readonly ms?: number;
  /** Asked between executions: true ends the attempt with what there is. */
  readonly interrupted?: () => boolean;
}

export interface Shrunk extends Failing {
  readonly reproduced: Reproduced;
  readonly switches: number;
  readonly steps: number;
  readonly executions: number;
  readonly from: { readonly switches: number; readonly steps: number; readonly choices: number };
}

const EXECUTIONS = 2000;
/** Signals of the process are served after so many executions. */
const TURN_EVERY = 64;

/** Null when the schedule does not fail that way, so that there is nothing to shrink. */
export async function shrink(program: Program, failing: Failing, options: ShrinkOptions): Promise<Shrunk | null> {
  const wanted = (finding: Finding): boolean => sameFailure(finding, failing.finding);
  const strategy = (): ReplayStrategy => new ReplayStrategy(failing.choices);
  const first = await cheapestRun(program, { settings: options, wanted, strategy });
  if (first === null) return null;
  const { recording } = first.run;
  const search = new Shrinker(program, { options, wanted, detail: first.detail });
  const best = await search.shrink(recording);
  const choices = choicesOf(best);
  const reproduced = await reproduce(program, { ...options, choices, counts: wanted });
  const { finding } = reproduced;
  if (finding === null) return null;
  return {
    finding,
    choices,
    reproduced,
    switches: switchesOf(best.steps),
    steps: best.steps.length,
    executions: search.executions,
    from: { switches: switchesOf(recording.steps), steps: recording.steps.length, choices: failing.choices.length },
  };
}

interface ShrinkJob {
  readonly options: ShrinkOptions;
  readonly wanted: (finding: Finding) => boolean;
  readonly detail: RunDetail;
}

class Shrinker {
  executions = 0;
  private readonly program: Program;
  private readonly job: ShrinkJob;
  private readonly since = hostNow();
  private readonly tried = new Set<string>();

  constructor(program: Program, job: ShrinkJob) {
    this.program = program;
    this.job = job;
  }

  /** To a fixpoint, or as far as the limits let it go. */
  async shrink(recording: Recording): Promise<Recording> {
    let best = recording;
    for (;;) {
      const before = best;
      best = await this.chunks(best);
      best = await this.greedy(best, (steps) => moved(segmentsOf(steps)));
      best = await this.greedy(best, (steps) => withoutPreemptions(segmentsOf(steps)));
      best = await this.greedy(best, (steps) => cutEnds(segmentsOf(steps)));
      best = await this.greedy(best, withoutTimers);
      best = await this.greedy(best, plainValues);
      if (best === before || this.over()) return best;
    }
  }

  /** Chunks of segments are left out, first large ones. */
  private async chunks(from: Recording): Promise<Recording> {
    let best = from;
    for (let size = Math.max(1, segmentsOf(best.steps).length >> 1); size > 0; size >>= 1) {
      // From the end: what comes after the failure is worth nothing, and the beginning is what the rest depends on.
      for (let at = segmentsOf(best.steps).length - size; at >= 0; at -= size) {
        const segments = segmentsOf(best.steps);
        if (this.over()) return best;
        if (at + size <= segments.length) best = (await this.attempt(best, withoutChunk(segments, at, size))) ?? best;
      }
    }
    return best;
  }

  /** The first candidate that is better, and then its candidates, until none is. */
  private async greedy(from: Recording, candidates: (steps: Steps) => Iterable<Steps>): Promise<Recording> {
    for (let best = from; ;) {
      const better = await this.firstBetter(best, candidates(best.steps));
      if (better === null) return best;
      best = better;
    }
  }

  private async firstBetter(best: Recording, candidates: Iterable<Steps>): Promise<Recording | null> {
    for (const steps of candidates) {
      if (this.over()) return null;
      const better = await this.attempt(best, steps);
      if (better !== null) return better;
    }
    return null;
  }

  /** What an execution came to that follows `steps`; null unless it fails alike and is better than `best`. */
  private async attempt(best: Recording, steps: Steps): Promise<Recording | null> {
    const text = steps
      .map(({ id, values }) => (values.length === 0 ? id : `${id}:${values.map(({ value }) => value).join('.')}`))
      .join(' ');
    if (this.tried.has(text)) return null;
    this.tried.add(text);
    this.executions++;
    if (this.executions % TURN_EVERY === 0) await hostTurn();
    const { options, wanted, detail } = this.job;
    const strategy = new FollowIds(steps, best.before);
    const { finding, recording } = await runRecorded(this.program, { settings: options, strategy, wanted, detail });
    return finding !== null && simpler(recording, best) ? recording : null;
  }

  private over(): boolean {
    const { executions = EXECUTIONS, ms = Number.POSITIVE_INFINITY, interrupted } = this.job.options;
    return this.executions >= executions || (ms !== Number.POSITIVE_INFINITY && hostNow() - this.since >= ms) || interrupted?.() === true;
  }
}

/** Switches count first, then steps, then data choices that are not 0. */
function simpler(a: Recording, b: Recording): boolean {
  const [x, y] = [cost(a), cost(b)];
  const at = x.findIndex((part, i) => part !== y[i]);
  return at >= 0 && x[at]! < y[at]!;
}

const cost = ({ steps }: Recording): number[] => [
  switchesOf(steps),
  steps.length,
  steps.reduce((sum, { values }) => sum + values.filter(({ value }) => value !== 0).length, 0),
];
