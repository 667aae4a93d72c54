/**
 * What a task of a controlled run awaits when it stops: a promise that whoever picks it next resolves.
 */
import type { Task } from './task.ts';

let captured: (value: unknown) => void;
const capture = (resolve: (value: unknown) => void): void => {
  captured = resolve;
};

/** A promise that `task.resume` resolves. One executor serves all of them: a closure each would cost as much as the promise. */
export function resumable(task: Task): Promise<unknown> {
  const stopped = new Promise(capture);
  task.resume = captured;
  return stopped;
}

/** What a task gets that the run has left behind. A new one each time: a shared one would keep every such task alive. */
export const never = (): Promise<never> => new Promise(() => undefined);
