/**
 * Watches controlled runs for awaits of something that no strategy controls. Steps follow each other in microtasks, so a turn of the
 * event loop in which none was made means that the running task waits for a promise of the host: I/O, a real timer, a worker.
 * One immediate serves all runs of the process: a campaign makes a hundred thousand of them in a second, most within one turn.
 */

/** A run under watch. */
export interface WatchedRun {
  /** Steps made so far. */
  readonly steps: number;
  /** Called once, after a turn without any. */
  idle(): void;
}

interface Watched {
  readonly run: WatchedRun;
  /** Steps at the last look; -1 before the first. */
  seen: number;
}

const watched: Watched[] = [];
let armed = false;

export function watchAwaits(run: WatchedRun): void {
  watched.push({ run, seen: -1 });
  if (armed) return;
  armed = true;
  setImmediate(look);
}

export function unwatchAwaits(run: WatchedRun): void {
  const at = watched.findLastIndex((entry) => entry.run === run);
  if (at >= 0) watched.splice(at, 1);
}

function look(): void {
  for (const entry of [...watched]) {
    const { steps } = entry.run;
    if (entry.seen === steps) entry.run.idle();
    else entry.seen = steps;
  }
  armed = watched.length > 0;
  if (armed) setImmediate(look);
}
