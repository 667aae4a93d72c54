/**
 * A campaign: explores a unit, in this thread or on several, and when a lock order was broken goes on for a while to find the deadlock that
 * this predicts. No kernel counterpart.
 */
import type { Budget, Progress } from '../explore/explorer.ts';
import type { ExploreResult, FailingSchedule } from '../explore/result.ts';
import { exploreUnit, type Hooks, type UnitResult } from './explore-unit.ts';
import { Merged } from './merge.ts';
import { exploreInPool } from './pool.ts';
import { isDeadlock, isPrediction, type CampaignUnit } from './unit.ts';

export interface CampaignPlan {
  readonly unit: CampaignUnit;
  readonly budget: Budget;
  /** 1: in this thread. */
  readonly workers: number;
  /** How many schedules to look for the deadlock that a broken lock order predicts. Default 2,000. */
  readonly confirm?: number;
}

/** confirmed: it was found; refuted: no schedule of this program leads to it; open: it was not found in the schedules looked at. */
export interface Confirmation {
  readonly outcome: 'confirmed' | 'refuted' | 'open';
  readonly schedules: number;
}

export interface CampaignResult {
  /** Failures without those that only predict what another one confirms. */
  readonly result: ExploreResult;
  /** Broken lock orders that were confirmed by a failure of the result. */
  readonly predicted: readonly FailingSchedule[];
  /** Null when there was nothing to confirm. */
  readonly confirmation: Confirmation | null;
  readonly interrupted: boolean;
}

const CONFIRM_SCHEDULES = 2000;

export async function runCampaign(plan: CampaignPlan, hooks: Hooks = {}): Promise<CampaignResult> {
  let interrupted = false;
  const told: Hooks = { ...hooks, interrupted: () => (interrupted ||= hooks.interrupted?.() ?? false) };
  const first = await exploreWith(plan, told);
  const rest = interrupted ? null : restOf(plan, first.result);
  if (rest === null) return { ...assess([first], null), interrupted };
  // Another seed: the schedules that have been made held no deadlock.
  const unit: CampaignUnit = { ...plan.unit, wanted: 'deadlocks', collect: false, searchSeed: plan.unit.searchSeed ^ 1 };
  const second = await exploreWith({ ...plan, unit, budget: rest }, continued(told, first.result));
  return { ...assess([first, second], second.result), interrupted };
}

async function exploreWith({ unit, budget, workers }: CampaignPlan, hooks: Hooks): Promise<UnitResult> {
  const found = workers > 1 ? await exploreInPool(unit, budget, { ...hooks, workers }) : await exploreUnit(unit, budget, hooks);
  return found ?? (await exploreUnit(unit, { schedules: 0 }));
}

/** The budget for confirming what was predicted; null when there is nothing to confirm, or nothing left. */
function restOf({ unit, budget, confirm = CONFIRM_SCHEDULES }: CampaignPlan, first: ExploreResult): Budget | null {
  const { failures } = first;
  if (unit.wanted !== 'all' || !failures.some(({ finding }) => isPrediction(finding))) return null;
  if (failures.some(({ finding }) => isDeadlock(finding))) return null;
  const schedules = Math.min(confirm, (budget.schedules ?? Number.POSITIVE_INFINITY) - first.schedules);
  const ms = (budget.ms ?? Number.POSITIVE_INFINITY) - first.elapsedMs;
  if (schedules <= 0 || ms <= 0) return null;
  return { schedules, ...(ms === Number.POSITIVE_INFINITY ? {} : { ms }) };
}

/** Progress of the second part counts on from the first. */
function continued(hooks: Hooks, { schedules, failures }: ExploreResult): Hooks {
  const { onProgress } = hooks;
  if (onProgress === undefined) return hooks;
  const more = (progress: Progress): Progress => ({
    ...progress,
    schedules: schedules + progress.schedules,
    failures: failures.length + progress.failures,
  });
  return { ...hooks, onProgress: (progress) => onProgress(more(progress)) };
}

function assess(parts: readonly UnitResult[], confirming: ExploreResult | null): Omit<CampaignResult, 'interrupted'> {
  const result = addUp(parts);
  const deadlocks = result.failures.filter(({ finding }) => isDeadlock(finding));
  const confirms = (failure: FailingSchedule): boolean =>
    isPrediction(failure.finding) && deadlocks.some((deadlock) => isPredictedBy(deadlock, failure));
  const predicted = result.failures.filter(confirms).map((failure) => graded(failure));
  const others = result.failures.filter((failure) => !confirms(failure));
  const confirmed = (failure: FailingSchedule): boolean => predicted.some((prediction) => isPredictedBy(failure, prediction));
  const failures = others.map((failure) => (isDeadlock(failure.finding) && confirmed(failure) ? graded(failure) : failure));
  // A deadlock that happens says more than an order that could lead to one.
  const ordered = [...failures].toSorted((a, b) => Number(isPrediction(a.finding)) - Number(isPrediction(b.finding)));
  return { result: { ...result, failures: ordered }, predicted, confirmation: confirmationOf(predicted, confirming) };
}

function addUp(parts: readonly UnitResult[]): ExploreResult {
  const [first] = parts;
  if (parts.length === 1) return first!.result;
  const merged = new Merged();
  for (const part of parts) merged.add(part);
  return merged.result(parts.reduce((sum, { result }) => sum + result.elapsedMs, 0))!;
}

function confirmationOf(predicted: readonly FailingSchedule[], confirming: ExploreResult | null): Confirmation | null {
  if (predicted.length > 0) return { outcome: 'confirmed', schedules: confirming?.schedules ?? 0 };
  if (confirming === null) return null;
  return { outcome: confirming.verdict === 'exhausted' ? 'refuted' : 'open', schedules: confirming.schedules };
}

/** What has happened needs no excuse for why nobody could say whether it can. */
export function graded(failure: FailingSchedule): FailingSchedule {
  const { notes = [], ...finding } = failure.finding;
  const kept = notes.filter((note) => !note.startsWith('not graded'));
  return { ...failure, finding: { ...finding, ...(kept.length === 0 ? {} : { notes: kept }), grade: 'CONFIRMED' } };
}

/** Do the tasks of the deadlock wait for locks of the classes in the cycle, and for nothing else? */
function isPredictedBy({ finding }: FailingSchedule, { finding: { cycle } }: FailingSchedule): boolean {
  const { blocked = [] } = finding;
  if (cycle === undefined || blocked.length === 0) return false;
  return blocked.every(({ waitsForClass }) => cycle.some(({ to }) => to === waitsForClass));
}
