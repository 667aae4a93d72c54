/**
 * What is told of a replay: whether the schedule ended as it did, or the state at one of its steps; as text and as JSON.
 * No kernel counterpart.
 */
import type { ReplayOutcome } from '../campaign/replay.ts';
import type { Replayable } from '../campaign/replayable.ts';
import type { StateAt, StateTask } from '../explore/state-at.ts';
import { count, seconds, wrapText } from './layout.ts';
import { PLAIN, type Paint } from './paint.ts';
import { scheduleLines } from './schedule-text.ts';

/** Steps before the moment that are shown. */
const LAST_STEPS = 10;

export interface ReplayReport {
  readonly what: Replayable;
  /** Quirks that were switched on. */
  readonly quirks: readonly string[];
  /** Kinds of findings that the scenario expects. */
  readonly expected: readonly string[];
}

export function replayText(report: ReplayReport, outcome: ReplayOutcome, paint: Paint = PLAIN): string {
  const context = contextText(report);
  const { failure, verdict, steps, diverged, skipped, added } = outcome;
  const lines = wrapText(`apemu replay ${report.what.unit.scenario.source}: ${count(steps, 'step')} (${context})`, '').map((line) =>
    paint.bold(line),
  );
  if (failure !== null) lines.push('', ...scheduleLines(failure, { context, paint }));
  lines.push('');
  if (diverged !== null) lines.push(...wrapText(diverged, ''));
  if (skipped + added > 0)
    lines.push(...wrapText(`followed leniently: ${count(skipped, 'recorded step')} left out, ${count(added, 'step')} not recorded`, ''));
  const last = lastText(report, verdict);
  lines.push(...wrapText(last.text, '', '  ').map((line) => (last.good ? paint.good(line) : paint.bad(line))));
  return `${lines.join('\n')}\n`;
}

export function replayJson({ what, quirks, expected }: ReplayReport, outcome: ReplayOutcome): string {
  const { unit, kind } = what;
  const { verdict, failure, steps, diverged, skipped, added } = outcome;
  const document = {
    ...{ command: 'replay', scenario: unit.scenario.source, design: unit.design, quirks, seed: unit.seed, verdict, kind, steps },
    ...(failure === null ? {} : { finding: { ...failure.finding, steps: failure.steps, switches: failure.switches } }),
    ...{ expected, diverged, skipped, added },
    schedule: failure?.timeline.map(({ task, what: step, held }) => ({ task, what: step, held })) ?? [],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

export function stateText(report: ReplayReport, state: StateAt, paint: Paint = PLAIN): string {
  const { steps, time, tasks, timeline, diverged } = state;
  const at = `after ${count(steps, 'step')}, at ${seconds(time)}`;
  const head = `apemu replay ${report.what.unit.scenario.source}: ${at} (${contextText(report)})`;
  const first = Math.max(0, timeline.length - LAST_STEPS);
  const lines = [
    ...wrapText(head, '').map((line) => paint.bold(line)),
    ...(diverged === null ? [] : wrapText(diverged, '')),
    ...(timeline.length === 0 ? [] : ['', paint.bold('The steps before')]),
    ...timeline.slice(first).flatMap(({ task, what }, i) => wrapText(`${first + i + 1}  ${task}: ${what}`, '  ', '      ')),
    '',
    paint.bold(count(tasks.length, 'task')),
    ...tasks.flatMap(taskLines),
  ];
  return `${lines.join('\n')}\n`;
}

export function stateJson({ what, quirks }: ReplayReport, { steps, time, tasks, diverged }: StateAt): string {
  const { unit } = what;
  const about = { command: 'replay', scenario: unit.scenario.source, design: unit.design, quirks, seed: unit.seed };
  return `${JSON.stringify({ ...about, steps, time, diverged, tasks }, null, 2)}\n`;
}

function contextText({ what, quirks }: ReplayReport): string {
  const { design, seed, wanted } = what.unit;
  const parts = [`design ${design}`, ...(quirks.length === 0 ? [] : [`with ${quirks.join(', ')}`]), `seed ${seed}`];
  return [...parts, ...(wanted === 'lockdep' ? ["Linux lockdep's view"] : [])].join(', ');
}

function lastText({ what: { kind, unit }, expected }: ReplayReport, verdict: ReplayOutcome['verdict']): { text: string; good: boolean } {
  switch (verdict) {
    case 'reproduced': {
      const wanted = expected.includes(kind);
      return { text: `reproduced: ${kind}${wanted ? `, as the scenario expects of ${unit.design}` : ''}`, good: wanted };
    }
    case 'missing': {
      const why = kind === 'lock-order' ? ': the order was learnt from several schedules, of which this is one' : '';
      return { text: `UNDECIDED: expected ${kind}, and it was not found${why}`, good: false };
    }
    case 'diverged':
      return { text: `UNDECIDED: the replay took another course, expected ${kind}`, good: false };
  }
}

function taskLines({ task, pid, next, waitsFor, behind, detail, holds }: StateTask): string[] {
  const blocked = detail?.state === 'blocked';
  const held = detail?.held.map(({ name, mode, place }) => `${name} (${mode})${place[0] === undefined ? '' : `, taken in ${place[0]}`}`);
  const field = (name: string, value: string): string[] => wrapText(value, `    ${name.padEnd(10)} `, ' '.repeat(15));
  return [
    '',
    `  ${task}/${pid}${detail?.daemon === true ? ' (daemon)' : ''}`,
    ...(blocked ? field('waits for', `${waitsFor}${behind.length === 0 ? '' : `, behind ${behind.join(', ')}`}`) : field('next', next)),
    ...(held ?? holds).flatMap((lock, i) => field(i === 0 ? 'holds' : '', lock)),
  ];
}
