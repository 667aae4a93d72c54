/**
 * Something a task started (a wake-up, another task, a timer) while one of its releases is still queued: it becomes visible after that,
 * as the code says, so that nobody who is started by a task can see the task's lock held that it has given back.
 */
import type { Effect } from './task.ts';

export class Later implements Effect {
  readonly effectName: string;
  nextEffect: Effect | null = null;
  private readonly act: () => void;

  constructor(effectName: string, act: () => void) {
    this.effectName = effectName;
    this.act = act;
  }

  takeEffect(): void {
    this.act();
  }
}
