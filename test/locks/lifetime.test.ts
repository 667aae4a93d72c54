/**
 * Goal: an object that is used after it was freed, freed twice, or lost without being freed is reported with both places; a live one never.
 */
import { describe, expect, test } from 'vitest';
import { LockClass } from '../../src/locks/lock-class.ts';
import type { Lifetime } from '../../src/locks/lifetime.ts';
import { reportLostObjects } from '../../src/machine/quiescence.ts';
import type { VfioApQueue } from '../../src/vfio-ap/vfio-ap-queue.ts';
import { apqnOf } from '../../src/base/apqn.ts';
import { WORLDS } from '../helpers/lock-world.ts';
import { MDEV, SMALL_HOSTS, UUID } from '../helpers/small-host.ts';

const A = new LockClass('lifetime-a');
/** Where it is called. */
const line = (): number => Number(/lifetime\.test\.ts:(\d+)/.exec(new Error('here').stack?.split('\n')[2] ?? '')?.[1]);

describe.each(WORLDS)('%s', (_name, make) => {
  test('a use after the free is reported with the place of both', async () => {
    const { locks, play, found, findings } = make();
    const lifetime = locks.state.lifetime({ name: 'm1' }, 'mdev');
    lifetime.publish();
    let [freed, used] = [0, 0];
    await play({
      owner: async (task) => {
        lifetime.use(task, 'opened');
        freed = line() + 1;
        lifetime.free(task);
      },
      user: async (task) => {
        await locks.rt.sleep(task, 5);
        used = line() + 1;
        lifetime.use(task, 'opened');
      },
    });
    expect(found()).toEqual(['use-after-free: use after free: mdev m1 is opened by user, but owner freed it']);
    expect(findings[0]?.place?.[0]).toMatch(new RegExp(`lifetime\\.test\\.ts:${used}\\b`));
    expect(findings[0]?.notes?.[0]).toMatch(new RegExp(`^freed after .* ms at test/locks/lifetime\\.test\\.ts:${freed}\\b`));
  });

  test('freeing twice is a use after free', async () => {
    const { locks, play, found } = make();
    const lifetime = locks.state.lifetime({ name: 'm1' }, 'mdev');
    await play({
      a: async (task) => lifetime.free(task),
      b: async (task) => {
        await locks.rt.sleep(task, 5);
        lifetime.free(task);
      },
    });
    expect(found()).toEqual(['use-after-free: use after free: mdev m1 is freed again by b, but a freed it']);
    expect(lifetime.freed).toBe(true);
  });

  test('every access to a declared field of a freed object is a use of it', async () => {
    const { locks, play, found } = make();
    const a = locks.mutex(A, 'a');
    const owner: { name: string; lifetime?: Lifetime } = { name: 'm1' };
    owner.lifetime = locks.state.lifetime(owner, 'mdev');
    const [kvm, table, open] = [locks.field(owner, 'kvm', 1), locks.field(owner, 'qtable', []), locks.field(owner, 'open', 1)];
    kvm.guardedBy([a]);
    const touch = async (task: Parameters<typeof kvm.get>[0]): Promise<void> => {
      using _ = await a.acquire(task);
      kvm.get(task);
      kvm.set(task, 2);
      table.modify(task);
      await open.read(task);
      await open.write(task, 2);
    };
    await play({
      only: async (task) => {
        await touch(task);
        expect(found()).toEqual([]);
        owner.lifetime?.free(task);
        await touch(task);
      },
    });
    const used = ['read (kvm)', 'written (kvm)', 'changed (qtable)'];
    expect(found().slice(0, 3)).toEqual(used.map((how) => `use-after-free: use after free: mdev m1 is ${how} by only, but only freed it`));
    expect(found().length).toBeGreaterThan(3);
    expect(kvm.inspect()).toBe(2);
  });

  test('what is alive and out of reach is a leak; what is in reach, freed, or was never published is none', async () => {
    const { locks, play, found } = make();
    const [lost, kept, freed, secret] = ['lost', 'kept', 'freed', 'secret'].map((name) => locks.state.lifetime({ name }, 'queue')) as [
      Lifetime,
      Lifetime,
      Lifetime,
      Lifetime,
    ];
    await play({
      only: async (task) => {
        for (const lifetime of [lost, kept, freed]) lifetime.publish();
        freed.free(task);
        // Too late to become findable: it is gone.
        freed.publish();
      },
    });
    const { lifetimes } = locks.state;
    expect([...lifetimes.alive]).toEqual([lost, kept]);
    lifetimes.reportLeaks([kept, lost, secret]);
    expect(found()).toEqual([]);
    lifetimes.reportLeaks([kept]);
    expect(found()).toEqual(['leak: never freed, and nothing leads to it any more: queue lost']);
  });
});

describe.each(SMALL_HOSTS)('the host, %s', (_name, run) => {
  test('an mdev that was removed is gone for whoever still has it', async () => {
    const { found, machine } = await run({
      admin: async (task, { machine: host, mdev }) => {
        expect(await host.vm('guest1')!.qemu.detach(task)).toBe(true);
        expect(await host.sysfs.write(task, `${MDEV}/remove`, '1')).toBeGreaterThan(0);
        expect([mdev.lifetime.freed, host.vfioAp.findMdev(UUID)]).toEqual([true, null]);
        expect(host.layer.findings.list).toEqual([]);
        reportLostObjects(host);
        expect(host.layer.findings.list).toEqual([]);
        await host.vfioAp.design.inspect(task, () => mdev.matrix.get(task));
      },
    });
    expect(found()).toEqual([`use-after-free: use after free: matrix mdev ${UUID} is read (matrix) by admin, but admin freed it`]);
    expect(machine.layer.findings.list[0]?.notes?.[0]).toContain('src/vfio-ap/mdev-lifecycle.ts');
  });

  test('a queue that was unbound is gone for whoever still has it', async () => {
    const { found } = await run({
      admin: async (task, { machine }) => {
        const device = machine.bus.findQueue(apqnOf(5, 4))!;
        const queue = device.driverData as VfioApQueue;
        expect(queue.lifetime.freed).toBe(false);
        expect(await machine.sysfs.write(task, '/sys/bus/ap/drivers/vfio_ap/unbind', '05.0004')).toBeGreaterThan(0);
        expect([queue.lifetime.freed, device.driverData]).toEqual([true, null]);
        expect(machine.layer.findings.list).toEqual([]);
        await machine.vfioAp.design.inspect(task, () => queue.savedIsc.get(task));
      },
    });
    expect(found()).toEqual(['use-after-free: use after free: vfio_ap queue 05.0004 is read (saved_isc) by admin, but admin freed it']);
  });

  test('a VM whose last reference was dropped is gone', async () => {
    const { found } = await run({
      admin: async (task, { machine }) => {
        const { kvm, qemu } = machine.vm('guest1')!;
        await qemu.detach(task);
        expect(kvm.lifetime.freed).toBe(false);
        kvm.put();
        expect([kvm.freed, kvm.lifetime.freed]).toEqual([true, true]);
        using _hook = await kvm.pqapHookRwsem.read(task);
        kvm.pqapHook.get(task);
      },
    });
    expect(found()).toEqual(['use-after-free: use after free: kvm guest1 is read (pqap_hook) by admin, but the last reference freed it']);
  });

  test('a queue that the bus has lost without unbinding it is a leak', async () => {
    const { found } = await run({
      admin: async (_task, { machine }) => {
        reportLostObjects(machine);
        expect(machine.layer.findings.list).toEqual([]);
        machine.bus.findQueue(apqnOf(5, 5))!.driverData = null;
        reportLostObjects(machine);
      },
    });
    expect(found()).toEqual(['leak: never freed, and nothing leads to it any more: vfio_ap queue 05.0005']);
  });
});
