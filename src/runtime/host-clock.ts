/**
 * Wall clock and timers of the machine that apemu itself runs on: for the command line, mounts and campaigns, never for the model.
 */
export interface HostTimer {
  stop(): void;
}

/** Milliseconds, monotonic. */
export function hostNow(): number {
  return performance.now();
}

/** A repeating timer that does not keep the process alive. */
export function hostEvery(ms: number, tick: () => void): HostTimer {
  const handle = setInterval(tick, ms);
  handle.unref();
  return { stop: () => clearInterval(handle) };
}

export function hostAfter(ms: number, fire: () => void): HostTimer {
  const handle = setTimeout(fire, ms);
  return { stop: () => clearTimeout(handle) };
}

/** Lets pending I/O and signals of the process through. */
export function hostTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** A fresh seed for a run that was given none. */
export function hostSeed(): number {
  return Math.floor(Math.random() * 0x7fffffff);
}

/** Seconds since 1970. */
export function hostTime(): number {
  return Math.floor(Date.now() / 1000);
}
