/**
 * The life of a host in one run: boot, guests at work, events or churn, rest, check, report. Written once for both runtimes.
 * No kernel counterpart.
 */
import { apqnText } from '../base/apqn.ts';
import type { GuestInstruction } from '../guest/guest-instruction.ts';
import { dumpLocks } from '../locks/lock-dump.ts';
import { hostOperations, operationsOf, type GuestSpec, type HostSpec, type Workload } from '../machine/host-spec.ts';
import type { Machine } from '../machine/machine.ts';
import type { Timer } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import { Churn } from './churn/churn.ts';
import { hostReport } from './host-report.ts';
import type { GuestReport, Quiescence, RunMode, RunOutcome, RunReport, TopologyReport } from './run-report.ts';
import { isCheckable, ScenarioHost, type ScenarioHostParts } from './scenario-host.ts';
import { describeTopology } from './topology.ts';

export interface HostRunParts extends Omit<ScenarioHostParts, 'spec'> {
  readonly design: string;
  readonly mode: RunMode;
  readonly runtime: 'live' | 'controlled';
  readonly limitMs?: number;
  /** Another limit than time, asked between two verbs of the churn. */
  readonly limitReached?: () => boolean;
  /** Guests work until they are stopped, whatever their workloads say. Under stress they always do. */
  readonly endless?: boolean;
  /** A host that stays up is up: guests work, events are played. */
  readonly onUp?: (host: ScenarioHost) => void;
}

/** Under stress guests work until they are stopped, and wait for their cards as long as it takes. */
const ENDLESS = 1_000_000_000;
/** A stress run without a limit. */
const DEFAULT_STRESS_MS = 30_000;

export class HostRun {
  private readonly parts: HostRunParts;
  private readonly host: ScenarioHost;
  private churn: Churn | null = null;
  private phase = 'booting';
  private outcome: RunOutcome = 'done';
  private topology: TopologyReport | null = null;
  private left: Quiescence | null = null;
  /** Waits for the end of a host that stays up. */
  private keeper: Task | null = null;

  constructor(parts: HostRunParts) {
    const { scenario, machine } = parts;
    this.parts = parts;
    const works = { spec: endless(scenario.host), machine: { ...machine, retryLimitMs: ENDLESS } };
    this.host = new ScenarioHost(this.endless ? { ...parts, ...works } : parts);
  }

  /** Do the guests work until they are stopped? */
  private get endless(): boolean {
    return this.parts.mode === 'stress' || this.parts.endless === true;
  }

  /** Does the host stay up when its work is done? */
  private get stays(): boolean {
    return this.parts.mode === 'mount' || this.parts.mode === 'shell';
  }

  private get machine(): Machine {
    return this.host.machine;
  }

  progress(): { operations: number; expected: number; retries: number; phase: string } {
    const expected = this.endless ? 0 : this.host.work.expected;
    return {
      operations: this.host.work.operations,
      expected,
      retries: this.host.sum((guest) => guest.statistics.retries) + (this.machine.hostLoad?.statistics.retries ?? 0),
      phase: this.phase,
    };
  }

  /** Workloads, events and churn end as soon as they can. */
  stop(outcome: RunOutcome): void {
    if (this.outcome === 'done') this.outcome = outcome;
    this.phase = 'stopping';
    this.host.player.stop();
    for (const { guest } of this.machine.vms) guest.stop();
    this.machine.hostLoad?.stop();
    this.host.work.stop();
    if (this.keeper !== null) this.parts.layer.rt.wake(this.keeper);
  }

  /** The whole run, as one foreground task. */
  async main(task: Task): Promise<void> {
    const { host } = this;
    const watch = await host.boot(task, { everyRelease: this.parts.mode === 'stress' || isCheckable(this.parts.scenario) });
    // A share of work without an end is one of what the file says.
    if (this.stays) host.work.expected = expectedOf(this.parts.scenario.host);
    const limit = this.armLimit();
    await this.underLoad(task);
    limit?.cancel();
    this.topology = describeTopology(host.machine);
    watch.check(task);
    this.phase = 'resting';
    this.left = await host.rest(task);
    this.phase = 'done';
  }

  report(stuck: 'stuck' | null, steps?: number): RunReport {
    const { scenario, design, seed, runtime, mode, layer, machine } = this.parts;
    const { findings } = layer;
    const guests = this.machine.vms.map((vm) => this.guestReport(vm));
    const host = hostReport(this.machine.hostLoad, this.endless);
    const { strikes } = this.machine.hardware.faults;
    const workers = host === null ? guests : [...guests, host];
    const outcome = stuck ?? this.outcome;
    const worked = mode === 'stress' || outcome !== 'done' || workers.every(({ operations, expected }) => operations === expected);
    const ok = findings.list.length === 0 && workers.every(({ errors }) => errors === 0) && (this.left?.clean ?? false) && worked;
    return {
      command: mode,
      ok,
      outcome,
      scenario: scenario.name,
      design,
      ...(machine.quirks === undefined || machine.quirks.size === 0 ? {} : { quirks: [...machine.quirks] }),
      runtime,
      seed,
      durationMs: layer.rt.now(),
      guests,
      ...(host === null ? {} : { host }),
      events: this.host.player.reports,
      topology: this.topology ?? describeTopology(this.machine),
      lockStat: layer.statistics?.rows() ?? [],
      lockDump: dumpLocks(layer),
      findings: findings.list,
      quiescence: this.left,
      ...(Object.keys(strikes).length === 0 ? {} : { faults: { ...strikes } }),
      ...(this.churn === null
        ? {}
        : { stress: { verbs: this.churn.counts, checks: this.host.watch?.checks ?? 0, ...(steps === undefined ? {} : { steps }) } }),
    };
  }

  /** Guests work while the events are played, or the churn goes on. */
  private async underLoad(task: Task): Promise<void> {
    const { rt } = this.parts.layer;
    this.phase = 'running';
    const vcpus = this.machine.vms.map((vm) => ({ vm, tasks: vm.run() }));
    const users = this.machine.hostLoad?.start() ?? [];
    const others = this.parts.mode === 'stress' ? this.startChurn() : this.host.player.start(this.parts.scenario.events);
    if (this.stays) this.cameUp();
    if (this.parts.mode === 'stress') for (const other of others) await rt.join(task, other);
    if (this.churn !== null) this.stop('done');
    for (const { vm, tasks } of vcpus) if (!vm.guest.daemon) for (const vcpu of tasks) await rt.join(task, vcpu);
    for (const user of users) await rt.join(task, user);
    this.host.work.end();
    for (const other of others) await rt.join(task, other);
    if (this.stays) await this.keepUp(task);
    for (const { vm } of vcpus) vm.guest.stop();
    for (const { tasks } of vcpus) for (const vcpu of tasks) await rt.join(task, vcpu);
  }

  /** As on a real host the bus scans by itself from now on; a run that ends with its work has no time for that. */
  private cameUp(): void {
    this.machine.bus.startScanTimer();
    this.parts.onUp?.(this.host);
  }

  /** Everything the scenario asks for is done; the host is there for whoever talks to it. */
  private async keepUp(task: Task): Promise<void> {
    const { rt } = this.parts.layer;
    this.keeper = task;
    while (this.outcome === 'done') await rt.park(task);
    this.keeper = null;
  }

  private startChurn(): Task[] {
    const { seed, limitReached } = this.parts;
    const limitMs = this.pausesAsTime ? this.limitMs : undefined;
    const over = (pausedMs: number): boolean =>
      this.host.work.ended || (limitReached?.() ?? false) || (limitMs !== undefined && pausedMs >= limitMs);
    this.churn = new Churn(this.machine, seed, over);
    return this.churn.start();
  }

  /**
   * A random walk fires a timer when it likes, and would most often end the churn before it has begun: there the pauses of the churn
   * count, which add up to what was asked for.
   */
  private get pausesAsTime(): boolean {
    return this.parts.mode === 'stress' && this.parts.runtime === 'controlled';
  }

  private get limitMs(): number | undefined {
    const { limitMs, limitReached, mode } = this.parts;
    return limitMs ?? (mode === 'stress' && limitReached === undefined ? DEFAULT_STRESS_MS : undefined);
  }

  private armLimit(): Timer | null {
    const { mode, layer } = this.parts;
    const ms = this.pausesAsTime ? undefined : this.limitMs;
    return ms === undefined ? null : layer.rt.timer('time limit', ms, () => this.stop(mode === 'stress' ? 'done' : 'limit'));
  }

  private guestReport({ spec, guest }: { spec: GuestSpec; guest: Machine['vms'][number]['guest'] }): GuestReport {
    const { statistics, progress } = guest;
    return {
      name: spec.name,
      mdev: spec.mdev,
      vcpus: spec.vcpus,
      operations: statistics.verified,
      expected: this.endless ? statistics.operations : progress.expected,
      retries: statistics.retries,
      errors: statistics.errors,
      stallMs: statistics.stallMs,
      p50Ms: statistics.p50Ms,
      p99Ms: statistics.p99Ms,
      queues: guest.lastQueues.toSorted((a, b) => a - b).map(apqnText),
      ...(guest.answers === undefined ? {} : { answers: Object.fromEntries(guest.answers) }),
      ...(guest.code === undefined ? {} : { code: guest.code }),
    };
  }
}

/** Operations of all workloads together, as the file has them. */
function expectedOf(spec: HostSpec): number {
  return spec.guests.reduce((sum, guest) => sum + operationsOf(guest), hostOperations(spec));
}

function endless(spec: HostSpec): HostSpec {
  const guests = spec.guests.map(({ nested, ...guest }) => ({
    ...guest,
    ...(nested === undefined ? {} : { nested: { ...nested, instructions: nested.instructions.map(whateverComes) } }),
    workload: endlessWork(guest.workload),
  }));
  const workload = spec.workload?.map((program) => ({ ...program, operations: ENDLESS }));
  return { ...spec, ...(workload === undefined ? {} : { workload }), guests };
}

function endlessWork(workload: GuestSpec['workload']): Workload {
  if (workload?.kind === 'instructions')
    return { kind: 'instructions', endless: true, cpus: workload.cpus.map((list) => list.map(whateverComes)) };
  if (workload?.kind === 'code') return { ...workload, endless: true, maxInstructions: Number.POSITIVE_INFINITY };
  const forms = ['mex' as const, 'crt' as const];
  return { ...(workload ?? { kind: 'rsa', bits: [1024, 2048], forms }), operations: ENDLESS };
}

/** In the middle of churn any answer is right. */
const whateverComes = (instruction: GuestInstruction): GuestInstruction => ({ ...instruction, expect: null });
