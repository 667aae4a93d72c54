/**
 * What a locking design costs a guest: how long AQIC takes while another mdev is reset, and while its own mdev is changed. On virtual time,
 * where only waits take any: the figures are those of the design, the same on every machine. No kernel counterpart.
 */
import { EventLog } from '../base/event-log.ts';
import { createLogger } from '../base/logger.ts';
import { createRsaEngine } from '../crypto-adapters/rsa-engine.ts';
import { TasksFirst } from '../explore/strategies/tasks-first.ts';
import { InterpretiveAp } from '../kvm/interpretive-ap.ts';
import { LockLayer } from '../locks/lock-layer.ts';
import type { Machine } from '../machine/machine.ts';
import { ControlledRuntime } from '../runtime/controlled.ts';
import type { Task } from '../runtime/task.ts';
import { designByName } from '../vfio-ap/locking/designs.ts';
import { loadScenario } from './load.ts';
import { ScenarioHost } from './scenario-host.ts';

/** AQIC of one vCPU, one each millisecond or as soon as the one before has ended, beside something that needs the locks of the driver. */
export interface LoadCost {
  readonly perSecond: number;
  readonly meanMs: number;
  /** The longest. */
  readonly stallMs: number;
  /** The longest time in which KVM itself did not get kvm->lock and the vcpu->mutex of the guest. */
  readonly kvmStallMs: number;
  /** Acquisitions of any lock that had to wait, and for how long together. */
  readonly contentions: number;
  readonly waitMs: number;
}

export interface DesignCost {
  readonly design: string;
  /** Another mdev is reset again and again. */
  readonly reset: LoadCost;
  /** An adapter is assigned to the mdev of the guest and unassigned, again and again; null: the design refuses while a guest runs. */
  readonly hotPlug: (LoadCost & { readonly changesPerSecond: number }) | null;
}

const SCENARIO = `
host: { adapters: [{ range: [5, 7], type: CEX8C }], domains: [4], apmask: "-5,-6,-7", serviceScale: 0 }
mdevs:
  - { name: m1, adapters: [5], domains: [4] }
  - { name: m2, adapters: [6], domains: [4] }
guests:
  - { name: guest1, mdev: m1 }
  - { name: guest2, mdev: m2 }
`;
const APQN = 0x0504;
const ON = { ir: true, isc: 3, nib: 0x20000 };
const OFF = { ir: false, isc: 0, nib: 0 };
const PACE_MS = 1;
/** No multiple of the other one and no divisor of the 20 ms of a reset: it comes at every moment of one. */
const KVM_PACE_MS = 7;
const TURNS = 20;

/** RangeError when there is no such design. */
export async function designCost(name: string): Promise<DesignCost> {
  const reset = await loaded(name, async (task, { machine }) => {
    await machine.vfioAp.findMdev(machine.spec.mdevs[1]!.uuid)!.device.reset(task);
    return true;
  });
  const plugged = await loaded(name, async (task, { machine }) => {
    const folder = `/sys/devices/vfio_ap/matrix/${machine.spec.mdevs[0]!.uuid}`;
    const assigned = await machine.sysfs.write(task, `${folder}/assign_adapter`, '7');
    return assigned >= 0 && (await machine.sysfs.write(task, `${folder}/unassign_adapter`, '7')) >= 0;
  });
  return { design: name, reset: reset.cost, hotPlug: hotPlugCost(plugged) };
}

function hotPlugCost({ cost, turns, seconds }: Measured): DesignCost['hotPlug'] {
  return turns === 0 ? null : { ...cost, changesPerSecond: (2 * turns) / seconds };
}

/** The work beside; false: it was refused. */
type Beside = (task: Task, host: ScenarioHost) => Promise<boolean>;

interface Measured {
  readonly cost: LoadCost;
  readonly turns: number;
  readonly seconds: number;
}

async function loaded(name: string, beside: Beside): Promise<Measured> {
  const rt = new ControlledRuntime({ seed: 0, strategy: TasksFirst });
  const layer = new LockLayer(rt, { statistics: true, validate: false });
  const host = hostOf(name, layer, rt);
  let measured: Measured | null = null;
  rt.spawn('measure', async (task) => {
    await host.boot(task, { everyRelease: false });
    measured = await measure(task, host, beside);
    host.machine.bus.stop();
  });
  const outcome = await rt.run();
  if (measured === null) throw new Error(`cost of ${name}: expected the measurement to end, got the outcome ${outcome}`);
  return measured;
}

async function measure(task: Task, host: ScenarioHost, beside: Beside): Promise<Measured> {
  const { machine } = host;
  const { layer } = machine;
  const { rt } = layer;
  const probe: Probe = { latencies: [], kvmStallMs: 0, ended: false };
  const before = waits(layer);
  const since = rt.now();
  let turns = 0;
  const worker = rt.spawn('beside', async (other) => {
    while (turns < TURNS && (await beside(other, host))) {
      turns++;
      await rt.sleep(other, PACE_MS);
    }
  });
  const others = [rt.spawn('vcpu', (other) => issue(other, machine, probe)), rt.spawn('kvm', (other) => stopVcpus(other, machine, probe))];
  await rt.join(task, worker);
  probe.ended = true;
  const seconds = Math.max(rt.now() - since, PACE_MS) / 1000;
  const perSecond = probe.latencies.length / seconds;
  for (const other of others) await rt.join(task, other);
  const { latencies, kvmStallMs } = probe;
  const [contentions, waitMs] = waits(layer).map((total, i) => total - before[i]!) as [number, number];
  const meanMs = latencies.reduce((total, ms) => total + ms, 0) / latencies.length;
  const figures = { perSecond, meanMs, stallMs: Math.max(...latencies), kvmStallMs };
  return { cost: { ...figures, contentions, waitMs }, turns, seconds };
}

function hostOf(name: string, layer: LockLayer, rt: ControlledRuntime): ScenarioHost {
  const design = designByName(name);
  if (design === undefined) throw new RangeError(`expected the name of a locking design, got ${name}`);
  const log = createLogger({ level: 'silent', now: () => 0 });
  const machine = { design, bareGuests: true, log, rsa: createRsaEngine(), events: new EventLog(() => rt.now(), 0) };
  return new ScenarioHost({ scenario: loadScenario(SCENARIO, '<cost>'), seed: 0, layer, machine });
}

interface Probe {
  readonly latencies: number[];
  kvmStallMs: number;
  ended: boolean;
}

async function issue(task: Task, machine: Machine, probe: Probe): Promise<void> {
  const { rt } = machine.layer;
  const { kvm } = machine.vms[0]!;
  const cpu = new InterpretiveAp(kvm, kvm.vcpus[0]!, machine.vfioAp.design);
  for (let on = true; !probe.ended; on = !on) {
    const since = rt.now();
    await cpu.aqic(task, APQN, on ? ON : OFF);
    const took = rt.now() - since;
    probe.latencies.push(took);
    if (took < PACE_MS) await rt.sleep(task, PACE_MS - took);
  }
}

/** What Secure Execution does, and other parts of KVM that stop the vCPUs of a VM: both locks, outermost first, for a moment. */
async function stopVcpus(task: Task, machine: Machine, probe: Probe): Promise<void> {
  const { rt } = machine.layer;
  const { kvm } = machine.vms[0]!;
  while (!probe.ended) {
    const since = rt.now();
    {
      using _vm = await kvm.lock.acquire(task);
      for (const vcpu of kvm.vcpus) (await vcpu.mutex.acquire(task)).release();
    }
    probe.kvmStallMs = Math.max(probe.kvmStallMs, rt.now() - since);
    await rt.sleep(task, KVM_PACE_MS);
  }
}

const waits = ({ statistics }: LockLayer): [number, number] =>
  statistics!.rows().reduce<[number, number]>(([n, ms], row) => [n + row.contentions, ms + row.waitMsTotal], [0, 0]);
