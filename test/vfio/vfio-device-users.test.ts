/**
 * Goal: a removal waits for the task that keeps the device and for those inside a call on it, and whoever looks for deadlocks sees that,
 * however often it asks again.
 */
import { describe, expect, test } from 'vitest';
import { OK } from '../../src/base/errno.ts';
import { createLogger } from '../../src/base/logger.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import { LockLayer } from '../../src/locks/lock-layer.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import { LiveRuntime } from '../../src/runtime/live.ts';
import { IommuContainer } from '../../src/vfio/iommu-container.ts';
import { VfioDevice } from '../../src/vfio/vfio-device.ts';
import { FirstStrategy } from '../helpers/first-strategy.ts';
import { makeVm } from '../kvm/vm.ts';

const HOST_LOCK = new LockClass('host lock');

function world(rt: LiveRuntime | ControlledRuntime) {
  const { kvm } = makeVm(rt);
  // Only locks and waits of this test are of interest: the maps' order is looked at elsewhere.
  const layer = new LockLayer(rt, { validate: false });
  const requests: number[] = [];
  const device = new VfioDevice(layer, 'device', {
    log: createLogger({ level: 'silent', now: () => rt.now() }),
    requestIntervalMs: 5,
    ops: {
      openDevice: () => Promise.resolve(OK),
      closeDevice: () => Promise.resolve(),
      request: (_task, count) => Promise.resolve(void requests.push(count)),
    },
  });
  const user = { name: 'vm', kvm, container: new IommuContainer(layer, 'vm', kvm.memory) };
  const hostLock = layer.mutex(HOST_LOCK, 'host lock');
  const errors: unknown[] = [];
  rt.onTaskEnd((_task, error) => {
    if (error !== undefined) errors.push(error);
  });
  layer.findings.onFinding(() => (rt instanceof LiveRuntime ? rt.finishAs('stuck') : rt.stop()));
  const settle = async (): Promise<string[]> => {
    await (rt instanceof LiveRuntime ? rt.settled() : rt.run());
    if (rt instanceof LiveRuntime) rt.shutdown();
    if (errors.length > 0) throw errors[0];
    return layer.findings.list.map(({ title }) => title);
  };
  return { device, user, hostLock, requests, settle };
}

const RUNTIMES: readonly (readonly [name: string, make: () => LiveRuntime | ControlledRuntime])[] = [
  ['live', () => new LiveRuntime(1)],
  ['controlled', () => new ControlledRuntime({ seed: 1, strategy: new FirstStrategy() })],
];

describe.each(RUNTIMES)('on the %s runtime', (_name, make) => {
  test('a user that wants a lock of who removes the device is a deadlock, also after it was asked again', async () => {
    const rt = make();
    const { device, user, hostLock, requests, settle } = world(rt);
    rt.spawn('user', async (task) => {
      using _kept = device.keptBy(task);
      await device.open(task, user);
      while (requests.length < 3) await rt.sleep(task, 2);
      using _lock = await hostLock.acquire(task);
    });
    rt.spawn('remover', async (task) => {
      await rt.sleep(task, 1);
      using _lock = await hostLock.acquire(task);
      await device.unregister(task);
    });
    expect(await settle()).toEqual(['deadlock of 2 tasks: user waits for host lock, remover waits for release of device']);
    expect(requests).toEqual([0, 1, 2]);
  });

  test('a call on the open file is waited for like the close', async () => {
    const rt = make();
    const { device, user, hostLock, settle } = world(rt);
    rt.spawn('user', async (task) => {
      await device.open(task, user);
      rt.spawn('caller', async (caller) => {
        await device.call(caller, async () => {
          await rt.sleep(caller, 3);
          using _lock = await hostLock.acquire(caller);
        });
      });
      await rt.sleep(task, 2);
      await device.close(task);
    });
    rt.spawn('remover', async (task) => {
      await rt.sleep(task, 1);
      using _lock = await hostLock.acquire(task);
      await device.unregister(task);
    });
    expect(await settle()).toEqual(['deadlock of 2 tasks: caller waits for host lock, remover waits for release of device']);
  });

  test('a call answers what its body does, and gives the file back when the body throws', async () => {
    const rt = make();
    const { device, user, settle } = world(rt);
    rt.spawn('user', async (task) => {
      await device.open(task, user);
      expect(await device.call(task, () => Promise.resolve(7))).toBe(7);
      await expect(device.call(task, () => Promise.reject(new Error('body')))).rejects.toThrow('body');
      await device.close(task);
      await device.unregister(task);
    });
    expect(await settle()).toEqual([]);
  });
});
