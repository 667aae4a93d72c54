/**
 * Random churn of every verb, from a seed: what `apemu stress` does to a host while its guests work. No kernel counterpart.
 * Refusals are part of it: only invariants, findings and what the guests compute decide whether it went well.
 */
import { apqnText, cardText } from '../base/apqn.ts';
import type { Errno } from '../base/errno.ts';
import { Prng } from '../base/prng.ts';
import { secureExecution } from '../kvm/secure-execution.ts';
import { mdevPath, type Machine } from '../machine/machine.ts';
import type { Task } from '../runtime/task.ts';
import { perform, resultText } from './verb-actions.ts';

type ChurnVerb = (task: Task, random: Prng, machine: Machine) => Promise<Errno>;
/** What a host must have for a verb to have a target. */
type Need = 'mdevs' | 'adapters' | 'domains' | 'guests';

const CREATE = '/sys/devices/vfio_ap/matrix/mdev_supported_types/vfio_ap-passthrough/create';
const SHOWN = ['matrix', 'guest_matrix', 'control_domains'];
const NONSENSE = ['', 'x', '-1', '256', '0x', '08', '99999999999999999999'];

/** Mostly an id that exists, sometimes nonsense. */
const idText = (random: Prng, ids: readonly number[]): string => (random.oneIn(12) ? random.pick(NONSENSE) : `${random.pick(ids)}`);

const mdevWrite =
  (attribute: string, ids: (machine: Machine) => readonly number[]): ChurnVerb =>
  (task, random, machine) =>
    machine.sysfs.write(task, mdevPath(random.pick(machine.spec.mdevs).uuid, attribute), idText(random, ids(machine)));

const cardPath = (adapter: number, attribute: string): string => `/sys/devices/ap/${cardText(adapter)}/${attribute}`;
const adapters = (machine: Machine): readonly number[] => machine.spec.adapters.map(({ id }) => id);
const domains = (machine: Machine): readonly number[] => machine.spec.domains;

async function recreate(task: Task, random: Prng, machine: Machine): Promise<Errno> {
  const { uuid } = random.pick(machine.spec.mdevs);
  await machine.sysfs.write(task, mdevPath(uuid, 'remove'), '1');
  return await machine.sysfs.write(task, CREATE, uuid);
}

function storeMask(task: Task, random: Prng, machine: Machine): Promise<Errno> {
  const [path, ids] = random.oneIn(2) ? ['/sys/bus/ap/apmask', adapters(machine)] : ['/sys/bus/ap/aqmask', domains(machine)];
  return machine.sysfs.write(task, path as string, `${random.oneIn(3) ? '+' : '-'}${random.pick(ids as readonly number[])}`);
}

async function readSomething(task: Task, random: Prng, machine: Machine): Promise<Errno> {
  const queues = [...machine.bus.queues()];
  const path =
    random.oneIn(2) || queues.length === 0
      ? mdevPath(random.pick(machine.spec.mdevs).uuid, random.pick(SHOWN))
      : `/sys/bus/ap/devices/${apqnText(random.pick(queues).apqn)}/status`;
  return await perform(task, machine, { kind: 'read', path });
}

async function plugOrUnplug(task: Task, random: Prng, machine: Machine): Promise<Errno> {
  const adapter = random.pick(machine.spec.adapters);
  const there = machine.hardware.adapter(adapter.id) !== undefined;
  return await perform(task, machine, there ? { kind: 'unplug', adapters: [adapter.id] } : { kind: 'plug', adapters: [adapter] });
}

/** Mostly all domains that the host had at first, sometimes all but one. */
function changeDomains(task: Task, random: Prng, machine: Machine): Promise<Errno> {
  const use = random.oneIn(2) ? 'usage' : 'control';
  const all = use === 'usage' ? machine.spec.domains : machine.spec.controlDomains;
  const gone = all.length > 0 && random.oneIn(3) ? random.pick(all) : null;
  return perform(task, machine, { kind: 'domains', use, domains: all.filter((domain) => domain !== gone) });
}

async function unbindOrBind(task: Task, random: Prng, machine: Machine): Promise<Errno> {
  const queues = [...machine.bus.queues()];
  if (queues.length === 0) return 0;
  const queue = random.pick(queues);
  const name = apqnText(queue.apqn);
  return queue.device.driver === null
    ? await perform(task, machine, { kind: 'bind', queue: name, driver: random.oneIn(4) ? 'cex4queue' : 'vfio_ap' })
    : await perform(task, machine, { kind: 'unbind', queue: name });
}

async function resetDevice(task: Task, random: Prng, machine: Machine): Promise<Errno> {
  return (await random.pick(machine.vms).qemu.attached?.reset(task)) ?? 0;
}

/** Brings one guest back to what the scenario gave it, as far as that is possible now: otherwise churn ends with idle guests. */
async function restore(task: Task, random: Prng, machine: Machine): Promise<Errno> {
  const { spec } = random.pick(machine.vms);
  const mdev = machine.mdevOf(spec);
  if (mdev === undefined) return 0;
  for (const adapter of machine.spec.adapters.filter(({ id }) => mdev.adapters.includes(id))) {
    if (machine.hardware.adapter(adapter.id) === undefined) await perform(task, machine, { kind: 'plug', adapters: [adapter] });
    await perform(task, machine, { kind: 'checkstop', adapter: adapter.id, on: false });
    await machine.sysfs.write(task, cardPath(adapter.id, 'config'), '1');
    await machine.sysfs.write(task, '/sys/bus/ap/apmask', `-${adapter.id}`);
  }
  await perform(task, machine, { kind: 'domains', use: 'usage', domains: machine.spec.domains });
  await machine.sysfs.write(task, CREATE, mdev.uuid);
  for (const id of mdev.adapters) await machine.sysfs.write(task, mdevPath(mdev.uuid, 'assign_adapter'), `${id}`);
  for (const id of mdev.domains) await machine.sysfs.write(task, mdevPath(mdev.uuid, 'assign_domain'), `${id}`);
  for (const queue of [...machine.bus.queues()]) {
    if (queue.device.driver === null) await perform(task, machine, { kind: 'bind', queue: apqnText(queue.apqn), driver: 'vfio_ap' });
  }
  return await perform(task, machine, { kind: 'attach', guest: spec.name });
}

/** Verb, weight, and what it needs; the tasks of a churn draw from those that have a target. */
const VERBS: readonly (readonly [string, number, ChurnVerb, readonly Need[]])[] = [
  ['assign_adapter', 6, mdevWrite('assign_adapter', adapters), ['mdevs', 'adapters']],
  ['unassign_adapter', 4, mdevWrite('unassign_adapter', adapters), ['mdevs', 'adapters']],
  ['assign_domain', 6, mdevWrite('assign_domain', domains), ['mdevs', 'domains']],
  ['unassign_domain', 4, mdevWrite('unassign_domain', domains), ['mdevs', 'domains']],
  ['assign_control_domain', 2, mdevWrite('assign_control_domain', domains), ['mdevs', 'domains']],
  ['unassign_control_domain', 2, mdevWrite('unassign_control_domain', domains), ['mdevs', 'domains']],
  ['read', 6, readSomething, ['mdevs']],
  ['mask', 3, storeMask, ['adapters', 'domains']],
  ['recreate', 1, recreate, ['mdevs']],
  [
    'attach',
    5,
    (task, random, machine) => perform(task, machine, { kind: 'attach', guest: random.pick(machine.vms).spec.name }),
    ['guests'],
  ],
  [
    'detach',
    2,
    (task, random, machine) => perform(task, machine, { kind: 'detach', guest: random.pick(machine.vms).spec.name }),
    ['guests'],
  ],
  ['bind', 5, unbindOrBind, []],
  [
    'config',
    3,
    (task, random, machine) => machine.sysfs.write(task, cardPath(random.pick(adapters(machine)), 'config'), random.oneIn(3) ? '0' : '1'),
    ['adapters'],
  ],
  ['scan', 3, (task, _random, machine) => machine.sysfs.write(task, '/sys/bus/ap/scans', '1'), []],
  ['plug', 2, plugOrUnplug, ['adapters']],
  ['domains', 2, changeDomains, ['domains']],
  [
    'checkstop',
    1,
    (task, random, machine) => perform(task, machine, { kind: 'checkstop', adapter: random.pick(adapters(machine)), on: random.oneIn(3) }),
    ['adapters'],
  ],
  ['pv', 2, (task, random, machine) => secureExecution(task, random.pick(machine.vms).kvm, random.oneIn(2)), ['guests']],
  ['reset', 2, resetDevice, ['guests']],
  ['restore', 6, restore, ['guests']],
];

/** Tasks that churn at the same time. */
const TASKS = 5;
const PAUSE_MS = 6;

export class Churn {
  /** How often each verb was done. */
  readonly counts: Record<string, number> = {};
  private readonly machine: Machine;
  private readonly seed: number;
  private readonly over: () => boolean;
  /** Index of a verb, as often as its weight says. */
  private readonly draw: readonly number[];

  /** It ends as soon as `over` answers true. */
  constructor(machine: Machine, seed: number, over: () => boolean) {
    this.machine = machine;
    this.seed = seed;
    this.over = over;
    const { mdevs, adapters: cards, domains: usage, guests } = machine.spec;
    const has: Record<Need, boolean> = {
      mdevs: mdevs.length > 0,
      adapters: cards.length > 0,
      domains: usage.length > 0,
      guests: guests.length > 0,
    };
    this.draw = VERBS.flatMap(([, weight, , needs], index) =>
      needs.every((need) => has[need]) ? new Array<number>(weight).fill(index) : [],
    );
  }

  start(): Task[] {
    const { rt } = this.machine.layer;
    const random = new Prng(this.seed);
    return Array.from({ length: TASKS }, (_, i) => rt.spawn(`churn${i}`, (task) => this.run(task, random.fork(`churn${i}`))));
  }

  private async run(task: Task, random: Prng): Promise<void> {
    const { rt } = this.machine.layer;
    while (!this.over()) {
      const [name, , verb] = VERBS[random.pick(this.draw)]!;
      const result = await verb(task, random, this.machine);
      this.counts[name] = (this.counts[name] ?? 0) + 1;
      this.machine.events.emit('stress.verb', task.name, { verb: name, result: resultText(result) });
      await rt.sleep(task, random.below(PAUSE_MS));
    }
  }
}
