/**
 * Goal: whatever a task throws becomes a finding that says what it is.
 */
import { expect, test } from 'vitest';
import { NullDereference } from '../../src/base/null-dereference.ts';
import { Task } from '../../src/runtime/task.ts';
import { taskFailure } from '../../src/explore/task-failure.ts';

const task = new Task(3, 'firmware', null, false);

test('a NULL dereference names the pointer and who would oops', () => {
  const { kind, title, tasks, time } = taskFailure(task, new NullDereference('the kvm of mdev m1', 'its lock is taken'), 7);
  expect(title).toBe('NULL pointer dereference: the kvm of mdev m1 is NULL when its lock is taken: firmware would oops');
  expect({ kind, tasks, time }).toEqual({ kind: 'assertion', tasks: ['firmware'], time: 7 });
});

test('a use after free keeps its kind, anything else is an assertion', () => {
  expect(taskFailure(task, new Error('use after free: guest1 is referenced'), 0).kind).toBe('use-after-free');
  expect(taskFailure(task, new Error('broken'), 0)).toMatchObject({ kind: 'assertion', title: 'firmware failed: broken' });
  expect(taskFailure(task, 'text', 0).title).toBe('firmware failed: "text"');
});
