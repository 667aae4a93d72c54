/**
 * What the end of an execution says by itself: somebody waits for ever, nobody ever finishes, or an await was not controlled.
 */
import type { Finding } from '../locks/finding.ts';
import { heldNames } from '../locks/guard.ts';
import type { ControlledOutcome } from '../runtime/controlled-options.ts';
import type { ControlledRuntime } from '../runtime/controlled.ts';
import { labelText, nextLabel } from '../runtime/footprint.ts';
import type { Task } from '../runtime/task.ts';
import type { Monitor } from './program.ts';

/** Null when the end is as it should be, or was explained by a finding before. */
export function endFinding(outcome: ControlledOutcome, rt: ControlledRuntime, found: readonly Finding[]): Finding | null {
  if (outcome === 'done' || outcome === 'stopped' || outcome === 'cut' || found.some(({ kind }) => kind === 'deadlock')) return null;
  const waiting = rt.tasks.filter((task) => !task.daemon).toSorted((a, b) => a.id - b.id);
  const states = waiting.map((task) => `${task.name} in ${labelText(nextLabel(task))}${holding(task)}`);
  const common = { tasks: waiting.map(({ name }) => name), time: rt.now(), notes: states };
  switch (outcome) {
    case 'deadlock':
      return {
        kind: 'hung-task',
        key: `hung:${waiting.map(stuckAt).join(';')}`,
        title: `nobody can go on: ${states.join(', ')}`,
        ...common,
      };
    case 'step-limit':
      return { kind: 'hung-task', key: 'livelock', title: `no end after ${rt.steps} steps: ${states.join(', ')}`, ...common };
    case 'uncontrolled-await':
      return {
        kind: 'assertion',
        key: 'uncontrolled-await',
        title: `uncontrolled await: ${rt.running?.name ?? 'a task'} waits for something that no strategy controls`,
        ...common,
      };
    case 'failed':
      return { kind: 'assertion', key: `failed:${text(rt.failure)}`, title: `the execution failed: ${text(rt.failure)}`, ...common };
  }
}

/** The preparation of a world has stopped somewhere. */
export function unprepared(rt: ControlledRuntime): Finding {
  const waiting = rt.tasks.filter((task) => !task.daemon).map((task) => `${task.name} in ${labelText(nextLabel(task))}`);
  const title = `the preparation of the world did not come to its end: ${waiting.join(', ') || 'nobody waits'}`;
  return { kind: 'assertion', key: 'unprepared', title, tasks: [], time: rt.now() };
}

/** What is still owed when nothing more will happen, or after so many steps that it should have. */
export function monitorFindings(outcome: ControlledOutcome, rt: ControlledRuntime, monitors: readonly Monitor[]): Finding[] {
  if (outcome !== 'done' && outcome !== 'step-limit') return [];
  return monitors.flatMap((monitor) => {
    const owed = monitor.hot();
    if (owed === null) return [];
    const title = `${monitor.name} never came: ${owed}`;
    return [{ kind: 'hung-task' as const, key: `liveness:${monitor.name}`, title, tasks: [], time: rt.now() }];
  });
}

const text = (failure: unknown): string => (failure instanceof Error ? failure.message : JSON.stringify(failure));
const stuckAt = (task: Task): string => `${task.name}:${labelText(nextLabel(task))}`;

function holding(task: Task): string {
  const held = heldNames(task);
  return held.length === 0 ? '' : ` with ${held.join(', ')} held`;
}
