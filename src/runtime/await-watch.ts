/**
 * Watches a controlled run for awaits of something that no strategy controls. Steps follow each other in microtasks, so a turn of the
 * event loop in which none was made means that the running task waits for a promise of the host: I/O, a real timer, a worker.
 */
export class AwaitWatch {
  private readonly steps: () => number;
  private readonly idle: () => void;
  private handle: NodeJS.Immediate;
  private seen = -1;

  /** `steps` answers how many were made so far; `idle` is called once, after a turn without any. */
  constructor(steps: () => number, idle: () => void) {
    this.steps = steps;
    this.idle = idle;
    this.handle = setImmediate(this.check);
  }

  stop(): void {
    clearImmediate(this.handle);
  }

  private readonly check = (): void => {
    const steps = this.steps();
    if (this.seen === steps) {
      this.idle();
      return;
    }
    this.seen = steps;
    this.handle = setImmediate(this.check);
  };
}
