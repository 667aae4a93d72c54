/**
 * The state of a host that is up, as plain data: guests, mdevs, adapters and queues, what was found, and who waits for whom.
 * No kernel counterpart: what lszcrypt, mdevctl, virsh and SysRq-d show of a real one, in one place.
 */
import { apqnText } from '../base/apqn.ts';
import type { BlockedTask, Finding } from '../locks/finding.ts';
import type { Machine } from '../machine/machine.ts';
import { describeTopology } from '../scenario/topology.ts';
import type { AdapterReport } from '../scenario/run-report.ts';
import { apqnsOf, type ApMatrix } from '../vfio-ap/ap-matrix.ts';

export interface GuestStatus {
  readonly name: string;
  /** Name of the mdev that the scenario gives it. */
  readonly mdev: string | null;
  readonly attached: boolean;
  readonly vcpus: number;
  /** Operations that ended, verified or not. */
  readonly operations: number;
  readonly retries: number;
  readonly errors: number;
  /** Queues that its driver has, as `05.0004`. */
  readonly queues: readonly string[];
}

export interface MatrixStatus {
  readonly adapters: readonly number[];
  readonly domains: readonly number[];
  readonly controlDomains: readonly number[];
  /** As `05.0004`. */
  readonly queues: readonly string[];
}

export interface MdevStatus {
  readonly uuid: string;
  /** That of the scenario; null: made by somebody else. */
  readonly name: string | null;
  /** The guest that has it open. */
  readonly guest: string | null;
  /** What is assigned, and what its guest is given. */
  readonly matrix: MatrixStatus;
  readonly guestMatrix: MatrixStatus;
}

export interface QueueStatus {
  readonly queue: string;
  /** Null: no driver is bound. */
  readonly driver: string | null;
  /** As in the report of a run. */
  readonly owner: string;
}

export interface FindingStatus {
  readonly kind: Finding['kind'];
  readonly title: string;
  /** Milliseconds since the host began to boot. */
  readonly t: number;
  readonly tasks: readonly string[];
}

/** The process id of the model would be taken for a real one. */
export interface TaskStatus extends Omit<BlockedTask, 'pid'> {
  /** Process id of the program that asks; null for a task of the model. */
  readonly process: number | null;
}

export interface HostStatus {
  readonly guests: readonly GuestStatus[];
  readonly mdevs: readonly MdevStatus[];
  readonly adapters: readonly AdapterReport[];
  readonly queues: readonly QueueStatus[];
  readonly findings: readonly FindingStatus[];
  /** Everybody who holds a lock or waits for something that others have; who has waited longest comes first. */
  readonly tasks: readonly TaskStatus[];
  /** Names of the tasks that still run or wait, without the daemons of the model. */
  readonly foreground: readonly string[];
}

export function hostStatus(machine: Machine, tasks: readonly BlockedTask[]): HostStatus {
  const { layer, vms, vfioAp, spec, bus } = machine;
  const topology = describeTopology(machine);
  const owners = new Map(topology.cells.map(({ apqn, owner }) => [apqn, owner]));
  return {
    guests: vms.map(({ spec: guest, guest: program, qemu }) => ({
      name: guest.name,
      mdev: guest.mdev,
      attached: qemu.attached !== null,
      vcpus: guest.vcpus,
      operations: program.statistics.operations,
      retries: program.statistics.retries,
      errors: program.statistics.errors,
      queues: program.lastQueues.toSorted((a, b) => a - b).map(apqnText),
    })),
    mdevs: vfioAp.matrixDev.mdevs.inspect().map((mdev) => ({
      uuid: mdev.name,
      name: spec.mdevs.find(({ uuid }) => uuid === mdev.name)?.name ?? null,
      guest: mdev.kvm.inspect()?.name ?? null,
      matrix: matrixStatus(mdev.matrix.inspect()),
      guestMatrix: matrixStatus(mdev.shadow.inspect()),
    })),
    adapters: topology.adapters,
    queues: [...bus.queues()]
      .toSorted((a, b) => a.apqn - b.apqn)
      .map(({ apqn, device }) => ({ queue: apqnText(apqn), driver: device.driver?.name ?? null, owner: owners.get(apqn) ?? 'unbound' })),
    findings: layer.findings.list.map(({ kind, title, time, tasks: whose }) => ({ kind, title, t: time, tasks: whose })),
    tasks: tasks.map(({ pid: _pid, ...task }) => ({ ...task, process: processOf(task.task) })),
    foreground: [...layer.rt.tasks].filter(({ daemon }) => !daemon).map(({ name }) => name),
  };
}

/** Requests of programs are tasks named `COMM[PID]`. */
function processOf(task: string): number | null {
  const pid = /\[([1-9]\d*)\]$/.exec(task)?.[1];
  return pid === undefined ? null : Number(pid);
}

function matrixStatus(matrix: ApMatrix): MatrixStatus {
  const queues = apqnsOf(matrix);
  return {
    adapters: [...matrix.apm.bits()],
    domains: [...matrix.aqm.bits()],
    controlDomains: [...matrix.adm.bits()],
    queues: queues.map(apqnText),
  };
}
