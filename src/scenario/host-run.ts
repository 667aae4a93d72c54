/**
 * The life of a host in one run: boot, guests at work, events or churn, rest, check, report. Written once for both runtimes.
 * No kernel counterpart.
 */
import { apqnText } from '../base/apqn.ts';
import type { InvariantWatch } from '../checkers/invariants.ts';
import { watchHost } from '../checkers/watch-host.ts';
import type { Findings } from '../locks/finding.ts';
import { dumpLocks } from '../locks/lock-dump.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { GuestSpec, HostSpec, InstructionWorkload } from '../machine/host-spec.ts';
import { Machine, type MachineOptions } from '../machine/machine.ts';
import { countLeftovers, isClean, leakFinding, reportLostObjects } from '../machine/quiescence.ts';
import type { Timer } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import { Churn } from './churn.ts';
import { EventPlayer } from './event-player.ts';
import { RunProgress } from './run-progress.ts';
import type { GuestReport, Quiescence, RunOutcome, RunReport, TopologyReport } from './run-report.ts';
import type { Scenario } from './scenario.ts';
import { describeTopology } from './topology.ts';

export interface HostRunParts {
  readonly scenario: Scenario;
  readonly design: string;
  readonly seed: number;
  readonly mode: 'run' | 'stress';
  readonly runtime: 'live' | 'controlled';
  readonly limitMs?: number;
  /** Another limit than time, asked between two verbs of the churn. */
  readonly limitReached?: () => boolean;
  readonly layer: LockLayer;
  readonly findings: Findings;
  readonly machine: Omit<MachineOptions, 'spec' | 'seed' | 'onOperation'>;
}

/** Under stress guests work until they are stopped, and wait for their cards as long as it takes. */
const ENDLESS = 1_000_000_000;
/** A run of a larger host is checked at its end only. */
const CHECKED_APQNS_MAX = 2048;
/** A stress run without a limit. */
const DEFAULT_STRESS_MS = 30_000;

export class HostRun {
  private readonly parts: HostRunParts;
  private readonly machine: Machine;
  private readonly work: RunProgress;
  private readonly player: EventPlayer;
  /** From the end of the boot on. */
  private watch: InvariantWatch | null = null;
  private churn: Churn | null = null;
  private phase = 'booting';
  private outcome: RunOutcome = 'done';
  private topology: TopologyReport | null = null;
  private left: Quiescence | null = null;

  constructor(parts: HostRunParts) {
    const { layer, findings, scenario, seed } = parts;
    this.parts = parts;
    const spec = parts.mode === 'stress' ? endless(scenario.host) : scenario.host;
    const patience = parts.mode === 'stress' ? { retryLimitMs: ENDLESS } : {};
    this.machine = new Machine({ ...parts.machine, ...patience, spec, seed, onOperation: () => this.work.advance() });
    this.work = new RunProgress(layer, () => this.sum((guest) => guest.statistics.operations));
    this.player = new EventPlayer({ machine: this.machine, progress: this.work, findings, source: scenario.source });
  }

  progress(): { operations: number; expected: number; retries: number; phase: string } {
    const expected = this.parts.mode === 'stress' ? 0 : this.work.expected;
    return { operations: this.work.operations, expected, retries: this.sum((guest) => guest.statistics.retries), phase: this.phase };
  }

  /** Workloads, events and churn end as soon as they can. */
  stop(outcome: RunOutcome): void {
    if (this.outcome === 'done') this.outcome = outcome;
    this.phase = 'stopping';
    this.player.stop();
    for (const { guest } of this.machine.vms) guest.stop();
    this.work.stop();
  }

  /** The whole run, as one foreground task. */
  async main(task: Task): Promise<void> {
    const { machine } = this;
    await machine.boot(task);
    this.watch = watchHost(machine, this.parts.findings, { everyRelease: this.checkable() });
    this.work.expected = this.sum((guest) => guest.progress.expected);
    const limit = this.armLimit();
    await this.underLoad(task);
    limit?.cancel();
    this.topology = describeTopology(machine);
    this.watch.check(task);
    await this.rest(task, this.watch);
  }

  report(stuck: 'stuck' | null, steps?: number): RunReport {
    const { scenario, design, seed, runtime, mode, layer, findings, machine } = this.parts;
    const guests = this.machine.vms.map((vm) => this.guestReport(vm));
    const outcome = stuck ?? this.outcome;
    const worked = mode === 'stress' || outcome !== 'done' || guests.every((guest) => guest.operations === guest.expected);
    const ok = findings.list.length === 0 && guests.every((guest) => guest.errors === 0) && (this.left?.clean ?? false) && worked;
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
      events: this.player.reports,
      topology: this.topology ?? describeTopology(this.machine),
      lockStat: layer.statistics?.rows() ?? [],
      lockDump: dumpLocks(layer),
      findings: findings.list,
      quiescence: this.left,
      ...(this.churn === null
        ? {}
        : { stress: { verbs: this.churn.counts, checks: this.watch?.checks ?? 0, ...(steps === undefined ? {} : { steps }) } }),
    };
  }

  /** Guests work while the events are played, or the churn goes on. */
  private async underLoad(task: Task): Promise<void> {
    const { rt } = this.parts.layer;
    this.phase = 'running';
    const vcpus = this.machine.vms.map((vm) => ({ vm, tasks: vm.run() }));
    const others = this.parts.mode === 'stress' ? this.startChurn() : this.player.start(this.parts.scenario.events);
    if (this.parts.mode === 'stress') for (const other of others) await rt.join(task, other);
    if (this.churn !== null) this.stop('done');
    for (const { vm, tasks } of vcpus) if (!vm.guest.daemon) for (const vcpu of tasks) await rt.join(task, vcpu);
    this.work.end();
    for (const other of others) await rt.join(task, other);
    for (const { vm } of vcpus) vm.guest.stop();
    for (const { tasks } of vcpus) for (const vcpu of tasks) await rt.join(task, vcpu);
  }

  private startChurn(): Task[] {
    const { seed, limitReached } = this.parts;
    this.churn = new Churn(this.machine, seed, () => this.work.ended || (limitReached?.() ?? false));
    return this.churn.start();
  }

  private armLimit(): Timer | null {
    const { limitMs, limitReached, mode, layer } = this.parts;
    const ms = limitMs ?? (mode === 'stress' && limitReached === undefined ? DEFAULT_STRESS_MS : undefined);
    return ms === undefined ? null : layer.rt.timer('time limit', ms, () => this.stop(mode === 'stress' ? 'done' : 'limit'));
  }

  /** Every guest gives its device back; then nothing of them may be left. */
  private async rest(task: Task, watch: InvariantWatch): Promise<void> {
    const { machine } = this;
    this.phase = 'resting';
    for (const vm of machine.vms) await vm.qemu.detach(task);
    machine.bus.stop();
    // Work that was begun for a guest (a device given back on request) ends by itself.
    for (const other of [...this.parts.layer.rt.tasks]) if (other !== task && !other.daemon) await this.parts.layer.rt.join(task, other);
    watch.check(task);
    reportLostObjects(machine);
    const left = countLeftovers(machine, task);
    this.left = { clean: isClean(left), ...left };
    if (!this.left.clean) this.parts.findings.report(leakFinding(left, this.parts.layer.rt.now()));
    this.reportGuestErrors();
    this.phase = 'done';
  }

  private reportGuestErrors(): void {
    for (const { spec, guest } of this.machine.vms) {
      const { errors, complaints } = guest.statistics;
      if (errors === 0) continue;
      this.parts.findings.report({
        kind: 'guest-error',
        key: `guest-error:${spec.name}`,
        title: `${spec.name}: ${errors} operations were not verified`,
        tasks: [spec.name],
        time: this.parts.layer.rt.now(),
        notes: complaints,
      });
    }
  }

  private guestReport({ spec, guest }: { spec: GuestSpec; guest: Machine['vms'][number]['guest'] }): GuestReport {
    const { statistics, progress } = guest;
    return {
      name: spec.name,
      mdev: spec.mdev,
      vcpus: spec.vcpus,
      operations: statistics.verified,
      expected: this.parts.mode === 'stress' ? statistics.operations : progress.expected,
      retries: statistics.retries,
      errors: statistics.errors,
      stallMs: statistics.stallMs,
      p50Ms: statistics.p50Ms,
      p99Ms: statistics.p99Ms,
      queues: guest.lastQueues.toSorted((a, b) => a - b).map(apqnText),
      ...(guest.answers === undefined ? {} : { answers: Object.fromEntries(guest.answers) }),
    };
  }

  /** Every release of the state lock looks at every assigned APQN: beyond this many it would be most of what the run does. */
  private checkable(): boolean {
    const apqns = this.parts.scenario.host.mdevs.reduce((sum, { adapters, domains }) => sum + adapters.length * domains.length, 0);
    return this.parts.mode === 'stress' || apqns <= CHECKED_APQNS_MAX;
  }

  private sum(of: (guest: Machine['vms'][number]['guest']) => number): number {
    return this.machine.vms.reduce((total, { guest }) => total + of(guest), 0);
  }
}

function endless(spec: HostSpec): HostSpec {
  const guests = spec.guests.map((guest) => {
    if (guest.workload?.kind === 'instructions') return { ...guest, workload: whateverComes(guest.workload) };
    const workload = guest.workload ?? { kind: 'rsa' as const, operations: 0, bits: [1024, 2048], forms: ['mex' as const, 'crt' as const] };
    return { ...guest, workload: { ...workload, operations: ENDLESS } };
  });
  return { ...spec, guests };
}

/** In the middle of churn any answer is right. */
function whateverComes({ kind, cpus }: InstructionWorkload): InstructionWorkload {
  return { kind, endless: true, cpus: cpus.map((list) => list.map((instruction) => ({ ...instruction, expect: null }))) };
}
