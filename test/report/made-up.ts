/**
 * Hand-made findings and reports, as the lock layer and a run would hand them over.
 */
import { apqnOf } from '../../src/base/apqn.ts';
import type { CycleEdge, Finding } from '../../src/locks/finding.ts';
import type { LockStatRow } from '../../src/locks/lock-stat.ts';
import type { GuestReport, RunReport, TopologyReport } from '../../src/scenario/run-report.ts';

export function edge(from: string, to: string, more: Partial<CycleEdge> = {}): CycleEdge {
  const file = (name: string): string => `src/vfio-ap/${name.replaceAll(/[^a-z]/g, '-')}.ts`;
  return {
    from,
    to,
    fromMode: 'write',
    toMode: 'write',
    task: `${from}-task`,
    pid: 1001,
    time: 1234.5,
    fromPlace: [`${file(from)}:10 take`, `${file(from)}:90 outer`],
    toPlace: [`${file(to)}:20 ask`],
    held: [from],
    ...more,
  };
}

export function cycleFinding(cycle: readonly CycleEdge[]): Finding {
  const names = cycle.map(({ from }) => from);
  return {
    kind: cycle.length === 1 ? 'recursive-lock' : 'lock-order',
    key: `made-up:${names.join('>')}`,
    title: `possible circular locking dependency: ${[...names, names[0]].join(' -> ')}`,
    tasks: cycle.map(({ task }) => task),
    time: cycle[0]?.time ?? 0,
    cycle,
  };
}

export const ABBA = cycleFinding([
  edge('kvm->lock', 'matrix_dev->lock', { task: 'admin', pid: 1003, time: 2500, held: ['cpus', 'kvm->lock'], toMode: 'read' }),
  edge('matrix_dev->lock', 'kvm->lock', { task: 'vcpu0', pid: 1007, time: 100 }),
]);

export const DEADLOCK: Finding = {
  kind: 'deadlock',
  key: 'deadlock:admin,vcpu0',
  title: 'deadlock of 2 tasks: admin waits for matrix_dev->lock, vcpu0 waits for kvm->lock',
  tasks: ['admin', 'vcpu0'],
  time: 3001,
  blocked: [
    { task: 'admin', pid: 1003, holds: ['kvm->lock'], waitsFor: 'matrix_dev->lock', behind: ['vcpu0'] },
    { task: 'vcpu0', pid: 1007, holds: ['vcpu->mutex', 'matrix_dev->lock'], waitsFor: 'kvm->lock', behind: ['admin'] },
  ],
};

export function statRow(lock: string, more: Partial<LockStatRow> = {}): LockStatRow {
  return {
    lock, mode: 'write', acquisitions: 1234, bounces: 600, contentions: 5, waitMsTotal: 1.5, waitMsMin: 0.1, waitMsMax: 0.75, waitMsP50: 0.2,
    waitMsP99: 0.7, holdMsTotal: 123.4, holdMsMin: 0.01, holdMsMax: 2, holdMsP50: 0.05, holdMsP99: 1.5, queueMax: 3, queueMean: 1.4, ...more,
  }; // prettier-ignore
}

export function guest(name: string, more: Partial<GuestReport> = {}): GuestReport {
  return {
    name, mdev: 'm1', vcpus: 2, operations: 240, expected: 240, retries: 3, errors: 0, stallMs: 12, p50Ms: 1.2345, p99Ms: 15.67891,
    queues: ['05.0004', '05.00ab'], ...more,
  }; // prettier-ignore
}

/** `owner` names the owner of a queue, or undefined for none. */
export function topology(
  adapters: readonly number[],
  domains: readonly number[],
  owner: (a: number, d: number) => string | undefined,
): TopologyReport {
  const cells = adapters.flatMap((a) => domains.map((d) => ({ apqn: apqnOf(a, d), owner: owner(a, d) })));
  return {
    adapters: adapters.map((id) => ({ id, type: 'CEX8C', state: 'online' as const })),
    domains,
    cells: cells.filter((cell): cell is { apqn: number; owner: string } => cell.owner !== undefined),
  };
}

export function report(more: Partial<RunReport> = {}): RunReport {
  return {
    command: 'run',
    ok: true,
    outcome: 'done',
    scenario: 'three-guests',
    design: 'guests-lock',
    runtime: 'live',
    seed: 42,
    durationMs: 2310.4567,
    guests: [guest('guest1'), guest('guest2', { mdev: null, queues: [] })],
    events: [],
    topology: topology([5, 6], [4, 0xab], (a) => (a === 5 ? 'guest1' : 'host')),
    lockStat: [],
    findings: [],
    quiescence: { clean: true, pins: 0, iscReferences: 0, kvmReferences: 0, eventfds: 0, locksHeld: 0, foregroundTasks: 0, requests: 0 },
    ...more,
  };
}
