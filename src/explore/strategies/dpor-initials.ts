/**
 * Who could begin, if a race were to come out the other way round: initials of what lies between the two steps and does not depend on the
 * first one. To have explored one of them in the state before is as good as any other.
 */
import { knows, type Step } from './dpor-trace.ts';

export interface Initials {
  /** Steps after `rival` that do not come of it, in order. */
  readonly between: readonly Step[];
  /** Ids of those who can do the first of these steps; that of `step`, when nothing of it has to come before. */
  readonly initials: Set<number>;
}

export function initialsOf(steps: readonly Step[], rival: Step, step: Step): Initials {
  const between: Step[] = [];
  for (let i = rival.index + 1; i < step.index; i++) if (!knows(steps[i]!.clock, rival)) between.push(steps[i]!);
  const initials = new Set<number>();
  const moved = new Set<number>();
  between.forEach((candidate, at) => {
    if (moved.has(candidate.thread)) return;
    moved.add(candidate.thread);
    if (isFirst(between, at, candidate)) initials.add(candidate.by);
  });
  if (!moved.has(step.thread) && isFirst(between, between.length, step)) initials.add(step.by);
  return { between, initials };
}

/** Has none of the first `n` steps to come before it? */
function isFirst(between: readonly Step[], n: number, step: Step): boolean {
  for (let i = 0; i < n; i++) if (knows(step.clock, between[i]!)) return false;
  return true;
}
