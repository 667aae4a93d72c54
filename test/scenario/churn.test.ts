/**
 * Goal: the churn of `apemu stress` does everything that can be done to a host - every verb of a scenario, every file - in a good and in a
 * bad way, whatever is added later; and guests get work done meanwhile.
 * Method: each verb of the churn many times on a quiet host, with a look at what reached the host; then short runs of the whole.
 */
import { describe, expect, test } from 'vitest';
import { errnoName } from '../../src/base/errno.ts';
import { EventLog } from '../../src/base/event-log.ts';
import { createLogger } from '../../src/base/logger.ts';
import { Prng } from '../../src/base/prng.ts';
import { LockLayer } from '../../src/locks/lock-layer.ts';
import { Machine } from '../../src/machine/machine.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import type { Task } from '../../src/runtime/task.ts';
import { Churn, CHURN_VERBS } from '../../src/scenario/churn/churn.ts';
import { Turn, type ChurnVerb } from '../../src/scenario/churn/turn.ts';
import { designOf } from '../../src/scenario/design-file.ts';
import { DO_VERBS, KEY_VERBS } from '../../src/scenario/event-schema.ts';
import { loadScenario } from '../../src/scenario/load.ts';

/** Something of everything: mdevs with and without a guest, a card of the host's own, guests with and without a kernel, with and without an mdev. */
const WORLD = `
host:
  adapters: [{ id: 5, type: CEX8C }, { id: 6, type: CEX8A }, { id: 7, type: CEX8C }]
  domains: [4, 5]
  apmask: "-5,-6"
  serviceScale: 0
mdevs:
  - { name: m1, adapters: [5], domains: [4, 5], controlDomains: [4] }
  - { name: m2, adapters: [6], domains: [4] }
  - { name: m3 }
guests:
  - { name: kernel, mdev: m1, vcpus: 2, workload: { rsa: { operations: 1, bits: [512] } } }
  - { name: bare, mdev: m2, workload: { instructions: [qci, tapq 06.0004, aqic 06.0004, sie] }, nested: { adapters: [6], domains: [4], instructions: [tapq 06.0004] } }
  - { name: none }
`;

interface Seen {
  readonly wrote: Set<string>;
  readonly read: Set<string>;
  readonly results: Map<string, Set<string>>;
  readonly acts: ReadonlySet<string>;
  /** Of the tree before anything was done to it. */
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

/** One name for all cards, queues, mdevs and groups. */
const kindOf = (path: string): string =>
  path
    .replace('/sys/bus/ap/devices/', '/sys/devices/ap/cardXX/')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'UUID')
    .replace(/card[0-9a-f]{2}/g, 'cardXX')
    .replace(/[0-9a-f]{2}\.[0-9a-f]{4}/g, 'QUEUE')
    .replace(/iommu_groups\/[0-9]+/g, 'iommu_groups/N');

function filesBelow({ sysfs }: Machine, path: string): { path: string; mode: number }[] {
  const names = sysfs.list(path);
  if (typeof names === 'number') throw new Error(`expected a directory, got ${errnoName(names)} for ${path}`);
  return names.flatMap((name) => {
    const at = `${path}/${name}`;
    const info = sysfs.stat(at);
    if (typeof info === 'number') throw new Error(`expected an entry, got ${errnoName(info)} for ${at}`);
    if (info.kind === 'directory') return filesBelow({ sysfs } as Machine, at);
    return info.kind === 'attribute' ? [{ path: at, mode: info.mode }] : [];
  });
}

/** Boots the world for `body`, with a look at each file that is written or read; the guests' vCPUs do not run. */
async function inWorld(
  body: (task: Task, machine: Machine, seen: Omit<Seen, 'acts'>) => Promise<void>,
  log = '',
): Promise<Omit<Seen, 'acts'>> {
  const scenario = loadScenario(WORLD, 'world.yaml');
  const rt = new ControlledRuntime({ seed: 1, record: false });
  const layer = new LockLayer(rt);
  const silent = createLogger({ level: log === '' ? 'silent' : 'warn', now: () => 0 });
  const options = {
    layer,
    spec: scenario.host,
    seed: 1,
    design: designOf(scenario.design)!,
    log: silent,
    events: new EventLog(() => 0, 0),
  };
  const machine = new Machine(options);
  const seen = { wrote: new Set<string>(), read: new Set<string>(), results: new Map<string, Set<string>>(), files: [] as Seen['files'] };
  let failure: unknown = null;
  rt.onTaskEnd((_task, error) => (failure ??= error ?? null));
  rt.spawn('test', async (task) => {
    await machine.boot(task);
    seen.files = filesBelow(machine, '/sys');
    const { sysfs } = machine;
    const [write, read] = [sysfs.write.bind(sysfs), sysfs.read.bind(sysfs)];
    sysfs.write = (writer, path, text) => (seen.wrote.add(kindOf(path)), write(writer, path, text));
    sysfs.read = (reader, path) => (seen.read.add(kindOf(path)), read(reader, path));
    await body(task, machine, seen);
    for (const { qemu } of machine.vms) await qemu.detach(task);
    machine.bus.stop();
  });
  expect(await rt.run()).toBe('done');
  expect(failure).toBeNull();
  expect(layer.findings.list.map(({ title }) => title)).toEqual([]);
  return seen;
}

/** So often that whatever a verb can choose is chosen. */
const TURNS = 300;
/** Those that walk through the tree. */
const WALKS: Readonly<Record<string, number>> = { read: 12_000, 'other files': 6000 };

async function everything(): Promise<Seen> {
  const acts = new Set<string>();
  const seen = await inWorld(async (task, machine, { results }) => {
    const { crew } = new Churn(machine, 1, () => false);
    const verb = (name: string): ChurnVerb => CHURN_VERBS.find((candidate) => candidate.name === name)!;
    // They come first, while everything is there.
    const walks = Object.keys(WALKS).map(verb);
    for (const { name, body } of [...walks, ...CHURN_VERBS.filter((other) => !walks.includes(other))]) {
      const turn = new Turn(task, new Prng(7).fork(name), crew);
      const answers = new Set<string>();
      results.set(name, answers);
      for (let i = 0; i < (WALKS[name] ?? TURNS); i++) {
        const errno = await body(turn);
        answers.add(errno < 0 ? errnoName(errno) : 'ok');
        // There is something to take away again, and somebody to give it to. Whoever only reads takes nothing, and shall find the tree as it is.
        if (i % 5 === 4 && name !== 'read') await verb(i % 2 === 0 ? 'restore' : 'detach').body(turn);
      }
    }
    for (const kind of crew.acts.keys()) acts.add(kind);
  });
  return { ...seen, acts };
}

let whole: Promise<Seen> | null = null;
const all = (): Promise<Seen> => (whole ??= everything());

describe('the churn has', () => {
  /** What an event says in one word is several actions. */
  const ACTIONS: Readonly<Record<string, readonly string[]>> = { 'host-config': ['plug', 'unplug', 'domains'] };
  const NOT_DONE: Readonly<Record<string, string>> = {
    repeat: 'each task repeats what it draws',
    pause: 'each task pauses between its verbs',
  };

  test('every verb of a scenario, except those that only say when', async () => {
    const { acts } = await all();
    const wanted = [...KEY_VERBS, ...DO_VERBS].filter((verb) => NOT_DONE[verb] === undefined).flatMap((verb) => ACTIONS[verb] ?? [verb]);
    expect(wanted.filter((kind) => !acts.has(kind))).toEqual([]);
    for (const verb of Object.keys(NOT_DONE)) expect([...KEY_VERBS, ...DO_VERBS]).toContain(verb);
  });

  test('a write to every file that can be written', async () => {
    const { files, wrote } = await all();
    const writable = new Set(files.filter(({ mode }) => (mode & 0o222) !== 0).map(({ path }) => kindOf(path)));
    expect(writable.size).toBeGreaterThan(35);
    expect([...writable].filter((file) => !wrote.has(file))).toEqual([]);
  });

  test('a read of every file that can be read', async () => {
    const { files, read } = await all();
    const readable = new Set(files.filter(({ mode }) => (mode & 0o444) !== 0).map(({ path }) => kindOf(path)));
    expect(readable.size).toBeGreaterThan(50);
    expect([...readable].filter((file) => !read.has(file))).toEqual([]);
  });

  test.each<[string, string[]]>([
    ['assign_adapter', ['EINVAL', 'ENODEV', 'ERANGE', 'EADDRINUSE', 'EADDRNOTAVAIL', 'ok']],
    ['assign_domain', ['EINVAL', 'ENODEV', 'ERANGE', 'ok']],
    ['unassign_adapter', ['EINVAL', 'ENODEV', 'ERANGE', 'ok']],
    ['unassign_domain', ['EINVAL', 'ENODEV', 'ERANGE', 'ok']],
    ['assign_control_domain', ['EINVAL', 'ENODEV', 'ERANGE', 'ok']],
    ['unassign_control_domain', ['EINVAL', 'ENODEV', 'ERANGE', 'ok']],
    ['ap_config', ['EINVAL', 'EADDRINUSE', 'EADDRNOTAVAIL', 'ok']],
    ['bad create or remove', ['EINVAL', 'EEXIST', 'ok']],
    ['mask', ['EINVAL', 'EBUSY', 'ok']],
    ['config', ['EINVAL', 'ok']],
    ['attach', ['EBUSY', 'ENODEV', 'ok']],
    ['open', ['EPERM', 'ok']],
    ['pv', ['EINVAL', 'ok']],
    ['storage', ['EEXIST', 'ok']],
    ['ioctl', ['EBADF', 'EFAULT', 'EINVAL', 'EOPNOTSUPP', 'ok']],
    ['VM attribute', ['ENXIO', 'ok']],
    ['signal', ['ESRCH']],
  ])('%s, which is taken and is refused in every way', async (name, answers) => {
    const { results } = await all();
    expect([...results.get(name)!]).toEqual(expect.arrayContaining(answers));
  });
});
