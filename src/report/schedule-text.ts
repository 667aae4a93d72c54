/**
 * Text of a failing schedule: who did what in which order, with one column for each task that matters, what had to happen before what, the
 * finding's own report, and how to see it again. No kernel counterpart: the kernel never knows the schedule.
 */
import type { Constraint } from '../explore/constraints.ts';
import type { FailingSchedule } from '../explore/result.ts';
import { findingLines } from './finding-text.ts';
import { count, cutMiddle, wrapText, WIDTH } from './layout.ts';
import { PLAIN, type Paint } from './paint.ts';
import { columnLines, listLines } from './schedule-columns.ts';
import { rowsOf, tasksThatMatter } from './schedule-rows.ts';

export interface ScheduleTextOptions {
  /** Names the run: design, runtime, seed. */
  readonly context?: string;
  readonly constraints?: readonly Constraint[];
  /** The command that replays it. */
  readonly replay?: string;
  readonly paint?: Paint;
}

export function scheduleLines(failing: FailingSchedule, options: ScheduleTextOptions = {}): string[] {
  const { paint = PLAIN, context, constraints, replay } = options;
  const { finding } = failing;
  const lines = [...wrapText(originText(failing), ''), ''];
  const rows = rowsOf(failing);
  const named = new Set([...finding.tasks, ...(constraints ?? []).flatMap(({ before, after }) => [before.task, after.task])]);
  const tasks = tasksThatMatter(rows, named);
  lines.push(...(columnLines(rows, tasks, paint) ?? listLines(rows, paint)), '');
  if (constraints !== undefined) lines.push(...constraintLines(constraints, paint), '');
  lines.push(...findingLines(finding, context));
  // Not wrapped: it is there to be copied.
  if (replay !== undefined) lines.push(`replay: ${paint.bold(replay)}`);
  return lines;
}

function originText({ finding, choices, steps, switches, execution, strategy, shrunk }: FailingSchedule): string {
  const less = shrunk === null ? '' : ` (shrunk from ${shrunk.from} in ${count(shrunk.executions, 'execution')})`;
  const length = `${count(steps, 'step')}, ${count(switches, 'switch', 'switches')}, ${count(choices.length, 'choice')}${less}`;
  return `${finding.kind} after ${length}; found by ${strategy} in execution ${execution}`;
}

function constraintLines(constraints: readonly Constraint[], paint: Paint): string[] {
  if (constraints.length === 0) return [paint.bold('It fails in any order of these steps.')];
  const ends = constraints.map(({ before, after }) => [`${before.task}: ${before.what}`, `${after.task}: ${after.what}`] as const);
  const room = Math.floor((WIDTH - 12) / 2);
  const width = Math.min(room, Math.max(...ends.map(([before]) => before.length)));
  const lines = ends.map(([before, after]) => `  ${cutMiddle(before, width).padEnd(width)}  before  ${cutMiddle(after, room)}`);
  const title = constraints.length === 1 ? 'It fails only in this order:' : `It fails only in these ${constraints.length} orders together:`;
  return [paint.bold(title), ...lines];
}
