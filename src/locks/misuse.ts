/**
 * Wrong use of one lock: released by who may not, in the wrong mode, twice; freed or initialised again while somebody has it; assertions
 * that do not hold (kernel: print_unlock_imbalance_bug, print_freed_lock_bug, DEBUG_LOCKS_WARN_ON, lockdep_assert_*). Each rule has its
 * own name, and a report says both where it was broken and where the lock had been taken.
 */
import type { Task } from '../runtime/task.ts';
import type { Findings } from './finding.ts';
import { findHeld, type Guard, type Held } from './guard.ts';
import { modeName } from './modes.ts';
import { capturePlace } from './place.ts';

export const MISUSE_RULES = [
  'not-held',
  'double-release',
  'foreign-release',
  'wrong-mode-release',
  'pinned-release',
  'wrong-unpin',
  'wrong-downgrade',
  'freed-while-held',
  'initialised-while-held',
  'exit-while-held',
  'work-leaves-lock',
  'nest-lock-not-held',
  'spin-sleep',
  'wait-context',
  'assert-held',
  'assert-held-write',
  'assert-held-read',
  'assert-held-once',
  'assert-not-held',
  'assert-none-held',
  'assert-context',
] as const;
export type MisuseRule = (typeof MISUSE_RULES)[number];

export interface Misuse {
  readonly rule: MisuseRule;
  /** What the report is about: the name of the lock's class, or of the rule's object. */
  readonly about: string;
  readonly title: string;
  readonly tasks: readonly Task[];
  /** Acquisitions that the report speaks of. */
  readonly taken?: readonly Guard[];
}

export interface MisuseHost {
  readonly findings: Findings;
  readonly rt: { now(): number };
}

export function reportMisuse(host: MisuseHost, misuse: Misuse): void {
  const { rule, about, title, tasks, taken = [] } = misuse;
  const place = capturePlace();
  host.findings.report({
    kind: 'assertion',
    key: `${rule}:${about}:${place[0] ?? title}`,
    title,
    tasks: tasks.map((task) => task.name),
    time: host.rt.now(),
    place,
    notes: taken.map(takenNote),
  });
}

/** Where and how the entry came onto the held stack: as far as is known, for a warm acquisition captures no stack of its own. */
function takenNote(guard: Guard): string {
  const place = guard.after?.place ?? [];
  const where = place.length === 0 ? 'at an unknown place' : `at ${place.join(' < ')}`;
  return `${guard.lock.name} was taken by ${guard.task.name} (${modeName(guard.mode)}) ${where}`;
}

/** The entries under which these tasks hold the lock. */
export function entriesOf(lock: Held, holders: readonly Task[]): Guard[] {
  return holders.flatMap((holder) => findHeld(holder, lock) ?? []);
}

/** Why this guard may not be released or unpinned by `by`. */
export function refusal(guard: Guard, by: Task | 'unpin'): Misuse {
  const { lock, task } = guard;
  const about = lock.cls.name;
  const taken = [guard];
  if (by === 'unpin') {
    const title = `${task.name} takes a pin off ${lock.name} that is not there`;
    return { rule: 'wrong-unpin', about, title, tasks: [task], taken };
  }
  if (by !== task) {
    const title = `${by.name} releases ${lock.name}, which ${task.name} has taken`;
    return { rule: 'foreign-release', about, title, tasks: [by, task], taken };
  }
  if (!guard.live) {
    const title = `${task.name} releases ${lock.name} a second time`;
    return { rule: 'double-release', about, title, tasks: [task], taken };
  }
  const title = `${task.name} releases ${lock.name}, which is pinned`;
  return { rule: 'pinned-release', about, title, tasks: [task], taken };
}
