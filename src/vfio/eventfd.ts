/**
 * Event file descriptor as the driver sees it (fs/eventfd.c: eventfd_signal) with the references that keep it.
 */
export class Eventfd {
  readonly name: string;
  private readonly wake: () => void;
  private count = 0;
  private references = 0;

  /** `wake` tells the reader in user space; it must not sleep. */
  constructor(name: string, wake: () => void) {
    this.name = name;
    this.wake = wake;
  }

  /** Signals since the last read. */
  get pending(): number {
    return this.count;
  }

  /** References of open files and of drivers (kernel: the kref of struct eventfd_ctx). */
  get referenceCount(): number {
    return this.references;
  }

  get(): void {
    this.references++;
  }

  put(): void {
    if (this.references === 0) throw new Error(`eventfd ${this.name} is released more often than it was referenced`);
    this.references--;
  }

  signal(): void {
    this.count++;
    this.wake();
  }

  /** Reads and clears the count. */
  read(): number {
    const { count } = this;
    this.count = 0;
    return count;
  }
}
