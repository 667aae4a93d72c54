/**
 * What assignment costs as hosts grow: by the number of mdevs and of attached guests beside the one that changes, and by the number of
 * APQNs of that one. Live runtime; its timers fire at once (a reset takes a card some time), so that what is left is what apemu does.
 */
import { ApMask } from '../src/base/ap-mask.ts';
import { EventLog } from '../src/base/event-log.ts';
import { createLogger } from '../src/base/logger.ts';
import { InterpretiveAp } from '../src/kvm/interpretive-ap.ts';
import { LockLayer } from '../src/locks/lock-layer.ts';
import type { GuestSpec } from '../src/machine/host-spec.ts';
import { Machine, mdevPath } from '../src/machine/machine.ts';
import { LiveRuntime } from '../src/runtime/live.ts';
import type { Task } from '../src/runtime/task.ts';
import { mdevUuid } from '../src/scenario/mdev-uuid.ts';
import { designByName } from '../src/vfio-ap/locking/designs.ts';
import { growthPlot, type GrowthPoint } from './growth-plot.ts';
import type { Figure } from './measure.ts';

const CREATE = '/sys/devices/vfio_ap/matrix/mdev_supported_types/vfio_ap-passthrough/create';
const MDEVS = [1, 10, 100, 1000] as const;
const SIDES = [4, 16, 64, 256] as const;
/** Adapters and domains of each mdev where many stand beside each other. */
const SIDE = 4;
const ROUNDS = 7;
/** Milliseconds of CPU time that a round should take at least. */
const ROUND_MS = 30;
const WARM_UP_MS = 200;
/** Until the code is as fast as it gets. */
const COMPILED_MS = 2000;
const IRQ = { ir: true, isc: 3, nib: 0x20000 };

const upTo = (n: number): number[] => Array.from({ length: n }, (_, id) => id);

interface World {
  readonly machine: Machine;
  readonly task: Task;
}

/** Boots a host of 256 adapters in these many domains, runs the body as a task, and answers what it does. */
async function onHost<T>(domains: number, guests: number, body: (world: World) => Promise<T>): Promise<T> {
  const rt = new LiveRuntime(1);
  const timer = rt.timer.bind(rt);
  rt.timer = (name, _ms, fire) => timer(name, 0, fire);
  const layer = new LockLayer(rt);
  const log = createLogger({ level: 'silent', now: () => rt.now() });
  const guest = { mdev: null, vcpus: 1, workload: null, apie: true, interrupts: true, attach: false } as const;
  const machine = new Machine({
    ...{ layer, design: designByName('guests-lock')!, seed: 1, log, events: new EventLog(() => rt.now(), 0), bareGuests: true },
    spec: {
      ...{ kernel: 'current', adapters: upTo(256).map((id) => ({ id, type: 'CEX8C' })), domains: upTo(domains), controlDomains: [] },
      ...{ apmask: '0x0', aqmask: null, serviceScale: 0, mdevs: [] },
      guests: upTo(guests).map((i): GuestSpec => ({ ...guest, name: `guest${i}` })),
    },
  });
  let answer: T | undefined;
  let failure: unknown;
  rt.onTaskEnd((_task, error) => {
    failure ??= error;
  });
  rt.spawn('admin', async (task) => {
    await machine.boot(task);
    answer = await body({ machine, task });
  });
  await rt.settled();
  machine.bus.stop();
  rt.shutdown();
  if (failure !== undefined || layer.findings.list.length > 0)
    throw new Error(`the benchmark run failed: ${layer.findings.list.map(({ title }) => title).join('; ')}`, { cause: failure });
  return answer!;
}

async function store({ machine, task }: World, mdev: number, attribute: string, text: string): Promise<void> {
  const result = await machine.sysfs.write(task, mdevPath(mdevUuid(`m${mdev}`), attribute), text);
  if (result < 0) throw new Error(`expected ${attribute} of mdev ${mdev} to take ${text}, got ${result}`);
}

/** CPU time of this process so far, milliseconds: other processes may have the machine, too. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Microseconds of CPU time that one call takes, from calls for at least so many milliseconds. */
async function round(call: () => Promise<unknown>, least: number): Promise<number> {
  const since = cpu();
  for (let calls = 1; ; calls++) {
    await call();
    const took = cpu() - since;
    if (took >= least) return (1000 * took) / calls;
  }
}

/** The fastest of some rounds, after a warm-up: whatever else the machine does only adds to it. */
async function timeOf(call: () => Promise<unknown>): Promise<number> {
  await round(call, WARM_UP_MS);
  const times: number[] = [];
  for (let i = 0; i < ROUNDS; i++) times.push(await round(call, ROUND_MS));
  return Math.min(...times);
}

const configOf = (adapters: readonly number[], domains: readonly number[]): string =>
  `${ApMask.from(adapters).toString()},${ApMask.from(domains).toString()},\n`;

/** Taken away and given back: one domain of the mdev in all its adapters. */
const toggle = (world: World, mdev: number, domain: number) => async (): Promise<void> => {
  await store(world, mdev, 'unassign_domain', `${domain}`);
  await store(world, mdev, 'assign_domain', `${domain}`);
};

async function addMdev(world: World, i: number): Promise<void> {
  const { machine, task } = world;
  await machine.sysfs.write(task, CREATE, mdevUuid(`m${i}`));
  const block = (n: number): number[] => upTo(SIDE).map((id) => SIDE * n + id);
  await store(world, i, 'ap_config', configOf(block(i % 64), block(Math.floor(i / 64))));
}

interface Growth {
  readonly title: string;
  readonly points: readonly GrowthPoint[];
}

/** The first mdev and guest do the same all the time, while others come to stand beside them. */
async function besideOthers(): Promise<Growth[]> {
  return await onHost(64, MDEVS.at(-1)!, async (world) => {
    const { machine, task } = world;
    const [idle, attached, aqic]: GrowthPoint[][] = [[], [], []];
    let mdevs = 0;
    while (mdevs < MDEVS[0]) await addMdev(world, mdevs++);
    await round(toggle(world, 0, 1), COMPILED_MS);
    for (const count of MDEVS) {
      while (mdevs < count) await addMdev(world, mdevs++);
      idle!.push({ at: count, micros: await timeOf(toggle(world, 0, 1)) });
    }
    let guests = 0;
    for (const count of MDEVS) {
      for (; guests < count; guests++)
        await machine.vms[guests]!.qemu.attach(task, machine.vfioAp.findMdev(mdevUuid(`m${guests}`))!.device);
      attached!.push({ at: count, micros: await timeOf(toggle(world, 0, 1)) });
      const { kvm } = machine.vms[0]!;
      const vcpu = new InterpretiveAp(kvm, kvm.vcpus[0]!, machine.vfioAp.design);
      aqic!.push({
        at: count,
        micros: await timeOf(async () => {
          await vcpu.aqic(task, 0, IRQ);
          await vcpu.aqic(task, 0, { ...IRQ, ir: false });
        }),
      });
    }
    return [
      { title: 'assign and unassign a domain beside mdevs', points: idle! },
      { title: 'the same with a guest, beside attached guests', points: attached! },
      { title: 'AQIC on and off beside attached guests', points: aqic! },
    ];
  });
}

/** One mdev of more and more APQNs, without anybody beside it. */
async function ofOneMdev(): Promise<Growth[]> {
  return await onHost(256, 1, async (world) => {
    const { machine, task } = world;
    await machine.sysfs.write(task, CREATE, mdevUuid('m0'));
    const [whole, domain]: GrowthPoint[][] = [[], []];
    await store(world, 0, 'ap_config', configOf(upTo(SIDE), upTo(SIDE)));
    await round(toggle(world, 0, 1), COMPILED_MS);
    for (const side of SIDES) {
      const all = configOf(upTo(side), upTo(side));
      const replace = async (): Promise<void> => {
        await store(world, 0, 'ap_config', ',,');
        await store(world, 0, 'ap_config', all);
      };
      await replace();
      // Before the other one, which leaves much to collect.
      domain!.push({ at: side * side, micros: await timeOf(toggle(world, 0, 1)) });
      whole!.push({ at: side * side, micros: await timeOf(replace) });
    }
    return [
      { title: 'give all APQNs and take them back (ap_config)', points: whole! },
      { title: 'one domain of the same mdev', points: domain! },
    ];
  });
}

/** How much more the largest takes than the smallest. */
const growth = ({ points }: Growth): number => points.at(-1)!.micros / points[0]!.micros;

export async function assignment(): Promise<Figure[]> {
  const [mdevs, guests, aqic] = (await besideOthers()) as [Growth, Growth, Growth];
  const [whole, domain] = (await ofOneMdev()) as [Growth, Growth];
  for (const each of [mdevs, guests, aqic, whole, domain]) console.log(growthPlot(each.title, each.points));
  const larger = SIDES.at(-1)! / SIDES[0];
  const perOp = ({ points }: Growth): string => points.map(({ micros }) => micros.toFixed(0)).join(', ');
  const flat = [mdevs, guests, aqic].map((each) => ({
    name: `${each.title}: 1000 against 1`,
    value: growth(each),
    goal: { atMost: 1.5 },
    note: `µs for 1, 10, 100, 1000: ${perOp(each)}`,
  }));
  return [
    ...flat,
    {
      // Sixty-five thousand resets at once outlive the young generation: the collector copies what is waiting.
      name: 'ap_config of 65,536 APQNs against 16, a queue',
      value: growth(whole) / larger ** 2,
      goal: { atMost: 3 },
      note: `µs for 16, 256, 4096, 65,536: ${perOp(whole)}`,
    },
    {
      // As in the kernel, filtering looks at every queue of the mdev: each of the 4096 times as many costs a little.
      name: 'one domain of 65,536 APQNs against one of 16, a queue of it',
      value: growth(domain) / larger,
      goal: { atMost: 4 },
      note: `µs for 4 of 16, 16 of 256, 64 of 4096, 256 of 65,536: ${perOp(domain)}`,
    },
  ];
}
