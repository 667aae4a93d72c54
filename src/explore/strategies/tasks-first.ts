/**
 * Always the first task that can go on, and timers only when there is none: for what is not explored, the preparation of a world.
 */
import type { Strategy } from '../../runtime/strategy.ts';

export const TasksFirst: Strategy = {
  choose(candidates, n) {
    for (let i = 0; i < n; i++) if (candidates[i]!.id >= 0) return i;
    return 0;
  },
  chooseValue: () => 0,
};
