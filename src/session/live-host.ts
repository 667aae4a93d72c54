/**
 * A host that stays up: the host of a scenario on the live runtime, with its guests at work, every checker and the watchdog on, until it is
 * asked to stop. Who talks to it are tasks of their own: events that are told to it, and requests of a file system.
 * No kernel counterpart.
 */
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Finding } from '../locks/finding.ts';
import type { HostSpec } from '../machine/host-spec.ts';
import type { Machine } from '../machine/machine.ts';
import type { EventReport, RunOutcome, RunReport } from '../scenario/run-report.ts';
import { ScenarioRun, type RunOptions, type UpHost } from '../scenario/run-scenario.ts';
import { hostStatus, type HostStatus } from './host-status.ts';
import { readEvent } from './event-words.ts';

export interface LiveHostOptions extends Pick<RunOptions, 'scenario' | 'design' | 'seed' | 'logger' | 'quirks' | 'onEvent' | 'endless'> {
  readonly mode: 'mount' | 'shell';
  /** Told of each finding when it is made. */
  readonly onFinding?: (finding: Finding) => void;
}

/** What came of an event. */
export interface EventOutcome extends EventReport {
  /** Of a read. */
  readonly text?: string;
}

export class LiveHost {
  /** The report, when the host has come to rest. Rejects with a BootError when it cannot be brought up. */
  readonly ended: Promise<RunReport>;
  private readonly options: LiveHostOptions;
  private readonly run: ScenarioRun;
  private readonly up: Promise<UpHost>;
  private parts: UpHost | null = null;
  private stopped = false;
  private told = 0;

  /** Begins to boot at once. RangeError for a design that does not exist. */
  constructor(options: LiveHostOptions) {
    this.options = options;
    let cameUp: (parts: UpHost) => void = () => undefined;
    this.up = new Promise((resolve) => (cameUp = resolve));
    const { onFinding, ...wanted } = options;
    this.run = new ScenarioRun({
      ...wanted,
      runtime: 'live',
      ...(onFinding === undefined ? {} : { onFinding }),
      onUp: (parts) => {
        this.parts = parts;
        cameUp(parts);
      },
    });
    this.ended = this.run.start();
  }

  /** Resolves when the guests work; rejects when the host cannot be brought up, or has ended before that. */
  async ready(): Promise<void> {
    const early = this.ended.then(() => Promise.reject(new Error('expected the host to come up, but it has ended before')));
    await Promise.race([this.up, early]);
  }

  get layer(): LockLayer {
    return this.there.layer;
  }

  get machine(): Machine {
    return this.there.host.machine;
  }

  get spec(): HostSpec {
    return this.machine.spec;
  }

  status(): HostStatus {
    const { watchdog } = this.there;
    return hostStatus(this.machine, watchdog.dump());
  }

  /** Does what one event says, as a task of its own, and answers what came of it. RequestError for what is no event of this host. */
  event(text: string): Promise<EventOutcome> {
    const { host, layer } = this.there;
    const spec = readEvent(text, this.spec, `event${++this.told}`);
    return new Promise((resolve, reject) => {
      layer.rt.spawn(spec.task, async (task) => {
        let seen: string | undefined;
        try {
          const report = await host.player.once(task, spec, (read) => (seen = read));
          resolve({ ...report, ...(seen === undefined ? {} : { text: seen }) });
        } catch (error) {
          reject(error as Error);
          // A defect of the model, which the run has to report as well.
          throw error;
        }
      });
    });
  }

  /** Brings it to rest: guests give their devices back, and what is left is counted. */
  stop(outcome: RunOutcome = 'stopped'): void {
    if (this.stopped) return;
    this.stopped = true;
    this.run.end(outcome);
  }

  private get there(): UpHost {
    if (this.parts === null) throw new Error(`expected the host of ${this.options.scenario.name} to be up, but it is not`);
    return this.parts;
  }
}
