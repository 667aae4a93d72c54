/**
 * QEMU: takes a device, tells its guest of changes, and gives the device back when the host asks for it.
 */
import { describe, expect, test } from 'vitest';
import { EBUSY, ENODEV } from '../../src/base/errno.ts';
import { secureExecution } from '../../src/kvm/secure-execution.ts';
import type { Task } from '../../src/runtime/task.ts';
import type { Qemu } from '../../src/vmm/qemu.ts';
import { M1, M2, RUNTIMES, onHost, type Host } from '../helpers/host.ts';

/** Nobody listens to an eventfd whose device has gone, whatever it was signalled before. */
test('a change that QEMU has not come round for when the device goes is told to nobody', () =>
  onHost('live', {}, async (host, task) => {
    await host.create(task, M1, { adapters: [5], domains: [4] });
    await host.attach(task, 'guest1', M1);
    const { qemu } = host.vm('guest1');
    qemu.openChannelReports();
    const going = qemu.detach(task);
    qemu.configFd.signal();
    await going;
    for (const other of [...host.rt.tasks]) if (other.name.endsWith('/main-loop')) await host.rt.join(task, other);
    expect([qemu.takeMachineCheck(), qemu.channels.pendingChanges]).toEqual([false, 0]);
  }));

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('the device is given back on request, so that a removal comes to its end', () =>
    onHost(kind, {}, async (host, task) => {
      const mdev = await host.create(task, M1, { adapters: [5], domains: [4] });
      expect(await host.attach(task, 'guest1', M1)).toBe(0);
      const { qemu, kvm } = host.vm('guest1');
      expect(qemu.attached).toBe(mdev.device);
      // Each eventfd is open in QEMU, and registered with the driver.
      expect([qemu.requestFd.referenceCount, qemu.configFd.referenceCount, kvm.referenceCount]).toEqual([2, 2, 3]);
      expect(await host.store(task, M1, 'remove', '1')).toBe(1);
      expect([qemu.attached, qemu.requestFd.pending]).toEqual([null, 1]);
      expect([qemu.requestFd.referenceCount, qemu.configFd.referenceCount, kvm.referenceCount]).toEqual([0, 0, 1]);
      expect(host.masks('guest1')).toEqual({ apm: [], aqm: [], adm: [] });
      expect(host.machine.vfioAp.findMdev(M1)).toBe(null);
      expect(await qemu.attach(task, mdev.device)).toBe(ENODEV);
    }));

  test('a guest has one device at a time', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.create(task, M2, { adapters: [6], domains: [4] });
      const { qemu } = host.vm('guest1');
      await host.attach(task, 'guest1', M1);
      expect(await host.attach(task, 'guest1', M2)).toBe(EBUSY);
      expect([await qemu.detach(task), await qemu.detach(task)]).toEqual([true, false]);
      expect(await host.attach(task, 'guest1', M2)).toBe(0);
    }));

  describe('a changed AP configuration', () => {
    /** Machine checks, words, events. */
    async function told({ qemu }: ReturnType<Host['vm']>, task: Task): Promise<[boolean, number, number]> {
      const check = qemu.takeMachineCheck();
      let words = 0;
      let events = 0;
      while ((await qemu.storeChannelReportWord(task)) !== null) words++;
      while ((await qemu.storeEventInformation(task)).code === 1) events++;
      return [check, words, events];
    }

    async function prepared(host: Host, task: Task): Promise<ReturnType<Host['vm']>> {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      const vm = host.vm('guest1');
      vm.qemu.openChannelReports();
      return vm;
    }

    /** QEMU's main loop has come round. */
    const relayed = async (host: Host, task: Task): Promise<void> => {
      for (const other of [...host.rt.tasks]) if (other.name.endsWith('/main-loop')) await host.rt.join(task, other);
    };

    test('is one machine check, one channel report word and one event', () =>
      onHost(kind, {}, async (host, task) => {
        const vm = await prepared(host, task);
        expect(await told(vm, task)).toEqual([false, 0, 0]);
        await host.assign(task, M1, { domains: [0x47] });
        await relayed(host, task);
        expect(await told(vm, task)).toEqual([true, 1, 1]);
        expect([await told(vm, task), vm.qemu.configFd.pending]).toEqual([[false, 0, 0], 0]);
      }));

    test('more than once before the guest looks is one word with as many events as QEMU came round for', () =>
      onHost(kind, {}, async (host, task) => {
        const vm = await prepared(host, task);
        for (const domain of [0x47, 0xab]) {
          await host.assign(task, M1, { domains: [domain] });
          await relayed(host, task);
        }
        expect(await told(vm, task)).toEqual([true, 1, 2]);
      }));

    test('more than once before QEMU comes round is one event', () =>
      onHost(kind, {}, async (host, task) => {
        const vm = await prepared(host, task);
        const { qemu } = vm;
        qemu.configFd.signal();
        qemu.configFd.signal();
        await relayed(host, task);
        expect(await told(vm, task)).toEqual([true, 1, 1]);
      }));

    test('that came before the kernel could take reports is told when it can', () =>
      onHost(kind, {}, async (host, task) => {
        await host.create(task, M1, { adapters: [5], domains: [4] });
        await host.attach(task, 'guest1', M1);
        const vm = host.vm('guest1');
        await host.assign(task, M1, { domains: [0x47] });
        await host.assign(task, M1, { domains: [0xab] });
        expect(await told(vm, task)).toEqual([false, 0, 0]);
        vm.qemu.openChannelReports();
        await relayed(host, task);
        expect(await told(vm, task)).toEqual([true, 1, 1]);
      }));

    test('is told to a guest in Secure Execution as well', () =>
      onHost(kind, {}, async (host, task) => {
        const vm = await prepared(host, task);
        expect(await secureExecution(task, vm.kvm, true)).toBe(0);
        await host.assign(task, M1, { domains: [0x47] });
        await relayed(host, task);
        expect(await told(vm, task)).toEqual([true, 1, 1]);
      }));

    test('is told to nobody while no guest is attached, and neither are device_add and device_del', () =>
      onHost(kind, {}, async (host, task) => {
        const vm = await prepared(host, task);
        await host.detach(task, 'guest1');
        await host.assign(task, M1, { domains: [0x47] });
        await host.attach(task, 'guest1', M1);
        await relayed(host, task);
        expect([await told(vm, task), vm.qemu.configFd.pending]).toEqual([[false, 0, 0], 0]);
      }));

    test.each([
      ['a QEMU of before 2025', {}, (qemu: Qemu) => void (qemu.relaysChanges = false)],
      ['a kernel without the interrupt', { spec: { kernel: '6.0' as const } }, () => undefined],
    ])('is not told by %s', (_what, options, prepare) =>
      onHost(kind, options, async (host, task) => {
        const vm = await prepared(host, task);
        prepare(vm.qemu);
        await host.assign(task, M1, { domains: [0x47] });
        await relayed(host, task);
        expect(await told(vm, task)).toEqual([false, 0, 0]);
      }),
    );
  });
});
