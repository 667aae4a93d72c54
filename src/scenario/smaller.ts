/**
 * What the passes of the scenario shrinker share: a step that leaves something out, and lists without parts of them. No kernel counterpart.
 */
import type { Scenario } from './scenario.ts';

export interface Smaller {
  readonly scenario: Scenario;
  /** What was left out. */
  readonly what: string;
}

/** Smaller versions of a scenario, largest steps first; that they load is not checked yet. */
export type Pass = (scenario: Scenario) => Iterable<Smaller>;

/** Without the first half, without the second, ..., without each single one. */
export function* withoutChunks<T>(list: readonly T[]): IterableIterator<{ readonly left: readonly T[]; readonly dropped: readonly T[] }> {
  for (let size = Math.ceil(list.length / 2); size > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < list.length; at += size)
      yield { left: [...list.slice(0, at), ...list.slice(at + size)], dropped: list.slice(at, at + size) };
  }
}

/** 1, half of it, one less; nothing for a 1. */
export const fewer = (count: number): number[] => [...new Set([1, count >> 1, count - 1])].filter((n) => n > 0 && n < count);
