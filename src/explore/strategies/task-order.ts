/**
 * In which order tasks go on by themselves: the one that made the last step, then round robin; what only waits for time comes last.
 */
import type { Runnable } from '../../runtime/strategy.ts';
import { waitsForTime } from './yields.ts';

/** More than there are ids of tasks, or timers, in one run. */
const IDS = 2 ** 24;
const order: number[] = [];
const ranks: number[] = [];

/** Indices of candidates[0..n); the list is good until the next call. */
export function inOrder(candidates: readonly Runnable[], n: number, last: Runnable | null): readonly number[] {
  const from = last === null || last.id < 0 ? 0 : last.id;
  for (let i = 0; i < n; i++) {
    const rank = rankOf(candidates[i]!, from);
    let at = i;
    for (; at > 0 && ranks[at - 1]! > rank; at--) {
      ranks[at] = ranks[at - 1]!;
      order[at] = order[at - 1]!;
    }
    ranks[at] = rank;
    order[at] = i;
  }
  return order;
}

function rankOf(who: Runnable, from: number): number {
  const { id } = who;
  if (id < 0) return 3 * IDS - id;
  const rank = id >= from ? id - from : id + IDS;
  return waitsForTime(who) ? rank + 2 * IDS : rank;
}
