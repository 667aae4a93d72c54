/**
 * The result of an exploration as JSON: the fields that scripts rely on, in a fixed order. No kernel counterpart.
 */
import type { FailingSchedule } from '../explore/result.ts';
import { smallerJson } from './smaller-text.ts';
import { allFailures, type Exploration, type ExploreVerdict } from './exploration.ts';

/** One document and a newline. */
export function exploreJson(exploration: Exploration, verdict: ExploreVerdict): string {
  const { scenario, design, quirks, strategy, seed, workers, strict, budget, campaign, expected, notExplored, smaller } = exploration;
  const { result, predicted, confirmation, interrupted } = campaign;
  const told = (failure: FailingSchedule): object => failureJson(failure, exploration);
  const [first] = result.failures;
  const document = {
    command: 'explore',
    ...{ scenario, design, quirks, strategy, seed, verdict: result.verdict },
    ...{ schedules: result.schedules, steps: result.steps, schedulesPerSecond: perSecond(result), elapsedMs: result.elapsedMs },
    ...(first === undefined ? {} : { finding: told(first) }),
    ...{ passed: verdict.passed, expected, reasons: verdict.reasons, interrupted, strict, workers, budget },
    ...{ redundant: result.redundant, endless: result.endless, rechecked: result.rechecked },
    ...{ coverage: result.coverage, estimate: result.estimate, bounds: result.bounds, notExplored },
    findings: allFailures(campaign).map(told),
    predicted: predicted.map(({ finding }) => finding.title),
    ...{ confirmation, unstable: result.unstable },
    ...(smaller === undefined ? {} : { smaller: smaller === null ? null : smallerJson(smaller) }),
  };
  return `${JSON.stringify(document, rounded, 2)}\n`;
}

export const perSecond = ({ schedules, elapsedMs }: { schedules: number; elapsedMs: number }): number =>
  (schedules * 1000) / Math.max(elapsedMs, 1);

function failureJson(failure: FailingSchedule, { replay, constraints }: Exploration): object {
  const { finding, steps, switches, execution, strategy, shrunk, timeline } = failure;
  const { kind, title, tasks, ...more } = finding;
  return {
    ...{ kind, title, tasks, steps, replay: replay(failure) },
    ...{ switches, execution, strategy, shrunk },
    constraints: constraints(failure) ?? null,
    schedule: timeline.map(({ task, what, held }) => ({ task, what, held })),
    report: more,
  };
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Math.round(value * 1000) / 1000 : value;
}
