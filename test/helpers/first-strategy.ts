/**
 * Always takes the first candidate: tasks that can go on in the order of spawning, time moves only when none of them can. With sleeps
 * between its steps a test says in this way exactly what happens after what, as it does in the live runtime.
 */
import type { Strategy } from '../../src/runtime/strategy.ts';

export class FirstStrategy implements Strategy {
  choose(): number {
    return 0;
  }

  chooseValue(): number {
    return 0;
  }
}
