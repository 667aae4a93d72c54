/**
 * A scenario as a run: builds the host, starts guests and workloads, plays the events or churns, brings everything to rest, and reports.
 * The same steps under the live and under the controlled runtime. No kernel counterpart.
 */
import type { DestinationStream } from 'pino';
import { EventLog, type LogEvent } from '../base/event-log.ts';
import { createLogger, type LogLevel } from '../base/logger.ts';
import { Findings, type Finding } from '../locks/finding.ts';
import type { HungTaskWatch } from '../locks/hung-task.ts';
import { LockLayer } from '../locks/lock-layer.ts';
import { nobodyCanGoOn } from '../locks/wait-for.ts';
import type { ControlledOutcome } from '../runtime/controlled-options.ts';
import { ControlledRuntime } from '../runtime/controlled.ts';
import { LiveRuntime } from '../runtime/live.ts';
import type { Task } from '../runtime/task.ts';
import type { QuirkName } from '../vfio-ap/quirks.ts';
import { BootError } from '../machine/machine.ts';
import type { CodeTrace } from '../machine/virtual-machine.ts';
import { designOf } from './design-file.ts';
import { HostRun } from './host-run.ts';
import type { RunMode, RunOutcome, RunReport } from './run-report.ts';
import type { Scenario } from './scenario.ts';
import type { ScenarioHost } from './scenario-host.ts';
import { taskFailure } from '../explore/task-failure.ts';

export interface RunOptions {
  readonly scenario: Scenario;
  /** Name of a built-in locking design, or key of a loaded one. */
  readonly design: string;
  readonly seed: number;
  /** Instead of those of the scenario. */
  readonly quirks?: readonly QuirkName[];
  readonly runtime: 'live' | 'controlled';
  readonly mode: RunMode;
  /** Workloads and churn stop after this long, milliseconds of the runtime's clock. */
  readonly limitMs?: number;
  /** Controlled runtime: they stop after so many steps. */
  readonly steps?: number;
  readonly logger: { readonly level: LogLevel; readonly destination?: DestinationStream };
  readonly onEvent?: (event: LogEvent) => void;
  readonly onFinding?: (finding: Finding) => void;
  readonly trace?: CodeTrace;
  /** Guests work until they are stopped, whatever their workloads say. */
  readonly endless?: boolean;
  /** A host that stays up is up. It does so on the live runtime, until `end`. */
  readonly onUp?: (host: UpHost) => void;
}

/** What there is to talk to when a host stays up. */
export interface UpHost {
  readonly host: ScenarioHost;
  readonly layer: LockLayer;
  readonly watchdog: HungTaskWatch;
}

export interface Progress {
  readonly operations: number;
  readonly expected: number;
  readonly retries: number;
  readonly findings: number;
  readonly phase: string;
}

/** An interrupted run gets this long to come to rest; then it is reported as it stands. */
const REST_MS = 5000;
/** How many results a controlled run remembers: the same few keys come again and again. */
const MEMO = 20_000;

export class ScenarioRun {
  private readonly options: RunOptions;
  private readonly findings = new Findings();
  private host: HostRun | null = null;
  /** Ends an interrupted run that does not come to rest. */
  private giveUp: () => void = () => undefined;
  private watchdog: HungTaskWatch | null = null;
  private ending = false;

  /** Throws a RangeError for a design that does not exist. */
  constructor(options: RunOptions) {
    if (designOf(options.design) === undefined) throw new RangeError(`expected the name of a locking design, got ${options.design}`);
    this.options = options;
  }

  /** Throws BootError when the host cannot be brought up as the scenario says. */
  async start(): Promise<RunReport> {
    return this.options.runtime === 'live' ? await this.startLive() : await this.startControlled();
  }

  progress(): Progress {
    const { operations, expected, retries, phase } = this.host?.progress() ?? { operations: 0, expected: 0, retries: 0, phase: 'building' };
    return { operations, expected, retries, phase, findings: this.findings.list.length };
  }

  /** Asks the run to come to rest now; the report of what was done so far follows. */
  interrupt(): void {
    this.host?.stop('interrupted');
    this.giveUp();
  }

  /** Brings a host that stays up to rest. One that does not come to rest, because tasks wait for each other, is reported as it stands. */
  end(outcome: RunOutcome): void {
    this.ending = true;
    this.host?.stop(outcome);
    this.giveUp();
  }

  /** Nothing can happen any more although the run has not ended: reports who waits, however short it has been. */
  stalled(): void {
    this.watchdog?.lastLook();
  }

  private get stays(): boolean {
    return this.options.mode === 'mount' || this.options.mode === 'shell';
  }

  private async startLive(): Promise<RunReport> {
    const rt = new LiveRuntime(this.options.seed);
    const layer = new LockLayer(rt, { findings: this.findings, statistics: true });
    // Whoever talks to a host that stays up wants to look at a deadlock: only its end is what nobody can reach any more.
    layer.onStuck(() => {
      if (this.ending || !this.stays) rt.finishAs('stuck');
    });
    const host = this.makeHost(layer);
    const failure = this.watchTasks(layer);
    this.giveUp = () => {
      const late = (): void => rt.finishAs(this.stays && nobodyCanGoOn(rt.tasks) ? 'stuck' : 'interrupted');
      rt.timer('end of an interrupted run', REST_MS, late);
    };
    rt.spawn('apemu', (task) => host.main(task));
    const outcome = await rt.settled();
    rt.shutdown();
    this.watchdog?.stop();
    this.throwBootError(failure);
    return host.report(outcome === 'stuck' ? 'stuck' : null);
  }

  private async startControlled(): Promise<RunReport> {
    const { seed, steps } = this.options;
    const rt = new ControlledRuntime({ seed, record: false, maxSteps: Number.POSITIVE_INFINITY });
    const layer = new LockLayer(rt, { findings: this.findings, statistics: true });
    // Daemons would go on for ever beside tasks that wait for each other.
    layer.onStuck(() => rt.stop());
    const host = this.makeHost(layer, steps === undefined ? undefined : () => rt.steps >= steps);
    const failure = this.watchTasks(layer);
    this.giveUp = () => undefined;
    rt.spawn('apemu', (task) => host.main(task));
    const outcome = await rt.run();
    this.throwBootError(failure);
    this.reportEnd(outcome, rt);
    return host.report(outcome === 'done' ? null : 'stuck', rt.steps);
  }

  private makeHost(layer: LockLayer, limitReached?: () => boolean): HostRun {
    const { options } = this;
    // A random walk moves virtual time at will: there only the end of the run says who waits for ever.
    this.watchdog = layer.watchHungTasks(options.runtime === 'live' ? {} : { limitMs: Number.POSITIVE_INFINITY });
    const now = (): number => layer.rt.now();
    const events = new EventLog(now);
    if (options.onEvent !== undefined) events.onEvent(options.onEvent);
    this.findings.onFinding((finding) => events.emit('finding', finding.tasks.join(','), { finding: finding.kind, title: finding.title }));
    if (options.onFinding !== undefined) this.findings.onFinding(options.onFinding);
    const log = createLogger({ ...options.logger, now });
    const design = designOf(options.design)!;
    const quirks = new Set(options.quirks ?? options.scenario.quirks);
    const faults = new Set(options.scenario.faults);
    const memo = options.runtime === 'controlled' ? { rsaMemo: MEMO } : {};
    const limit = limitReached === undefined ? {} : { limitReached };
    const { watchdog } = this;
    const { onUp, ...rest } = options;
    this.host = new HostRun({
      ...rest,
      ...limit,
      ...(onUp === undefined ? {} : { onUp: (host) => onUp({ host, layer, watchdog }) }),
      layer,
      machine: { design, log, events, quirks, faults, ...memo, ...(options.trace === undefined ? {} : { trace: options.trace }) },
    });
    return this.host;
  }

  /** A task that throws is a defect of the model; what the scenario got wrong comes as a BootError. */
  private watchTasks(layer: LockLayer): { boot: BootError | null } {
    const failure: { boot: BootError | null } = { boot: null };
    layer.rt.onTaskEnd((task: Task, error: unknown) => {
      if (error === undefined) return;
      if (error instanceof BootError) failure.boot = error;
      this.findings.report(taskFailure(task, error, layer.rt.now()));
    });
    return failure;
  }

  private throwBootError({ boot }: { boot: BootError | null }): void {
    if (boot !== null) throw boot;
  }

  /** A controlled run that could not go on, without a wait-for cycle that says why. */
  private reportEnd(outcome: ControlledOutcome, rt: ControlledRuntime): void {
    if (outcome === 'done' || this.findings.list.some(({ kind }) => kind === 'deadlock')) return;
    if (outcome === 'deadlock' && this.watchdog?.lastLook() === true) return;
    const waiting = rt.tasks.filter((task) => !task.daemon).map((task) => `${task.name} (${task.op?.opName ?? 'running'})`);
    this.findings.report({
      kind: outcome === 'deadlock' ? 'hung-task' : 'assertion',
      key: `end:${outcome}`,
      title: outcome === 'deadlock' ? `nobody can go on: ${waiting.join(', ')}` : `the run ended as ${outcome}: ${waiting.join(', ')}`,
      tasks: [],
      time: rt.now(),
    });
  }
}
