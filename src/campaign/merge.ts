/**
 * Adds up the batches of a campaign. Merging is idempotent where it can be: sets of fingerprints, and one failure of each kind, the one
 * of the earliest batch. No kernel counterpart.
 */
import type { ExploreResult, FailingSchedule, Seen } from '../explore/result.ts';
import type { UnitResult } from './explore-unit.ts';

type Estimate = NonNullable<ExploreResult['estimate']>;

export class Merged {
  private readonly traces = new Set<number>();
  private readonly handOvers = new Set<number>();
  private readonly lockEdges = new Set<string>();
  private readonly failures: FailingSchedule[] = [];
  private readonly unstable: string[] = [];
  private estimate: Estimate | null = null;
  private last: ExploreResult | null = null;
  schedules = 0;
  private redundant = 0;
  private endless = 0;
  private steps = 0;
  private rechecked = 0;

  get found(): number {
    return this.failures.length;
  }

  get distinctTraces(): number {
    return this.traces.size;
  }

  get meanEstimate(): number | null {
    return this.estimate?.schedules ?? null;
  }

  get seen(): Seen {
    return { traces: [...this.traces], handOvers: [...this.handOvers], lockEdges: [...this.lockEdges] };
  }

  /** Batches are added in the order of their numbers. */
  add({ result, seen }: UnitResult): void {
    const before = this.schedules;
    for (const failure of result.failures) {
      if (this.failures.some(({ finding }) => finding.kind === failure.finding.kind && finding.key === failure.finding.key)) continue;
      this.failures.push({ ...failure, execution: before + failure.execution });
    }
    this.unstable.push(...result.unstable);
    this.learn(seen);
    this.estimate = pooled(this.estimate, result.estimate);
    this.schedules += result.schedules;
    this.redundant += result.redundant;
    this.endless += result.endless;
    this.steps += result.steps;
    this.rechecked += result.rechecked;
    this.last = result;
  }

  /** `elapsedMs`: of the whole campaign. Null before the first batch. */
  result(elapsedMs: number): ExploreResult | null {
    if (this.last === null) return null;
    const { schedules, redundant, endless, steps, failures, unstable, estimate, traces, handOvers, lockEdges } = this;
    return {
      ...this.last,
      ...{ verdict: failures.length > 0 ? 'finding' : 'clean', schedules, redundant, endless, steps, elapsedMs },
      coverage: { traces: traces.size, handOvers: handOvers.size, lockEdges: lockEdges.size },
      ...{ estimate, failures, unstable, rechecked: this.rechecked },
    };
  }

  private learn(seen: Seen): void {
    for (const trace of seen.traces) this.traces.add(trace);
    for (const handOver of seen.handOvers) this.handOvers.add(handOver);
    for (const edge of seen.lockEdges) this.lockEdges.add(edge);
  }
}

/** Mean and standard error of two samples put together. */
export function pooled(a: Estimate | null, b: Estimate | null): Estimate | null {
  if (a === null || b === null) return a ?? b;
  const walks = a.walks + b.walks;
  const schedules = (a.schedules * a.walks + b.schedules * b.walks) / walks;
  const squares = (squaresOf(a) + squaresOf(b)) / walks;
  return { schedules, error: Math.sqrt(Math.max(0, squares - schedules * schedules) / walks), walks };
}

const squaresOf = ({ schedules, error, walks }: Estimate): number => walks * (error * error * walks + schedules * schedules);
