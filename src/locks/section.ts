/**
 * A stretch of code during which at least one of some locks was held without a break, as far back as a certain moment. A lock that a wait
 * dropped and took again was not.
 */
import type { Task } from '../runtime/task.ts';
import type { Guard } from './guard.ts';
import { Lock } from './lock.ts';

/** What was held at the moment, each with how often it had been given back by then. */
export type Section = readonly (readonly [guard: Guard, releases: number])[];

/** The locks the task holds now that may keep writers of the field away. */
export function sectionOf(task: Task, field: { guardedWith(lock: Lock): boolean }): Section {
  const held: [Guard, number][] = [];
  for (let guard = task.held as Guard | null; guard !== null; guard = guard.prev) {
    if (guard.lock instanceof Lock && field.guardedWith(guard.lock)) held.push([guard, guard.releases]);
  }
  return held;
}

export const stillInside = (section: Section): boolean => section.some(([guard, releases]) => guard.releases === releases);
