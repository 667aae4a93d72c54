/**
 * Cases G of vfio_ap about the removal of a device that is open: the requests, the signal to who waits, and the second one that removes.
 */
import { expect, test } from 'vitest';
import { EEXIST, ENODEV, OK } from '../../src/base/errno.ts';
import { KERNELS } from '../../src/base/kernel-profile.ts';
import type { Strategy } from '../../src/runtime/strategy.ts';
import type { Task } from '../../src/runtime/task.ts';
import { Eventfd } from '../../src/vfio/eventfd.ts';
import { VfioApIrq } from '../../src/vfio/ioctl.ts';
import { UserProcess } from '../../src/vfio/user-process.ts';
import { designByName } from '../../src/vfio-ap/locking/designs.ts';
import { DeviceFile } from '../../src/vmm/device-file.ts';
import { CREATE, M1, TASKS_FIRST, onHost, type Host } from '../helpers/host.ts';

const AVAILABLE = CREATE.replace('create', 'available_instances');

/** Another user of vfio than QEMU: keeps the device until the test closes it. */
async function openBeside(host: Host, task: Task): Promise<DeviceFile> {
  const { device } = host.mdev(M1);
  expect(await device.open(task, host.vm('guest1').qemu)).toBe(OK);
  return new DeviceFile(device, new UserProcess(host.rt));
}

const removing = (host: Host, removed: number[] = []): Task =>
  host.rt.spawn('remover', async (task) => void removed.push(await host.store(task, M1, 'remove', '1')));

/** Lines of the kernel log with this text, in the order in which they came. */
const logged = (host: Host, text: RegExp): Record<string, unknown>[] =>
  host.log.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ msg }) => text.test(String(msg)));

test('vfio-G3: a removal asks at once and then every ten seconds, and ends when the user has closed the device', () =>
  onHost('controlled', { strategy: TASKS_FIRST }, async (host, task) => {
    await host.create(task, M1, { adapters: [5], domains: [4] });
    const asked: { at: number; masks: number[] }[] = [];
    let start = 0;
    const request = new Eventfd('request', () => asked.push({ at: host.rt.now() - start, masks: host.masks('guest1').apm }));
    const changed = new Eventfd('config-change', () => undefined);
    const file = await openBeside(host, task);
    const { files } = file.process;
    await file.setIrq(task, VfioApIrq.REQUEST, files.open(request));
    await file.setIrq(task, VfioApIrq.CONFIG_CHANGE, files.open(changed));
    expect(host.masks('guest1').apm).toEqual([5]);
    start = host.rt.now();
    const removed: number[] = [];
    const remover = removing(host, removed);
    await host.rt.sleep(task, 25_000);
    expect(asked).toEqual([0, 10_000, 20_000].map((at) => ({ at, masks: [] })));
    expect([request.pending, changed.pending, remover.ended]).toEqual([3, 3, false]);
    expect(await host.status(task, '05.0004')).toBe('in use\n');
    const { shadow, kvm } = host.mdev(M1);
    expect([[...shadow.inspect().apm.bits()], kvm.inspect()]).toEqual([[5], host.vm('guest1').kvm]);
    expect(await file.device.open(task, host.vm('guest2').qemu)).toBe(ENODEV);
    expect(await host.write(task, CREATE, M1)).toBe(EEXIST);
    await host.rt.sleep(task, 80_000);
    expect(logged(host, /relaying device request/).map(({ count }) => count)).toEqual([0, 10]);
    await file.device.close(task);
    await host.rt.join(task, remover);
    expect([removed, request.pending, host.machine.vfioAp.findMdev(M1)]).toEqual([[1], 11, null]);
    expect(await host.status(task, '05.0004')).toBe('unassigned\n');
    // The driver has let go of what the user had registered and never took back.
    expect([request.referenceCount, changed.referenceCount]).toEqual([1, 1]);
  }));

test('a removal of a device whose user cannot be told says so once, and waits', () =>
  onHost('controlled', { strategy: TASKS_FIRST }, async (host, task) => {
    await host.create(task, M1, { adapters: [5], domains: [4] });
    const file = await openBeside(host, task);
    const remover = removing(host);
    await host.rt.sleep(task, 115_000);
    expect(logged(host, /no request eventfd/)).toHaveLength(1);
    expect([logged(host, /relaying/), host.masks('guest1').apm, remover.ended]).toEqual([[], [], false]);
    await file.device.close(task);
    await host.rt.join(task, remover);
  }));

test('vfio-G5: a signal to the blocked writer is told of once, and the wait goes on', () =>
  onHost('controlled', { strategy: TASKS_FIRST }, async (host, task) => {
    await host.create(task, M1, { adapters: [5], domains: [4] });
    const file = await openBeside(host, task);
    const asked: number[] = [];
    const fd = new Eventfd('request', () => asked.push(host.rt.now() - start));
    await file.setIrq(task, VfioApIrq.REQUEST, file.process.files.open(fd));
    const start = host.rt.now();
    const removed: number[] = [];
    const remover = removing(host, removed);
    await host.rt.sleep(task, 4000);
    host.layer.interrupt(task, remover);
    await host.rt.sleep(task, 1000);
    host.layer.interrupt(task, remover);
    await host.rt.sleep(task, 20_000);
    // The device is asked for once more at the signal, and every ten seconds from then on.
    expect(asked).toEqual([0, 4000, 14_000, 24_000]);
    const warnings = logged(host, /blocked until it is released/);
    expect(warnings).toMatchObject([{ device: M1, task: 'remover', pid: remover.pid }]);
    expect([remover.ended, host.machine.vfioAp.findMdev(M1)]).toEqual([false, host.mdev(M1)]);
    await file.device.close(task);
    await host.rt.join(task, remover);
    expect(removed).toEqual([1]);
  }));

/** Those who remove go before all others, and of them the one that has gone the least: step by step. */
function removersTogether(): Strategy {
  const steps = new Map<number, number>();
  return {
    choose: (candidates, n) => {
      const removers = candidates.slice(0, n).filter(({ name }) => name === 'remover');
      const next = removers.toSorted((a, b) => (steps.get(a.id) ?? 0) - (steps.get(b.id) ?? 0))[0];
      if (next === undefined) return TASKS_FIRST.choose(candidates, n, null);
      steps.set(next.id, (steps.get(next.id) ?? 0) + 1);
      return candidates.indexOf(next);
    },
    chooseValue: () => 0,
  };
}

test('a second write of a removal that blocks succeeds without waiting for it', () =>
  onHost('controlled', { strategy: removersTogether() }, async (host, task) => {
    await host.create(task, M1, { adapters: [5], domains: [4] });
    const file = await openBeside(host, task);
    const removed: number[] = [];
    const first = removing(host, removed);
    const second = removing(host, removed);
    await host.rt.sleep(task, 1000);
    expect([removed, first.ended !== second.ended]).toEqual([[1], true]);
    await file.device.close(task);
    for (const other of [first, second]) await host.rt.join(task, other);
    expect(removed).toEqual([1, 1]);
  }));

test('a kernel that only signals the request leaves the guest what it has until the device is closed', () =>
  onHost('controlled', { strategy: TASKS_FIRST }, async (host, task) => {
    Object.assign(host.machine.vfioAp.matrixDev.host, { kernel: { ...KERNELS.current, irqs: 1, request: 'signals' } });
    await host.create(task, M1, { adapters: [5], domains: [4] });
    const file = await openBeside(host, task);
    const fd = new Eventfd('request', () => undefined);
    await file.setIrq(task, VfioApIrq.REQUEST, file.process.files.open(fd));
    const remover = removing(host);
    await host.rt.sleep(task, 15_000);
    expect([fd.pending, host.masks('guest1').apm, remover.ended]).toEqual([2, [5], false]);
    await file.device.close(task);
    expect(host.masks('guest1').apm).toEqual([]);
    await host.rt.join(task, remover);
  }));

test.each([
  ['6.0', 25_000],
  ['5.15', 25_000],
] as const)('kernel %s: a removal waits in silence, and the guest keeps what it has until it goes', (kernel, ms) =>
  onHost('controlled', { strategy: TASKS_FIRST, spec: { kernel }, design: designByName('kvm-lock-outside')! }, async (host, task) => {
    await host.create(task, M1, { adapters: [5], domains: [4] });
    await host.attach(task, 'guest1', M1);
    const { qemu } = host.vm('guest1');
    const file = new DeviceFile(host.mdev(M1).device, new UserProcess(host.rt));
    expect(await file.info(task)).toEqual({ flags: 0x21, regions: 0, irqs: 0 });
    expect([qemu.requestFd.referenceCount, qemu.configFd.referenceCount]).toEqual([0, 0]);
    const remover = removing(host);
    await host.rt.sleep(task, ms);
    expect([remover.ended, host.masks('guest1').apm, logged(host, /request/)]).toEqual([false, [5], []]);
    await host.detach(task, 'guest1');
    await host.rt.join(task, remover);
    expect(await host.read(task, AVAILABLE)).toBe('65536\n');
  }),
);
