/**
 * Text of any finding. No kernel counterpart: lockdep's and khungtaskd's reports are the
 * patterns of the kinds that they know.
 */
import type { Finding } from '../locks/finding.ts';
import { deadlockLines } from './deadlock-text.ts';
import { hungTaskLines } from './hung-task-text.ts';
import { seconds, wrapText } from './layout.ts';
import { placeLines, RULE, splatLines, THIN_RULE } from './splat.ts';

/** The whole report; `context` names the run: design, runtime, seed. */
export function findingLines(finding: Finding, context?: string): string[] {
  if (finding.cycle !== undefined && finding.cycle.length > 0) return splatLines(finding, context);
  if (finding.blocked?.[0]?.detail !== undefined) return hungTaskLines(finding, context);
  if (finding.blocked !== undefined && finding.blocked.length > 0) return deadlockLines(finding, context);
  const lines = [RULE, ...wrapText(`${finding.kind}: ${finding.title}`, '')];
  if (context !== undefined) lines.push(context);
  lines.push(THIN_RULE, `at ${seconds(finding.time)}${finding.tasks.length === 0 ? '' : `, by ${finding.tasks.join(', ')}`}`);
  if (finding.place !== undefined) lines.push('in:', ...placeLines(finding.place, '  '));
  for (const note of finding.notes ?? []) lines.push(...wrapText(note, 'note: ', '      '));
  lines.push(RULE);
  return lines;
}
