/**
 * A campaign on several threads: batches of schedules, each with a seed of its own that follows from the campaign's. The result is that of
 * the batches up to the first that found something, so it depends on the seed and not on who was faster. No kernel counterpart.
 */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { Prng } from '../base/prng.ts';
import type { Budget } from '../explore/explorer.ts';
import { hostEvery, hostNow } from '../runtime/host-clock.ts';
import type { Hooks, UnitResult } from './explore-unit.ts';
import { Merged } from './merge.ts';
import type { CampaignUnit } from './unit.ts';
import type { Batch } from './worker.ts';

/** Schedules of a batch: enough that what a message costs does not matter. */
const BATCH = 1000;
/** Batches on their way for each thread, so that none waits for the next. */
const AHEAD = 2;
const LOOK_MS = 100;

export interface PoolOptions extends Hooks {
  readonly workers: number;
  readonly batch?: number;
}

/** Null when it was interrupted before any batch ended. */
export async function exploreInPool(unit: CampaignUnit, budget: Budget, options: PoolOptions): Promise<UnitResult | null> {
  return await new Pool(unit, budget, options).explore();
}

class Pool {
  private readonly unit: CampaignUnit;
  private readonly budget: Budget;
  private readonly options: PoolOptions;
  private readonly batch: number;
  private readonly since = hostNow();
  private readonly abort = new AbortController();
  private readonly merged = new Merged();
  /** Batches that have ended while one before them has not. */
  private readonly early = new Map<number, UnitResult>();
  private begun = 0;
  private added = 0;
  private handedOut = 0;
  /** Number of the first batch that found something. */
  private last = Number.POSITIVE_INFINITY;

  constructor(unit: CampaignUnit, budget: Budget, options: PoolOptions) {
    this.unit = unit;
    this.budget = budget;
    this.options = options;
    this.batch = options.batch ?? BATCH;
  }

  async explore(): Promise<UnitResult | null> {
    const { workers } = this.options;
    const pool = new Piscina({ ...threadOptions(), name: 'batch', minThreads: workers, maxThreads: workers });
    const watch = hostEvery(LOOK_MS, () => this.look());
    try {
      await Promise.all(Array.from({ length: workers * AHEAD }, () => this.serve(pool)));
    } finally {
      watch.stop();
      await pool.destroy();
    }
    const result = this.merged.result(hostNow() - this.since);
    return result === null ? null : { result, seen: this.merged.seen };
  }

  /** One batch after another, until there is none left. */
  private async serve(pool: Piscina): Promise<void> {
    for (let next = this.take(); next !== null; next = this.take()) {
      const { number, work } = next;
      const result = await this.run(pool, work);
      if (result === null) return;
      if (result.result.failures.length > 0 && !this.unit.collect) this.last = Math.min(this.last, number);
      this.early.set(number, result);
      this.merge();
    }
  }

  /** Null when the campaign was interrupted. */
  private async run(pool: Piscina, work: Batch): Promise<UnitResult | null> {
    try {
      return (await pool.run(work, { signal: this.abort.signal })) as UnitResult;
    } catch (error) {
      if (this.abort.signal.aborted) return null;
      throw error;
    }
  }

  private take(): { readonly number: number; readonly work: Batch } | null {
    const number = this.begun;
    const left = this.left();
    if (number > this.last || left === null || this.abort.signal.aborted) return null;
    this.begun++;
    this.handedOut += left.schedules ?? 0;
    const searchSeed = new Prng(this.unit.searchSeed).fork(`batch ${number}`).next();
    return { number, work: { unit: { ...this.unit, searchSeed }, budget: left } };
  }

  /** Budget of the next batch; null when nothing is left. */
  private left(): Budget | null {
    const schedules = Math.min(this.batch, (this.budget.schedules ?? Number.POSITIVE_INFINITY) - this.handedOut);
    if (schedules <= 0) return null;
    if (this.budget.ms === undefined) return { schedules };
    const ms = this.budget.ms - (hostNow() - this.since);
    return ms <= 0 ? null : { schedules, ms };
  }

  /** In the order of their numbers; what comes after a batch that has ended the campaign does not count. */
  private merge(): void {
    for (let next = this.early.get(this.added); next !== undefined && this.added <= this.last; next = this.early.get(this.added)) {
      this.early.delete(this.added);
      this.added++;
      this.merged.add(next);
    }
  }

  private look(): void {
    const { onProgress, interrupted } = this.options;
    const elapsed = hostNow() - this.since;
    const { schedules, distinctTraces: traces, meanEstimate: estimate, found: failures } = this.merged;
    const perSecond = (schedules / Math.max(elapsed, 1)) * 1000;
    onProgress?.({ schedules, traces, estimate, perSecond, failures, strategy: this.unit.strategy });
    if (interrupted?.() === true) this.abort.abort();
  }
}

/** From the sources the threads need the loader that this thread runs under. */
export function threadOptions(): { filename: string; execArgv?: string[] } {
  const source = import.meta.url.endsWith('.ts');
  const filename = fileURLToPath(new URL(source ? './worker.ts' : './worker.js', import.meta.url));
  return source ? { filename, execArgv: ['--import', import.meta.resolve('tsx')] } : { filename, execArgv: [] };
}
