/**
 * Ctrl-C during a run: the first asks the run to stop, so that guests end and queues are reset; the second leaves at once. So does the
 * terminal that goes away, but that is often told twice, by the kernel and by the shell, and never means haste. No kernel counterpart.
 */
import { EXIT_FOUND, EXIT_INTERRUPTED } from './exit-code.ts';

/** The part of `process` that is needed, so that a test needs no real signal. */
export interface SignalSource {
  on(name: string, listener: () => void): unknown;
  removeListener(name: string, listener: () => void): unknown;
  exit(code: number): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM'];
const HANGUP = 'SIGHUP';

export interface InterruptActions {
  /** First signal. */
  stop(): void;
  /** The event loop is empty although the run has not ended: nothing can happen any more. */
  stalled(): void;
}

export class Interrupts {
  interrupted = false;
  private stallTold = false;
  private readonly source: SignalSource;
  private readonly actions: InterruptActions;

  constructor(source: SignalSource, actions: InterruptActions) {
    this.source = source;
    this.actions = actions;
    for (const name of SIGNALS) source.on(name, this.onSignal);
    source.on(HANGUP, this.onHangup);
    source.on('beforeExit', this.onEmpty);
  }

  /** From here on a signal ends the process as usual. */
  close(): void {
    for (const name of SIGNALS) this.source.removeListener(name, this.onSignal);
    this.source.removeListener(HANGUP, this.onHangup);
    this.source.removeListener('beforeExit', this.onEmpty);
  }

  private stop(): void {
    this.interrupted = true;
    this.actions.stop();
  }

  private readonly onSignal = (): void => {
    if (this.interrupted) this.source.exit(EXIT_INTERRUPTED);
    else this.stop();
  };

  private readonly onHangup = (): void => {
    if (!this.interrupted) this.stop();
  };

  private readonly onEmpty = (): void => {
    if (this.stallTold) {
      // It cannot even be stopped.
      this.source.exit(EXIT_FOUND);
      return;
    }
    this.stallTold = true;
    this.actions.stalled();
  };
}
