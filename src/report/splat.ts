/**
 * Text of a predicted deadlock in the order of sections of lockdep's report (kernel/locking/lockdep.c, print_circular_bug), with what that
 * report leaves out: one column for each task of the cycle, both places of every dependency, by whom and when.
 */
import type { CycleEdge, Finding } from '../locks/finding.ts';
import type { Place } from '../locks/place.ts';
import { count, seconds, wrapText, wrapWords, WIDTH } from './layout.ts';
import { scenarioLines } from './splat-scenario.ts';

export const RULE = '='.repeat(78);
export const THIN_RULE = '-'.repeat(78);

/** Text of a finding that carries a cycle. `context` names the run: design, runtime, seed. */
export function splatLines(finding: Finding, context?: string): string[] {
  const { cycle } = finding;
  if (cycle === undefined || cycle.length === 0) throw new Error(`splat: expected a finding with a cycle, got ${finding.key} without one`);
  const recursive = cycle.length === 1;
  const newest = cycle[0]!;
  const who = `${newest.task}/${newest.pid}`;
  const lines = [RULE, `possible ${recursive ? 'recursive locking' : 'circular locking dependency'} detected`];
  if (context !== undefined) lines.push(context);
  lines.push(...gradeLines(finding));
  lines.push(THIN_RULE, `${who} asks, at ${seconds(newest.time)}, for:`, `  ${lockLine(newest.to, newest.toMode, newest.toPlace)}`);
  lines.push('while it holds:', `  ${lockLine(newest.from, newest.fromMode, newest.fromPlace)}`);
  if (!recursive) lines.push(`and elsewhere (${newest.from}) was already asked for with (${newest.to}) held, directly or through others.`);
  lines.push('', ...(recursive ? [] : chainLines(cycle)), ...scenarioLines(cycle));
  if (recursive)
    lines.push(
      '',
      ...wrapText('If the two are different locks of one class, a nesting annotation has to say in which order they are taken.', ' '),
    );
  lines.push('', ...heldLines(newest), '', `Where ${who} asks for (${newest.to}):`, ...placeLines(newest.toPlace, '  '));
  for (const note of finding.notes ?? []) lines.push(...wrapText(note, 'note: ', '      '));
  lines.push(RULE);
  return lines;
}

const GRADES: Readonly<Record<NonNullable<Finding['grade']>, string>> = {
  CONFIRMED: 'a schedule that ends in this deadlock was found',
  REACHABLE: 'tasks that do what was seen can get stuck',
  'NEEDS-WRITER': 'only with a writer in the queue between the readers, and none was seen',
  GUARDED: 'in all that was seen, something keeps the tasks apart',
  'CLASS-ONLY': 'first seen with different locks of the classes; later sightings of the same sequence are not kept',
  'SINGLE-TASK': 'first seen in one task only, which cannot wait for itself here',
};

/** Head of a graded report; what was found stays a finding in any case. */
function gradeLines({ grade, guards, replay }: Finding): string[] {
  const lines: string[] = [];
  if (grade !== undefined) {
    const why = guards === undefined ? GRADES[grade] : `${guards.join(', ')} ${guards.length === 1 ? 'keeps' : 'keep'} the tasks apart`;
    lines.push(...wrapText(`grade: ${grade} (${why})`, '', '       '));
  }
  if (replay !== undefined) lines.push(`replay: ${replay}`);
  return lines;
}

function lockLine(name: string, mode: string, place: Place): string {
  return `(${name}) ${mode}, at ${place[0] ?? 'an unknown place'}`;
}

/** Newest first, as lockdep numbers it: #0 is the request that closes the cycle. */
function chainLines(cycle: readonly CycleEdge[]): string[] {
  const lines = [`The chain of ${count(cycle.length, 'dependency', 'dependencies')}, down to the request that closes it:`, ''];
  for (let n = cycle.length - 1; n >= 0; n--) lines.push(...linkLines(n, cycle[n]!), '');
  if (cycle.length >= 3) {
    const names = [...cycle.map((edge) => edge.from), cycle[0]!.from];
    lines.push('Order that is closed to a ring:', ...wrapWords(names, WIDTH - 2, ' --> ').map((line) => `  ${line}`), '');
  }
  return lines;
}

function linkLines(n: number, edge: CycleEdge): string[] {
  return [
    ...wrapText(
      `-> #${n} (${edge.to}) ${edge.toMode}: ${edge.task}/${edge.pid} at ${seconds(edge.time)}, holding (${edge.from}) ${edge.fromMode}`,
      '',
      '     ',
    ),
    `     (${edge.to}) was asked for in:`,
    ...placeLines(edge.toPlace, '       '),
    `     (${edge.from}) had been taken in:`,
    ...placeLines(edge.fromPlace, '       '),
  ];
}

/** The frames of a place, innermost first. */
export function placeLines(place: Place, indent: string): string[] {
  if (place.length === 0) return [`${indent}(place not known)`];
  return place.map((frame) => `${indent}${frame}`);
}

function heldLines(edge: CycleEdge): string[] {
  const lines = [`${count(edge.held.length, 'lock')} held by ${edge.task}/${edge.pid}:`];
  for (const [i, name] of edge.held.entries()) lines.push(` #${i}: ${name}`);
  return lines;
}
