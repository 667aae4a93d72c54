/**
 * Cases of group N that need a driver with a mistake in it: the right one is run beside it. The others are with the designs that they are
 * about, in test/designs.
 */
import { describe, expect, test } from 'vitest';
import { secureExecution } from '../../src/kvm/secure-execution.ts';
import { heldNames } from '../../src/locks/guard.ts';
import { waitsBehind, type WaitFacts } from '../../src/locks/task-dump.ts';
import { blockerOf } from '../../src/locks/wait-for.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import type { Task } from '../../src/runtime/task.ts';
import { GuestsLock } from '../../src/vfio-ap/locking/guests-lock.ts';
import type { Body, DesignContext, DesignFactory, Target } from '../../src/vfio-ap/locking/port.ts';
import type { QuirkName } from '../../src/vfio-ap/quirks.ts';
import { ON, aqic } from '../designs/scenarios.ts';
import { walk, type Scenario } from '../designs/walk.ts';
import { Host, M1, RUNTIMES, TASKS_FIRST, onHost } from '../helpers/host.ts';

const SEEDS = 20;
/** Until what can happen has happened. */
const PATIENCE = 300;
const QUEUE = 0x0504;
const NAME = '05.0004';
const NOTHING_KNOWN: WaitFacts = { since: null, order: 0, series: null };

async function firstDeadlock(design: DesignFactory, scenario: Scenario): Promise<string> {
  for (let seed = 1; seed <= PATIENCE; seed++) {
    const found = (await walk(design, scenario, seed)).findings.find(({ kind }) => kind === 'deadlock');
    if (found !== undefined) return found.title;
  }
  return 'none';
}

/** Somebody reads the status of a queue that is being taken away. */
const STATUS_AND_REMOVE: Scenario = {
  setup: async (host, task) => {
    await host.create(task, M1, { adapters: [5], domains: [4] });
    await host.attach(task, 'guest1', M1);
  },
  tasks: (host) => ({ reader: (t) => host.status(t, NAME), remover: (t) => host.unbind(t, NAME) }),
};

/** Takes the attribute away inside the locks, where the driver believes to have done it before. */
class AttributeInside extends GuestsLock {
  override readonly name = 'attribute-inside';
  removeStatus: ((task: Task) => Promise<void>) | null = null;

  override change(task: Task, target: Target, body: Body): Promise<number> {
    return super.change(task, target, async (section) => {
      if (target.kind === 'unbind') await this.removeStatus?.(task);
      return await body(section);
    });
  }
}

const INSIDE: Scenario = {
  ...STATUS_AND_REMOVE,
  setup: async (host, task) => {
    await STATUS_AND_REMOVE.setup(host, task);
    const { device } = host.machine.bus.findQueue(QUEUE)!;
    const remove = device.removeAttribute.bind(device);
    device.removeAttribute = () => Promise.resolve(true);
    (host.machine.vfioAp.design as AttributeInside).removeStatus = async (t) => void (await remove(t, 'status'));
  },
};

describe('vfio-N19: the status of a queue is read while the queue is removed', () => {
  test('the removal waits for the reader, who waits for mdevs_lock, before it takes a lock itself', () =>
    onHost('controlled', { strategy: TASKS_FIRST }, async (host, task) => {
      await STATUS_AND_REMOVE.setup(host, task);
      const { rt } = host;
      const lock = (host.machine.vfioAp.design as GuestsLock).stateLock;
      const order: string[] = [];
      const held = await lock.acquire(task);
      const reader = rt.spawn('reader', async (t) => void order.push(`reader ${await host.status(t, NAME)}`));
      while (lock.users().waiters.length === 0) await rt.sleep(task, 1);
      const remover = rt.spawn('remover', async (t) => void order.push(`remover ${await host.unbind(t, NAME)}`));
      while (blockerOf(remover) === null) await rt.sleep(task, 1);
      expect(waitsBehind(remover, NOTHING_KNOWN)).toEqual([reader]);
      expect(heldNames(remover).filter((name) => /^(?:guests_lock|mdevs_lock|ap_attr_mutex)$|kvm->lock/.test(name))).toEqual([]);
      held.release();
      for (const other of [reader, remover]) await rt.join(task, other);
      expect(order).toEqual(['reader in use\n', `remover ${NAME.length}`]);
    }));

  test('in every schedule both come to their end', async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { outcome, findings, errors } = await walk('guests-lock', STATUS_AND_REMOVE, seed);
      expect({ seed, outcome, findings, errors }).toEqual({ seed, outcome: 'done', findings: [], errors: [] });
    }
  });

  test('with the attribute removed inside the locks the two wait for each other', async () => {
    const title = await firstDeadlock((context) => new AttributeInside(context), INSIDE);
    expect(title).toContain('deadlock of 2 tasks');
    expect(title).toContain('reader waits for mdevs_lock');
    expect(title).toMatch(/remover waits for .*status/);
  });
});

/** Two tasks unmap the storage of a guest that has an interrupt enabled; answers what is found. */
async function unmapTwice(
  quirks: readonly QuirkName[],
  seed: number | 'one after the other',
): Promise<{ outcome: string; found: string[] }> {
  const rt = new ControlledRuntime({ seed: seed === 'one after the other' ? 1 : seed });
  const host = new Host(rt, { quirks, findings: true });
  rt.spawn('test', async (task) => {
    await host.machine.boot(task);
    await STATUS_AND_REMOVE.setup(host, task);
    expect(await aqic(host, task, ON)).toBe(0);
    const { container } = host.vm('guest1').qemu;
    const tasks: Task[] = [];
    for (const name of ['balloon', 'reset']) {
      tasks.push(rt.spawn(name, async (t) => void (await container.unmap(t))));
      if (seed === 'one after the other') await rt.join(task, tasks[0]!);
    }
    for (const other of tasks) await rt.join(task, other);
    await host.rest(task, true);
  });
  const outcome = await rt.run();
  host.machine.bus.stop();
  return { outcome, found: host.layer.findings.list.map(({ kind, title }) => `${kind}: ${title}`) };
}

describe('vfio-N21: two unmaps of one container, where the list of devices is locked under iommu->lock', () => {
  test('the order is reported although they come one after the other', async () => {
    const { outcome, found } = await unmapTwice(['Q16'], 'one after the other');
    expect(outcome).toBe('done');
    const cycles = found.filter((title) => title.startsWith('lock-order'));
    expect(cycles.some((title) => ['iommu->lock', 'device_list_lock', 'mdevs_lock'].every((name) => title.includes(name)))).toBe(true);
  });

  test('at the same time they can wait for each other', async () => {
    let stuck: string | undefined;
    for (let seed = 1; seed <= PATIENCE && stuck === undefined; seed++)
      stuck = (await unmapTwice(['Q16'], seed)).found.find((title) => title.startsWith('deadlock'));
    expect(stuck).toContain('deadlock of 2 tasks');
    expect(stuck).toMatch(/(?:balloon|reset) waits for guest1 iommu->lock/);
    expect(stuck).toMatch(/(?:balloon|reset) waits for guest1 device_list_lock/);
  });

  test('with the list first nothing is reported, and both end', async () => {
    expect(await unmapTwice([], 'one after the other')).toEqual({ outcome: 'done', found: [] });
    for (let seed = 1; seed <= SEEDS; seed++) expect(await unmapTwice([], seed)).toEqual({ outcome: 'done', found: [] });
  });
});

/** A change of control domains that finds out about the guest under mdevs_lock, and takes kvm->lock then. */
class KvmLockInside extends GuestsLock {
  override readonly name = 'kvm-lock-inside';

  override async change(task: Task, target: Target, body: Body): Promise<number> {
    if (target.kind !== 'control-domain') return await super.change(task, target, body);
    using _mdevs = await this.mdevsLock.acquire(task);
    const kvm = target.mdev.kvm.get(task);
    using _kvm = kvm === null ? null : await kvm.lock.acquire(task);
    return await body(this['section'](target.mdev, kvm));
  }
}

describe('vfio-N23: kvm->lock is taken while only mdevs_lock is held', () => {
  const make = (context: DesignContext): GuestsLock => new KvmLockInside(context);

  test.each(RUNTIMES)('is an order violation at once, against the order declared, on the %s runtime', (kind) =>
    onHost(kind, { design: make, findings: true }, async (host, task) => {
      await STATUS_AND_REMOVE.setup(host, task);
      expect(host.layer.findings.list).toEqual([]);
      const careless = host.rt.spawn('careless', async (t) => void (await host.store(t, M1, 'assign_control_domain', '4')));
      await host.rt.join(task, careless);
      const found = host.layer.findings.list.filter(({ kind: what }) => what === 'lock-order');
      const cycle = found.find(({ title }) => title.includes('mdevs_lock -> kvm->lock') || title.includes('kvm->lock -> mdevs_lock'));
      expect(cycle?.tasks).toContain('careless');
      const bad = cycle!.cycle!.find(({ from, to }) => from === 'mdevs_lock' && to === 'kvm->lock')!;
      expect(bad.task).toBe('careless');
      expect(bad.toPlace[0]).toContain('test/cases/vfio-n-designs.test.ts');
      expect(host.layer.findings.list.filter(({ kind: what }) => what === 'deadlock')).toEqual([]);
    }),
  );

  test('an mdev without a guest has no kvm->lock to take, and nothing is said', () =>
    onHost('controlled', { design: make, findings: true }, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.store(task, M1, 'assign_control_domain', '4');
      expect(host.layer.findings.list.filter(({ kind }) => kind === 'lock-order')).toEqual([]);
    }));

  test('it deadlocks against Secure Execution and an interrupt', async () => {
    const scenario: Scenario = {
      setup: (host, task) => STATUS_AND_REMOVE.setup(host, task),
      tasks: (host) => ({
        careless: (t) => host.store(t, M1, 'assign_control_domain', '4'),
        pv: (t) => secureExecution(t, host.vm('guest1').kvm, true),
        vcpu: (t) => aqic(host, t, ON),
      }),
    };
    expect(await firstDeadlock(make, scenario)).toContain('careless waits for guest1 kvm->lock');
  });
});
