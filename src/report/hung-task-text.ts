/**
 * Text of a hung task or a livelock (kernel: what khungtaskd and debug_show_all_locks print, kernel/hung_task.c): the chain of waits to its
 * end, with holds and waits apart, places in the queue, since when and where; then all other locks that are held.
 */
import type { BlockedDetail, BlockedTask, Finding, HeldLock } from '../locks/finding.ts';
import { count, seconds, WIDTH, wrapText, wrapWords } from './layout.ts';
import { RULE, THIN_RULE } from './splat.ts';

/** Text of a finding whose blocked tasks carry details. */
export function hungTaskLines(finding: Finding, context?: string): string[] {
  const { blocked, bystanders = [], notes = [], time } = finding;
  if (blocked === undefined || blocked.length === 0) throw new Error(`hung task: expected blocked tasks, got ${finding.key} without any`);
  const lines = [RULE, ...wrapText(finding.title, '')];
  if (context !== undefined) lines.push(context);
  lines.push(THIN_RULE, `The chain of waits at ${seconds(time)}, to its end:`);
  for (const [i, task] of blocked.entries()) lines.push('', ...taskLines(task, i, time));
  lines.push('');
  for (const note of notes) lines.push(...wrapText(note, 'note: ', '      '));
  if (bystanders.length > 0) {
    lines.push('', 'All other tasks that hold something:');
    for (const task of bystanders) lines.push(...bystanderLines(task, time));
  }
  lines.push(RULE);
  return lines;
}

function taskLines(task: BlockedTask, i: number, now: number): string[] {
  const { detail } = task;
  const kind = detail === undefined ? '' : `: ${detail.daemon ? 'daemon, ' : ''}${stateText(detail, now)}`;
  const lines = [` #${i} ${task.task}/${task.pid}${kind}`];
  if (task.waitsFor !== 'nothing') lines.push(...field('waits for', waitText(task)));
  if (detail !== undefined && detail.place.length > 0) lines.push(...field('', `asked for in ${detail.place[0]}`));
  const held = detail?.held ?? [];
  if (held.length === 0) lines.push(...field('holds', task.holds.join(', ') || 'nothing'));
  for (const [n, lock] of held.entries()) lines.push(...field(n === 0 ? 'holds' : '', heldText(lock, now)));
  if (task.behind.length > 0) lines.push(...field('behind', task.behind.join(', ')));
  return lines;
}

function stateText({ state, since, attempts }: BlockedDetail, now: number): string {
  const time = since === null ? '' : ` for ${seconds(now - since)}`;
  if (state === 'retrying') return `tries again and again${time}, ${count(attempts, 'attempt')} in vain`;
  if (state === 'runs') return 'waits for nothing that is known here';
  return `blocked${time}${attempts === 0 ? '' : `, woken ${count(attempts, 'time')} in vain`}`;
}

function waitText({ waitsFor, detail }: BlockedTask): string {
  if (detail === undefined || detail.position === 0) return waitsFor;
  return `${waitsFor}, number ${detail.position} of ${detail.waiters} in the queue`;
}

function heldText({ name, mode, since, place }: HeldLock, now: number): string {
  const time = since === null ? '' : `, for ${seconds(now - since)}`;
  return `${name} (${mode})${time}, taken in ${place[0] ?? 'an unknown place'}`;
}

function field(name: string, value: string): string[] {
  const indent = `    ${name.padEnd(9)}  `;
  return wrapWords(value.split(' '), WIDTH - indent.length).map((line, i) => `${i === 0 ? indent : ' '.repeat(indent.length)}${line}`);
}

function bystanderLines({ task, pid, detail, holds }: BlockedTask, now: number): string[] {
  const held = detail?.held ?? [];
  const lines = [`${count(holds.length, 'lock')} held by ${task}/${pid}:`];
  for (const [i, lock] of held.entries()) lines.push(...wrapText(heldText(lock, now), ` #${i}: `, '     '));
  return lines;
}
