/**
 * The result of an exploration as text: what was found and how to see it again, how much was looked at, what was left out, verdict.
 * No kernel counterpart.
 */
import type { CampaignResult, Confirmation } from '../campaign/campaign.ts';
import type { Progress } from '../explore/explorer.ts';
import type { ExploreResult, FailingSchedule } from '../explore/result.ts';
import { allFailures, type Exploration, type ExploreVerdict } from './exploration.ts';
import { perSecond } from './explore-json.ts';
import { count, seconds, wrapText } from './layout.ts';
import { PLAIN, type Paint } from './paint.ts';
import { scheduleLines, type ScheduleTextOptions } from './schedule-text.ts';
import { smallerLines } from './smaller-text.ts';

export function exploreText(exploration: Exploration, verdict: ExploreVerdict, paint: Paint = PLAIN): string {
  const { scenario, campaign, notExplored } = exploration;
  const { result, predicted } = campaign;
  const context = contextText(exploration);
  const failures = allFailures(campaign);
  const section = (title: string, lines: readonly string[]): string[] => (lines.length === 0 ? [] : ['', paint.bold(title), ...lines]);
  const schedule = (failure: FailingSchedule): ScheduleTextOptions => {
    const constraints = exploration.constraints(failure);
    return { context, paint, replay: `apemu replay ${exploration.replay(failure)}`, ...(constraints === undefined ? {} : { constraints }) };
  };
  const told = (failure: FailingSchedule, i: number): string[] => {
    const about = predicted.includes(failure) ? 'predicted and confirmed: ' : '';
    const title = `Finding ${i + 1} of ${failures.length}: ${about}${failure.finding.kind}`;
    return section(title, scheduleLines(failure, schedule(failure)));
  };
  const head = `apemu explore ${scenario}: ${result.verdict} after ${figure(result.schedules, 'schedule')} in ${seconds(result.elapsedMs)} (${context})`;
  const lines = [
    ...wrapText(head, '').map((line) => paint.bold(line)),
    ...failures.flatMap(told),
    ...section(
      'Not deterministic',
      result.unstable.flatMap((text) => wrapText(text, '  ', '    ')),
    ),
    ...(exploration.smaller === undefined ? [] : smallerLines(exploration.smaller, exploration.kept, paint)),
    ...section('Explored', exploredLines(campaign)),
    ...section(
      'Not explored',
      notExplored.flatMap((text) => wrapText(text, '  ', '    ')),
    ),
    '',
    ...lastLines(exploration, verdict, paint),
  ];
  return `${lines.join('\n')}\n`;
}

/** `3.2 s: 1,234 schedules, 345 distinct, about 1.2e+9 in all, 385 a second, nothing found (random)`. */
export function exploreProgressText(progress: Progress | null, elapsedMs: number): string {
  if (progress === null) return `${seconds(elapsedMs)}: starting`;
  const { schedules, traces, estimate, perSecond: rate, failures, strategy } = progress;
  const parts = [figure(schedules, 'schedule')];
  if (traces !== null) parts.push(`${number(traces)} distinct`);
  if (estimate !== null) parts.push(`about ${number(estimate)} in all`);
  parts.push(`${number(rate)} a second`, failures === 0 ? 'nothing found' : figure(failures, 'finding'));
  return `${seconds(elapsedMs)}: ${parts.join(', ')} (${strategy})`;
}

function contextText({ design, quirks, strategy, seed, strict }: Exploration): string {
  const parts = [`design ${design}`, ...(quirks.length === 0 ? [] : [`with ${quirks.join(', ')}`])];
  parts.push(`strategy ${strategy}`, `seed ${seed}`, ...(strict ? ["Linux lockdep's view"] : []));
  return parts.join(', ');
}

function exploredLines({ result, confirmation }: CampaignResult): string[] {
  const { schedules, steps, redundant, endless, coverage, estimate, bounds, rechecked } = result;
  const each = schedules === 0 ? 0 : steps / schedules;
  const cut = redundant === 0 ? '' : `, ${number(redundant)} of them cut as redundant`;
  const without = endless === 0 ? '' : `, ${number(endless)} without an end`;
  const twice = rechecked === 0 ? '' : `, ${number(rechecked)} made twice`;
  const traces = coverage.traces === null ? 'not counted' : `${number(coverage.traces)} distinct`;
  const lines = [
    `schedules: ${number(schedules)}${cut}${without}${twice}; ${each.toFixed(1)} steps each, ${number(perSecond(result))} a second`,
    `traces: ${traces}; ${figure(coverage.handOvers, 'hand-over')}, ${figure(coverage.lockEdges, 'lock dependency', 'lock dependencies')}`,
  ];
  if (estimate !== null)
    lines.push(`estimate: about ${number(estimate.schedules)} schedules in all (standard error ${number(estimate.error)})`);
  if (confirmation !== null) lines.push(confirmationText(confirmation));
  if (bounds.length > 0) lines.push(`within: ${bounds.join('; ')}`);
  return lines.flatMap((line) => wrapText(line, '  ', '    '));
}

function confirmationText({ outcome, schedules }: Confirmation): string {
  switch (outcome) {
    case 'confirmed':
      return `the deadlock that the lock order predicts was found ${schedules === 0 ? 'with it' : `${figure(schedules, 'schedule')} later`}`;
    case 'refuted':
      return `the deadlock that the lock order predicts is in none of all ${figure(schedules, 'schedule')} of this scenario`;
    case 'open':
      return `the deadlock that the lock order predicts was not met in ${figure(schedules, 'more schedule')}`;
  }
}

/** The very last line is the verdict. */
function lastLines(exploration: Exploration, verdict: ExploreVerdict, paint: Paint): string[] {
  const { campaign, expected, design } = exploration;
  const what = resultText(campaign.result);
  if (campaign.interrupted) return wrapText(`interrupted: ${what}`, '', '  ').map((line) => paint.bad(line));
  if (verdict.open) return wrapText(`UNDECIDED: ${what}: ${verdict.reasons.join('; ')}`, '', '  ').map((line) => paint.bad(line));
  if (!verdict.passed) return wrapText(`FAILED: ${what}: ${verdict.reasons.join('; ')}`, '', '  ').map((line) => paint.bad(line));
  const asExpected = expected.length === 0 || campaign.result.failures.length === 0 ? '' : `, as the scenario expects of ${design}`;
  return wrapText(`ok: ${what}${asExpected}`, '', '  ').map((line) => paint.good(line));
}

function resultText({ verdict, schedules, failures, coverage }: ExploreResult): string {
  const traces = coverage.traces === null ? '' : ` (${figure(coverage.traces, 'distinct trace')})`;
  switch (verdict) {
    case 'finding':
      return `${figure(failures.length, 'finding')} in ${figure(schedules, 'schedule')}`;
    case 'clean':
      return `nothing found in ${figure(schedules, 'schedule')}${traces}`;
    case 'exhausted':
      return `all ${coverage.traces === null ? figure(schedules, 'schedule') : figure(coverage.traces, 'trace')} explored, nothing found`;
    case 'undecided':
      return `nothing found so far in ${figure(schedules, 'schedule')}${traces}`;
  }
}

/** Thousands apart, and powers of ten where nobody counts zeros. */
function number(n: number): string {
  if (n >= 1e9) return n.toExponential(1);
  return Math.round(n).toLocaleString('en-US');
}

const figure = (n: number, one: string, many?: string): string => count(n, one, many).replace(/^[0-9.e+]+/, number(n));
