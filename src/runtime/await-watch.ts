/**
 * Watches controlled runs for awaits of something that no strategy controls. Steps follow each other in microtasks, so a turn of the
 * event loop in which none was made means that the running task waits for a promise of the host: I/O, a real timer, a worker.
 * One immediate serves all runs of the process: a campaign makes a hundred thousand of them in a second, most within one turn.
 */

/** A run under watch. */
export interface WatchedRun {
  /** Steps made so far. */
  readonly steps: number;
  /** Steps at the last look; -1 before the first. */
  stepsSeen: number;
  /** Called once, after a turn without any. */
  idle(): void;
}

const watched: WatchedRun[] = [];
let armed = false;

export function watchAwaits(run: WatchedRun): void {
  run.stepsSeen = -1;
  watched.push(run);
  if (armed) return;
  armed = true;
  setImmediate(look);
}

export function unwatchAwaits(run: WatchedRun): void {
  if (watched.at(-1) === run) {
    watched.pop();
    return;
  }
  const at = watched.indexOf(run);
  if (at >= 0) watched.splice(at, 1);
}

function look(): void {
  for (const run of [...watched]) {
    if (run.stepsSeen === run.steps) run.idle();
    else run.stepsSeen = run.steps;
  }
  armed = watched.length > 0;
  if (armed) setImmediate(look);
}
