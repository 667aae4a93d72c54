/**
 * Something a task started (a wake-up, another task, a timer) while one of its releases is still queued: it becomes visible after that,
 * as the code says, so that nobody who is started by a task can see the task's lock held that it has given back.
 */
import type { AccessKind } from './access.ts';
import type { Effect, Task } from './task.ts';

/** What it is about, for explorers. */
export interface Touched {
  readonly about: object;
  /** Default: a change. */
  readonly access?: AccessKind;
}

export class Later implements Effect {
  readonly effectName: string;
  nextEffect: Effect | null = null;
  readonly object: object;
  readonly access: AccessKind | undefined;
  private readonly act: () => void;

  constructor(effectName: string, act: () => void, touched?: Touched) {
    this.effectName = effectName;
    this.act = act;
    this.object = touched?.about ?? this;
    this.access = touched?.access;
  }

  takeEffect(): void {
    this.act();
  }
}

/** Behind what else the task has on its way. */
export function queueEffect(task: Task, effect: Effect): void {
  if (task.firstEffect === null) task.firstEffect = effect;
  else task.lastEffect!.nextEffect = effect;
  task.lastEffect = effect;
}
