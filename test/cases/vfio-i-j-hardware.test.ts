/**
 * Cases I and J of vfio_ap: the configuration of the host changes under its guests, and the reset of queues.
 */
import { describe, expect, test } from 'vitest';
import type { Task } from '../../src/runtime/task.ts';
import { ApMask } from '../../src/base/ap-mask.ts';
import { EIO } from '../../src/base/errno.ts';
import { M1, RUNTIMES, TASKS_FIRST, onHost, script, type Host } from '../helpers/host.ts';

const lines = (...names: string[]): string => names.map((name) => `${name}\n`).join('');
const FOUR = lines('05.0004', '05.00ab', '06.0004', '06.00ab');
const IRQ = { ir: true, isc: 3, nib: 0x20000 };
const NEVER_THERE = Array.from({ length: 40 }, () => 1);

async function guestOne(host: Host, task: Task): Promise<void> {
  await host.create(task, M1, { adapters: [5, 6], domains: [4, 0xab] });
  expect(await host.attach(task, 'guest1', M1)).toBe(0);
  host.happened();
}

async function oneQueue(host: Host, task: Task): Promise<void> {
  await host.create(task, M1, { adapters: [5], domains: [4] });
  expect(await host.attach(task, 'guest1', M1)).toBe(0);
}

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('vfio-I1: an adapter that leaves the host leaves the guest without a reset, and comes back', () =>
    onHost(kind, {}, async (host, task) => {
      await guestOne(host, task);
      host.hardware.unplug(6);
      const before = host.machine.events.events.length;
      expect(await host.machine.bus.scan(task)).toBe(true);
      expect(host.happened()).toEqual(['masks guest1']);
      const order = host.machine.events.events
        .slice(before)
        .map(({ kind: what, data }) => (what === 'uevent' ? `${String(data['action'])} ${String(data['path'])}` : what));
      const gone = order.indexOf('remove /devices/ap/card06/06.0004');
      expect([order.indexOf('kvm.masks') >= 0, gone > order.indexOf('kvm.masks')]).toEqual([true, true]);
      expect(host.masks('guest1')).toMatchObject({ apm: [5], aqm: [4, 0xab] });
      expect(host.machine.sysfs.exists('/sys/bus/ap/devices/06.0004')).toBe(false);
      expect(await host.show(task, M1, 'matrix')).toBe(FOUR);
      expect(await host.show(task, M1, 'guest_matrix')).toBe(lines('05.0004', '05.00ab'));
      host.hardware.plug({ id: 6, type: host.hardware.adapter(5)!.type });
      await host.machine.bus.scan(task);
      expect(host.happened()).toEqual(['masks guest1']);
      expect(await host.show(task, M1, 'guest_matrix')).toBe(FOUR);
    }));

  test('vfio-I3: an adapter of which only one queue appears stays out', () =>
    onHost(kind, {}, async (host, task) => {
      await guestOne(host, task);
      host.hardware.unplug(6);
      await host.machine.bus.scan(task);
      host.happened();
      const asked = script(host.hardware, 'tapq', 0x06ab, NEVER_THERE);
      host.hardware.plug({ id: 6, type: host.hardware.adapter(5)!.type });
      await host.machine.bus.scan(task);
      expect(asked.calls).toBeGreaterThan(0);
      expect(host.driverOf('06.0004')).toBe('vfio_ap');
      expect(host.machine.sysfs.exists('/sys/bus/ap/devices/06.00ab')).toBe(false);
      expect(host.masks('guest1').apm).toEqual([5]);
      expect([await host.show(task, M1, 'matrix'), await host.show(task, M1, 'guest_matrix')]).toEqual([FOUR, lines('05.0004', '05.00ab')]);
    }));

  test('vfio-I5: a domain that leaves the host takes both queues along', () =>
    onHost(kind, {}, async (host, task) => {
      await guestOne(host, task);
      host.hardware.setUsageDomains(ApMask.of(4, 0x47, 0xff));
      await host.machine.bus.scan(task);
      expect(host.happened()).toEqual(['masks guest1']);
      expect(await host.show(task, M1, 'guest_matrix')).toBe(lines('05.0004', '06.0004'));
      host.hardware.setUsageDomains(ApMask.of(4, 0x47, 0xab, 0xff));
      await host.machine.bus.scan(task);
      expect(await host.show(task, M1, 'guest_matrix')).toBe(FOUR);
    }));

  test('an adapter that comes back to the host is pushed once, when all its queues are bound, and is not reset', () =>
    onHost(kind, {}, async (host, task) => {
      await guestOne(host, task);
      host.hardware.unplug(6);
      await host.machine.bus.scan(task);
      host.happened();
      const { configFd } = host.vm('guest1').qemu;
      configFd.read();
      host.hardware.plug({ id: 6, type: host.hardware.adapter(5)!.type });
      await host.machine.bus.scan(task);
      expect(host.happened()).toEqual(['masks guest1']);
      expect(configFd.read()).toBe(1);
      expect(host.mdev(M1).pending.inspect().apm.isEmpty()).toBe(true);
    }));

  test('an interrupt of a queue that leaves the host is given back without asking the queue', () =>
    onHost(kind, {}, async (host, task) => {
      await guestOne(host, task);
      expect((await host.cpu('guest1').aqic(task, 0x0604, IRQ)).rc).toBe(0);
      const aqic = script(host.hardware, 'aqic', 0x0604, []);
      host.log.length = 0;
      host.hardware.unplug(6);
      await host.machine.bus.scan(task);
      const { kvm, qemu } = host.vm('guest1');
      expect([aqic.calls, kvm.gisa.referenceCount(3), qemu.container.pins]).toEqual([0, 0, 0]);
      expect(host.happened()).toEqual(['masks guest1']);
      expect(host.log.filter((line) => (JSON.parse(line) as { level: number }).level >= 40)).toEqual([]);
    }));

  test('a control domain leaves the guest with the host, and comes back', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4], control: [4, 0x47] });
      await host.attach(task, 'guest1', M1);
      host.happened();
      host.hardware.setControlDomains(ApMask.of(4));
      await host.machine.bus.scan(task);
      expect([host.masks('guest1').adm, host.happened()]).toEqual([[4], ['masks guest1']]);
      expect(await host.show(task, M1, 'control_domains')).toBe(lines('0004', '0047'));
      host.hardware.setControlDomains(ApMask.of(4, 0x47));
      await host.machine.bus.scan(task);
      expect([host.masks('guest1').adm, host.happened()]).toEqual([[4, 0x47], ['masks guest1']]);
    }));

  test('an adapter that is unassigned during the scan which brings it is no reason to filter', () =>
    onHost(kind, { spec: { domains: [4, 0xab] } }, async (host, task) => {
      await host.create(task, M1, { adapters: [5, 6], domains: [4] });
      await host.attach(task, 'guest1', M1);
      host.hardware.unplug(6);
      await host.machine.bus.scan(task);
      host.hardware.plug({ id: 6, type: host.hardware.adapter(5)!.type });
      script(host.hardware, 'zapq', 0x0504, [6]);
      const real = host.hardware.tapq.bind(host.hardware);
      let asked = 0;
      host.hardware.tapq = async (by, apqn) => {
        // First for its type, under the locks of the driver; then by the scan itself, which makes the device.
        if (apqn === 0x0604 && ++asked === 2) {
          await host.store(by, M1, 'unassign_adapter', '6');
          await host.mdev(M1).device.reset(by);
        }
        return await real(by, apqn);
      };
      await host.machine.bus.scan(task);
      expect(host.driverOf('06.0004')).toBe('vfio_ap');
      // 05.0004 is not passable any more: a filtering would have found that out.
      expect(host.masks('guest1').apm).toEqual([5]);
    }));

  test.each([0, 1])('with %i mdevs, so many queues of an added adapter are asked for its type', (mdevs) =>
    onHost(kind, {}, async (host, task) => {
      host.hardware.setUsageDomains(ApMask.of(4));
      await host.machine.bus.scan(task);
      if (mdevs > 0) await host.create(task, M1);
      const { info } = host.machine.vfioAp.matrixDev;
      const real = host.hardware.tapq.bind(host.hardware);
      let asked = 0;
      host.hardware.tapq = (by, apqn) => {
        // Before the driver takes the new configuration over nobody else has a reason to ask.
        if (apqn === 0x0704 && !info.inspect().apm.has(7)) asked++;
        return real(by, apqn);
      };
      host.hardware.plug({ id: 7, type: host.hardware.adapter(5)!.type });
      await host.machine.bus.scan(task);
      expect(info.inspect().apm.has(7)).toBe(true);
      expect(asked).toBe(mdevs);
    }),
  );

  test.each([
    [0x00, 11, true],
    [0x02, 11, true],
    [0x03, 11, true],
    [0x04, 11, true],
    [0x05, 11, true],
    [0x01, 11, false],
    [0x06, 11, false],
    [0x0a, 11, false],
    [0x00, 9, false],
  ])('an added adapter whose TAPQ answers %i and type %i is waited for until the scan has ended: %s', (rc, type, waited) =>
    onHost(kind, {}, async (host, task) => {
      await guestOne(host, task);
      const pending = (): boolean => host.mdev(M1).pending.inspect().apm.has(6);
      host.hardware.unplug(6);
      await host.machine.bus.scan(task);
      host.hardware.plug({ id: 6, type: host.hardware.adapter(5)!.type });
      const real = host.hardware.tapq.bind(host.hardware);
      const asked: boolean[] = [];
      host.hardware.tapq = async (by, apqn) => {
        const answer = await real(by, apqn);
        if (apqn !== 0x0604) return answer;
        // First the driver, for the type; then the scan, which makes the device.
        asked.push(pending());
        return asked.length > 1 ? answer : { status: { ...answer.status, rc }, info: { ...answer.info!, type } };
      };
      await host.machine.bus.scan(task);
      expect([asked.slice(0, 2), pending()]).toEqual([[false, waited], false]);
    }),
  );

  test('vfio-I7: a host change reaches an mdev without a guest', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5, 6], domains: [4, 0xab] });
      host.hardware.unplug(6);
      await host.machine.bus.scan(task);
      expect(await host.show(task, M1, 'guest_matrix')).toBe(lines('05.0004', '05.00ab'));
      expect(host.happened()).toEqual([]);
      expect(await host.attach(task, 'guest1', M1)).toBe(0);
      expect(host.masks('guest1').apm).toEqual([5]);
    }));

  test('vfio-I9: a host change that concerns no mdev pushes nothing', () =>
    onHost(kind, {}, async (host, task) => {
      await guestOne(host, task);
      host.hardware.setUsageDomains(ApMask.of(4, 0xab, 0xff));
      expect(await host.machine.bus.scan(task)).toBe(true);
      expect(host.happened()).toEqual([]);
      expect(host.machine.sysfs.exists('/sys/bus/ap/devices/05.0047')).toBe(false);
    }));

  test('vfio-J1: a reset is confirmed by one TAPQ', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      const zapq = script(host.hardware, 'zapq', 0x0504, []);
      const tapq = script(host.hardware, 'tapq', 0x0504, []);
      expect(await host.mdev(M1).device.reset(task)).toBe(0);
      expect([zapq.calls, tapq.calls]).toEqual([1, 1]);
      expect(host.queue(0x0504).resetStatus.inspect().rc).toBe(0);
    }));

  test('vfio-J3: a ZAPQ that meets a running reset is repeated once that has ended', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      const zapq = script(host.hardware, 'zapq', 0x0504, [2]);
      const tapq = script(host.hardware, 'tapq', 0x0504, [2, 5, 0]);
      expect(await host.mdev(M1).device.reset(task)).toBe(0);
      expect([zapq.calls, tapq.calls]).toEqual([2, 4]);
      expect(host.queue(0x0504).resetStatus.inspect().rc).toBe(0);
    }));

  test('vfio-J5: a queue that cannot be reset is logged and filtered the next time', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      script(host.hardware, 'zapq', 0x0504, [1]);
      host.log.length = 0;
      const looked = script(host.hardware, 'tapq', 0x0504, []);
      expect(await host.mdev(M1).device.reset(task)).toBe(EIO);
      expect(host.log.map((line) => JSON.parse(line) as object)).toMatchObject([{ level: 40, queue: '05.0004', rc: 1 }]);
      expect([host.queue(0x0504).resetStatus.inspect().rc, looked.calls]).toEqual([1, 0]);
      expect(host.masks('guest1').apm).toEqual([5]);
      await host.assign(task, M1, { domains: [0x47] });
      expect(host.masks('guest1').apm).toEqual([]);
    }));

  test('vfio-J7: a reset that cannot be confirmed keeps the interrupt resources', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      const { kvm, qemu } = host.vm('guest1');
      expect((await host.cpu('guest1').aqic(task, 0x0504, IRQ)).rc).toBe(0);
      const [looked, begun] = [script(host.hardware, 'tapq', 0x0504, [1]), script(host.hardware, 'zapq', 0x0504, [])];
      host.log.length = 0;
      expect(await host.mdev(M1).device.reset(task)).toBe(0);
      expect(host.log.map((line) => JSON.parse(line) as object)).toMatchObject([{ level: 40, queue: '05.0004', rc: 1 }]);
      expect([looked.calls, begun.calls, host.queue(0x0504).resetStatus.inspect().rc]).toEqual([1, 1, 0]);
      expect([kvm.gisa.referenceCount(3), qemu.container.pins]).toEqual([1, 1]);
    }));

  test('vfio-J9: interrupt resources go after the reset is confirmed, not before', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      const { kvm, qemu } = host.vm('guest1');
      expect((await host.cpu('guest1').aqic(task, 0x0504, IRQ)).rc).toBe(0);
      const real = host.hardware.tapq.bind(host.hardware);
      const held: number[][] = [];
      host.hardware.tapq = (by, apqn) => {
        held.push([kvm.gisa.referenceCount(3), qemu.container.pins]);
        return real(by, apqn);
      };
      await host.mdev(M1).device.reset(task);
      expect(held).toEqual([[1, 1]]);
      expect([kvm.gisa.referenceCount(3), qemu.container.pins]).toEqual([0, 0]);
    }));

  test('an association error is reset once more', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      const zapq = script(host.hardware, 'zapq', 0x0504, []);
      script(host.hardware, 'tapq', 0x0504, [0x36]);
      expect(await host.mdev(M1).device.reset(task)).toBe(0);
      expect(zapq.calls).toBe(2);
    }));
});

test('vfio-J1: the TAPQ comes 20 ms after the ZAPQ, and ends the reset', () =>
  onHost('controlled', { strategy: TASKS_FIRST }, async (host, task) => {
    await oneQueue(host, task);
    const start = host.rt.now();
    const looked: number[] = [];
    const real = host.hardware.tapq.bind(host.hardware);
    host.hardware.tapq = (by, apqn) => {
      looked.push(host.rt.now() - start);
      return real(by, apqn);
    };
    expect(await host.mdev(M1).device.reset(task)).toBe(0);
    expect([looked, host.rt.now() - start]).toEqual([[20], 20]);
  }));
