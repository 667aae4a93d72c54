/**
 * Text of tasks that block each other right now: what each holds, what it waits for, behind whom (kernel: what khungtaskd and
 * debug_show_all_locks print, kernel/hung_task.c, at the moment it happens instead of two minutes later).
 */
import type { BlockedTask, Finding } from '../locks/finding.ts';
import { count, seconds, wrapText, wrapWords, WIDTH } from './layout.ts';
import { RULE, THIN_RULE } from './splat.ts';

/** Text of a finding that carries blocked tasks. */
export function deadlockLines(finding: Finding, context?: string): string[] {
  const { blocked } = finding;
  if (blocked === undefined) throw new Error(`deadlock text: expected a finding with blocked tasks, got ${finding.key} without any`);
  const lines = [RULE, ...wrapText(finding.title, '')];
  if (context !== undefined) lines.push(context);
  lines.push(THIN_RULE, `${count(blocked.length, 'task')} blocked at ${seconds(finding.time)}:`);
  for (const task of blocked) lines.push('', ...taskLines(task));
  const ring = ringOf(blocked);
  if (ring !== null)
    lines.push('', 'Who waits for whom:', ...wrapWords(ring, WIDTH - 2, ' -> ').map((line) => `  ${line}`), '', ' *** DEADLOCK ***');
  for (const note of finding.notes ?? []) lines.push(...wrapText(note, 'note: ', '      '));
  lines.push(RULE);
  return lines;
}

function taskLines(task: BlockedTask): string[] {
  const { holds, behind } = task;
  return [
    ` ${task.task}/${task.pid}`,
    `   waits for  ${task.waitsFor}`,
    ...field('holds', holds.length === 0 ? ['nothing'] : holds),
    ...field('behind', behind.length === 0 ? ['no known task'] : behind),
  ];
}

function field(name: string, values: readonly string[]): string[] {
  const indent = `   ${name.padEnd(9)}  `;
  return wrapWords(values, WIDTH - indent.length, ', ').map((line, i) => `${i === 0 ? indent : ' '.repeat(indent.length)}${line}`);
}

/** The names in the order of waiting, back to the first; null when the tasks are not one ring. */
function ringOf(blocked: readonly BlockedTask[]): string[] | null {
  const names = blocked.map(({ task }) => task);
  const closed = blocked.every(({ behind }, i) => behind.includes(names[(i + 1) % names.length]!));
  return closed && names.length > 0 ? [...names, names[0]!] : null;
}
