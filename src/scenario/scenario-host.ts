/**
 * The host of a scenario and what every kind of run needs around it: the machine, its checkers, how far the workloads are, and who plays
 * the events; how it is brought up, and how it comes to rest. No kernel counterpart.
 */
import type { InvariantWatch } from '../checkers/invariants.ts';
import { RequestWatch } from '../checkers/request-accounting.ts';
import { watchHost } from '../checkers/watch-host.ts';
import { watchLoads, type LoadWatch } from '../checkers/zcrypt-loads.ts';
import type { CodeReport } from '../guest/guest-program.ts';
import type { GuestStatistics } from '../guest/guest-statistics.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { HostSpec } from '../machine/host-spec.ts';
import { Machine, type MachineOptions } from '../machine/machine.ts';
import { countLeftovers, isClean, leakFinding, reportLostObjects } from '../machine/quiescence.ts';
import type { Task } from '../runtime/task.ts';
import { EventPlayer } from './event-player.ts';
import { RunProgress } from './run-progress.ts';
import type { Quiescence } from './run-report.ts';
import type { EventSpec, Scenario } from './scenario.ts';

export interface ScenarioHostParts {
  readonly scenario: Scenario;
  /** Instead of the scenario's. */
  readonly spec?: HostSpec;
  readonly seed: number;
  readonly layer: LockLayer;
  readonly machine: Omit<MachineOptions, 'layer' | 'spec' | 'seed' | 'onOperation'>;
}

interface Worker {
  readonly name: string;
  readonly statistics: GuestStatistics;
  readonly code?: CodeReport | undefined;
}

/** A run of a larger host is checked at its end only. */
const CHECKED_APQNS_MAX = 2048;

export class ScenarioHost {
  readonly machine: Machine;
  readonly work: RunProgress;
  readonly player: EventPlayer;
  /** From the end of the boot on. */
  watch: InvariantWatch | null = null;
  private readonly layer: LockLayer;
  private readonly requests: RequestWatch;
  private readonly loads: LoadWatch;

  constructor({ scenario, spec, seed, layer, machine }: ScenarioHostParts) {
    this.layer = layer;
    // Where nobody waits for a share of the operations, nobody needs to hear of each: for an explorer they would all depend on each other.
    const onOperation = waitsForWork(scenario.events) ? (): void => this.work.advance() : (): void => undefined;
    this.machine = new Machine({ ...machine, layer, spec: spec ?? scenario.host, seed, onOperation });
    this.requests = new RequestWatch(layer, layer.findings);
    this.loads = watchLoads(this.machine, layer.findings);
    this.work = new RunProgress(layer, () => this.operations);
    this.player = new EventPlayer({ machine: this.machine, progress: this.work, findings: layer.findings });
  }

  /** Throws BootError when the host cannot be brought up as the scenario says. `everyRelease`: see `watchHost`. */
  async boot(task: Task, { everyRelease }: { everyRelease: boolean }): Promise<InvariantWatch> {
    await this.machine.boot(task);
    this.work.expected = this.sum((guest) => guest.progress.expected) + (this.machine.hostLoad?.expected ?? 0);
    this.watch = watchHost(this.machine, this.layer.findings, { everyRelease });
    return this.watch;
  }

  /** Every guest gives its device back; then nothing of them may be left, and every operation has ended well. */
  async rest(task: Task): Promise<Quiescence> {
    const { machine, layer } = this;
    for (const vm of machine.vms) await vm.qemu.detach(task);
    // What another user of vfio has kept open; the guests have given back theirs.
    for (const { device } of machine.vfioAp.matrixDev.mdevs.inspect()) if (device.kvm !== null) await device.close(task);
    machine.bus.stop();
    // Work that was begun for a guest (a device given back on request) ends by itself.
    for (const other of [...layer.rt.tasks]) if (other !== task && !other.daemon) await layer.rt.join(task, other);
    this.watch?.check(task);
    this.requests.atRest();
    this.loads.atRest();
    reportLostObjects(machine);
    const left = countLeftovers(machine, task);
    const clean = isClean(left);
    if (!clean) layer.findings.report(leakFinding(left, layer.rt.now()));
    this.reportGuestErrors();
    return { clean, ...left };
  }

  /** Of all guests and of the host's own users. */
  private get operations(): number {
    return this.sum((guest) => guest.statistics.operations) + (this.machine.hostLoad?.statistics.operations ?? 0);
  }

  sum(of: (guest: Machine['vms'][number]['guest']) => number): number {
    return this.machine.vms.reduce((total, { guest }) => total + of(guest), 0);
  }

  /** The host's own users are guests of its cards, too. */
  private reportGuestErrors(): void {
    const { findings, rt } = this.layer;
    const workers: Worker[] = this.machine.vms.map(({ spec, guest: { statistics, code } }) => ({ name: spec.name, statistics, code }));
    const { hostLoad } = this.machine;
    if (hostLoad !== null) workers.push({ name: 'host', statistics: hostLoad.statistics });
    for (const { name, statistics, code } of workers) {
      const { errors, complaints } = statistics;
      if (errors === 0) continue;
      const what = code === undefined ? `${errors} operations were not verified` : `its program ${code.program} has failed`;
      findings.report({
        kind: 'guest-error',
        key: `guest-error:${name}`,
        title: `${name}: ${what}`,
        tasks: [name],
        time: rt.now(),
        notes: complaints,
      });
    }
  }
}

/** Does an event begin at a share or a number of operations? */
export function waitsForWork(events: readonly EventSpec[]): boolean {
  return events.some(({ at }) => at?.kind === 'share' || at?.kind === 'operations');
}

/** Every release of the state lock looks at every assigned APQN: beyond this many it would be most of what a run does. */
export function isCheckable({ host }: Scenario): boolean {
  return host.mdevs.reduce((sum, { adapters, domains }) => sum + adapters.length * domains.length, 0) <= CHECKED_APQNS_MAX;
}
