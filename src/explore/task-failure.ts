/**
 * What a task threw, as a finding: where the kernel would oops, or a defect of the model itself. No kernel counterpart.
 */
import { NullDereference } from '../base/null-dereference.ts';
import type { Finding } from '../locks/finding.ts';
import type { Task } from '../runtime/task.ts';

export function taskFailure(task: Task, error: unknown, time: number): Finding {
  const text = error instanceof Error ? error.message : JSON.stringify(error);
  const stack = error instanceof Error ? (error.stack ?? '').split('\n').slice(1, 6) : [];
  const about = { tasks: [task.name], time, notes: stack.map((line) => line.trim()) };
  if (error instanceof NullDereference) {
    return { kind: 'assertion', key: `null:${text}`, title: `${text}: ${task.name} would oops`, ...about };
  }
  const kind = text.startsWith('use after free') ? 'use-after-free' : 'assertion';
  return { kind, key: `task:${text}`, title: `${task.name} failed: ${text}`, ...about };
}
