/**
 * The ioctls of a matrix mdev byte by byte: what is answered, in which order an argument is checked, and who holds which eventfd.
 */
import { describe, expect, test } from 'vitest';
import { EBADF, EFAULT, EINVAL, EOPNOTSUPP, OK } from '../../src/base/errno.ts';
import { KERNELS, type KernelName } from '../../src/base/kernel-profile.ts';
import { Mutex } from '../../src/locks/mutex.ts';
import type { Task } from '../../src/runtime/task.ts';
import { Eventfd } from '../../src/vfio/eventfd.ts';
import { DeviceRequest, structOf } from '../../src/vfio/ioctl.ts';
import type { RegionOptions } from '../../src/vfio/user-memory.ts';
import { UserProcess } from '../../src/vfio/user-process.ts';
import type { VfioDevice } from '../../src/vfio/vfio-device.ts';
import { designByName, designNames } from '../../src/vfio-ap/locking/designs.ts';
import { M1, onHost, type Host, type HostOptions } from '../helpers/host.ts';

const { GET_INFO, GET_IRQ_INFO, SET_IRQS, RESET } = DeviceRequest;
const U32 = 0xffff_ffff;
/** DATA_EVENTFD | ACTION_TRIGGER. */
const EVENTFD_TRIGGER = 0x24;

interface Caller {
  readonly host: Host;
  readonly task: Task;
  readonly device: VfioDevice;
  readonly process: UserProcess;
  /** The errno, and the storage as it is afterwards. */
  readonly call: (request: number, bytes: Uint8Array, options?: RegionOptions) => Promise<[number, Uint8Array]>;
}

/** An open device of a guest with one queue, and a process that calls. */
function withDevice(options: HostOptions, body: (caller: Caller) => Promise<void>): Promise<void> {
  return onHost('controlled', options, async (host, task) => {
    const { device } = await host.create(task, M1, { adapters: [5], domains: [4] });
    expect(await device.open(task, host.vm('guest1').qemu)).toBe(OK);
    const process = new UserProcess(host.rt);
    const call: Caller['call'] = async (request, bytes, region) => {
      const { address } = process.memory.map(bytes, region);
      return [await device.ioctl(task, request, { process, address }), bytes];
    };
    await body({ host, task, device, process, call });
    await device.close(task);
    await host.store(task, M1, 'remove', '1');
  });
}

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));

test('the requests have the numbers of Linux', () => {
  expect(DeviceRequest).toEqual({ GET_INFO: 0x3b6b, GET_IRQ_INFO: 0x3b6d, SET_IRQS: 0x3b6e, RESET: 0x3b6f });
});

describe('GET_INFO', () => {
  test('fills in 16 bytes and leaves what follows', () =>
    withDevice({}, async ({ call }) => {
      const asked = bytesOf('00000018 ffffffff ffffffff ffffffff aaaaaaaa bbbbbbbb');
      expect(await call(GET_INFO, asked)).toEqual([OK, bytesOf('00000018 00000021 00000000 00000002 aaaaaaaa bbbbbbbb')]);
    }));

  test('takes an argsz from 16 on, and changes nothing for a smaller one', () =>
    withDevice({}, async ({ call }) => {
      for (const argsz of [16, 17, U32]) expect((await call(GET_INFO, structOf(argsz, 7, 7, 7)))[0]).toBe(OK);
      for (const argsz of [0, 15]) expect(await call(GET_INFO, structOf(argsz, 7, 7, 7))).toEqual([EINVAL, structOf(argsz, 7, 7, 7)]);
    }));

  test('reads before it looks, and writes last', () =>
    withDevice({}, async ({ call, device, task, process }) => {
      expect(await call(GET_INFO, structOf(16, 7, 7))).toEqual([EFAULT, structOf(16, 7, 7)]);
      expect((await call(GET_INFO, structOf(0, 7, 7, 7), { writable: false }))[0]).toBe(EINVAL);
      expect(await call(GET_INFO, structOf(16, 7, 7, 7), { writable: false })).toEqual([EFAULT, structOf(16, 7, 7, 7)]);
      expect(await device.ioctl(task, GET_INFO, { process, address: 0 })).toBe(EFAULT);
      expect(await device.ioctl(task, GET_INFO, null)).toBe(EFAULT);
    }));
});

describe('GET_IRQ_INFO', () => {
  test('knows two interrupts with one eventfd each', () =>
    withDevice({}, async ({ call }) => {
      for (const index of [0, 1]) expect(await call(GET_IRQ_INFO, structOf(16, 9, index, 9))).toEqual([OK, structOf(16, 1, index, 1)]);
      for (const index of [2, U32]) {
        expect(await call(GET_IRQ_INFO, structOf(16, 9, index, 9))).toEqual([EINVAL, structOf(16, 9, index, 9)]);
      }
    }));

  test('reads before it looks, and writes last', () =>
    withDevice({}, async ({ call, device, task }) => {
      expect((await call(GET_IRQ_INFO, structOf(15, 9, 0, 9)))[0]).toBe(EINVAL);
      expect((await call(GET_IRQ_INFO, structOf(15, 9, 0)))[0]).toBe(EFAULT);
      expect((await call(GET_IRQ_INFO, structOf(16, 9, 2, 9), { writable: false }))[0]).toBe(EINVAL);
      expect((await call(GET_IRQ_INFO, structOf(16, 9, 1, 9), { writable: false }))[0]).toBe(EFAULT);
      expect(await device.ioctl(task, GET_IRQ_INFO, null)).toBe(EFAULT);
    }));
});

describe('SET_IRQS', () => {
  /** argsz, flags, index, start, count, fd: right but for what is said. */
  const irqSet = ({ argsz = 24, flags = EVENTFD_TRIGGER, index = 0, start = 0, count = 1, fd = -1 } = {}): Uint8Array =>
    structOf(argsz, flags, index, start, count, fd);

  test.each([
    ['argsz below the header', { argsz: 19 }],
    ['an index that there is not', { index: 2 }],
    ['a count that overflows', { count: U32 }],
    ['a count that overflows with its start', { start: 1, count: U32 - 1 }],
    ['an unknown flag', { flags: EVENTFD_TRIGGER | 64 }],
    ['the highest flag', { flags: 0x8000_0024 }],
    ['a start behind the only interrupt', { start: 1, count: 0 }],
    ['two interrupts', { count: 2 }],
    ['no type of data', { flags: 32 }],
    ['two types of data', { flags: 32 | 5 }],
    ['an argsz without room for the eventfd', { argsz: 23 }],
    ['no action', { flags: 4 }],
    ['the action mask', { flags: 4 | 8 }],
    ['the action unmask', { flags: 4 | 16 }],
    ['no data', { flags: 32 | 1 }],
    ['boolean data', { flags: 32 | 2 }],
    ['a descriptor below -1', { fd: -2 }],
    ['the lowest descriptor', { fd: -0x8000_0000 }],
    ['a descriptor that is no eventfd', { fd: 1 }],
  ])('refuses %s and keeps what was registered', (_what, wrong) =>
    withDevice({}, async ({ call, host, process }) => {
      const { reqTrigger, cfgChgTrigger } = host.mdev(M1);
      const eventfd = new Eventfd('request', () => undefined);
      const fd = process.files.open(eventfd);
      expect((await call(SET_IRQS, irqSet({ fd })))[0]).toBe(OK);
      expect((await call(SET_IRQS, irqSet(wrong)))[0]).toBe(EINVAL);
      expect([reqTrigger.inspect(), cfgChgTrigger.inspect(), eventfd.referenceCount]).toEqual([eventfd, null, 2]);
    }),
  );

  test('the header is checked before the descriptor is read, and the descriptor is read for a count of 0, too', () =>
    withDevice({}, async ({ call, device, task }) => {
      const header = (words: Parameters<typeof irqSet>[0]): Uint8Array => irqSet(words).slice(0, 20);
      expect((await call(SET_IRQS, header({}).slice(0, 19)))[0]).toBe(EFAULT);
      expect((await call(SET_IRQS, header({ flags: 4 })))[0]).toBe(EINVAL);
      expect((await call(SET_IRQS, header({ flags: 33 })))[0]).toBe(EINVAL);
      expect((await call(SET_IRQS, header({})))[0]).toBe(EFAULT);
      expect((await call(SET_IRQS, header({ argsz: 20, count: 0 })))[0]).toBe(EFAULT);
      expect((await call(SET_IRQS, irqSet({ argsz: 20, count: 0, fd: 99 })))[0]).toBe(EBADF);
      expect((await call(SET_IRQS, irqSet({ argsz: 23, fd: 99 })))[0]).toBe(EINVAL);
      expect((await call(SET_IRQS, irqSet({ fd: 99 })))[0]).toBe(EBADF);
      expect(await device.ioctl(task, SET_IRQS, null)).toBe(EFAULT);
    }));

  test('a mask or unmask beside the trigger does no harm, and read-only storage is enough', () =>
    withDevice({}, async ({ call }) => {
      expect(await call(SET_IRQS, irqSet({ flags: EVENTFD_TRIGGER | 8 | 16 }), { writable: false })).toEqual([
        OK,
        irqSet({ flags: EVENTFD_TRIGGER | 8 | 16 }),
      ]);
    }));

  test('the driver holds what is registered: until it is replaced, taken back or the device is gone, not until it is closed', () =>
    withDevice({}, async ({ call, process, host, task }) => {
      const { files } = process;
      const [first, second] = ['first', 'second'].map((name) => new Eventfd(name, () => undefined)) as [Eventfd, Eventfd];
      const [fd, other] = [files.open(first), files.open(second)];
      const set = async (words: Parameters<typeof irqSet>[0]): Promise<void> => expect((await call(SET_IRQS, irqSet(words)))[0]).toBe(OK);
      const references = (): number[] => [first.referenceCount, second.referenceCount];
      await set({ fd });
      await set({ fd });
      expect(references()).toEqual([2, 1]);
      await set({ fd: other });
      expect(references()).toEqual([1, 2]);
      await set({ fd, index: 1 });
      expect([references(), host.mdev(M1).cfgChgTrigger.inspect()]).toEqual([[2, 2], first]);
      expect([files.close(fd), files.close(fd), files.close(77), files.close(-1)]).toEqual([OK, EBADF, EBADF, EBADF]);
      expect(references()).toEqual([1, 2]);
      await host.assign(task, M1, { domains: [0x47] });
      expect(first.pending).toBe(1);
      await set({});
      await set({});
      expect(references()).toEqual([1, 1]);
      expect((await call(SET_IRQS, irqSet({ fd })))[0]).toBe(EBADF);
      await set({ index: 1 });
      expect([references(), host.mdev(M1).cfgChgTrigger.inspect()]).toEqual([[0, 1], null]);
    }));
});

test('RESET looks at no argument, and any other request is not supported', () =>
  withDevice({}, async ({ host, task, device, call }) => {
    host.happened();
    expect([await device.ioctl(task, RESET, null), host.happened()]).toEqual([OK, ['reset 05.0004']]);
    for (const request of [0, 108, 111, 0x3b6a, 0x3b6c, 0x3b70, 0x3b75, 0x4000_3b6b, U32]) {
      expect([request, (await call(request, structOf(16, 7, 7, 7)))[0]]).toEqual([request, EOPNOTSUPP]);
      expect([request, await device.ioctl(task, request, null)]).toEqual([request, EOPNOTSUPP]);
    }
    expect(host.happened()).toEqual([]);
  }));

test.each<[KernelName, number]>([
  ['6.0', 0],
  ['5.15', 0],
])('kernel %s has no interrupts: their requests are not supported, whatever the argument', (kernel, irqs) =>
  withDevice({ spec: { kernel }, design: designByName('kvm-lock-outside')! }, async ({ call, device, task }) => {
    expect(await call(GET_INFO, structOf(16, 7, 7, 7))).toEqual([OK, structOf(16, 0x21, 0, irqs)]);
    expect((await call(GET_IRQ_INFO, structOf(16, 0, 0, 0)))[0]).toBe(EOPNOTSUPP);
    expect(await device.ioctl(task, SET_IRQS, null)).toBe(EOPNOTSUPP);
    expect(await device.ioctl(task, RESET, null)).toBe(OK);
  }),
);

test('a kernel with the request alone knows the second interrupt as little as a third one', () =>
  withDevice({}, async ({ host, call, process }) => {
    Object.assign(host.machine.vfioAp.matrixDev.host, { kernel: { ...KERNELS.current, irqs: 1 } });
    const fd = process.files.open(new Eventfd('request', () => undefined));
    expect(await call(GET_INFO, structOf(16, 7, 7, 7))).toEqual([OK, structOf(16, 0x21, 0, 1)]);
    expect((await call(GET_IRQ_INFO, structOf(16, 0, 0, 0)))[0]).toBe(OK);
    expect((await call(GET_IRQ_INFO, structOf(16, 0, 1, 0)))[0]).toBe(EINVAL);
    expect((await call(SET_IRQS, structOf(24, EVENTFD_TRIGGER, 0, 0, 1, fd)))[0]).toBe(OK);
    expect((await call(SET_IRQS, structOf(24, EVENTFD_TRIGGER, 1, 0, 1, fd)))[0]).toBe(EINVAL);
  }));

test.each(designNames())('%s answers all of them', (design) =>
  withDevice({ design: designByName(design)!, watch: false, findings: true }, async ({ call, process }) => {
    const fd = process.files.open(new Eventfd('request', () => undefined));
    expect((await call(GET_INFO, structOf(16, 0, 0, 0)))[0]).toBe(OK);
    expect((await call(GET_IRQ_INFO, structOf(16, 0, 1, 0)))[0]).toBe(OK);
    expect((await call(SET_IRQS, structOf(24, EVENTFD_TRIGGER, 0, 0, 1, fd)))[0]).toBe(OK);
    expect((await call(RESET, structOf(0)))[0]).toBe(OK);
    expect((await call(1, structOf(0)))[0]).toBe(EOPNOTSUPP);
  }),
);

test('an ioctl waits for the lock of the driver before it looks at anything', () =>
  onHost('controlled', {}, async (host, task) => {
    const mdev = await host.create(task, M1, { adapters: [5], domains: [4] });
    await mdev.device.open(task, host.vm('guest1').qemu);
    const { stateLock } = host.machine.vfioAp.design;
    if (!(stateLock instanceof Mutex)) throw new Error('expected mdevs_lock to be a mutex');
    const order: string[] = [];
    const held = await stateLock.acquire(task);
    const callers = [GET_INFO, GET_IRQ_INFO, SET_IRQS, RESET, 1].map((request) =>
      host.rt.spawn(`caller ${request}`, async (t) => {
        await mdev.device.ioctl(t, request, null);
        order.push('answered');
      }),
    );
    await host.rt.sleep(task, 1000);
    expect(order).toEqual([]);
    held.release();
    for (const caller of callers) await host.rt.join(task, caller);
    expect(order).toHaveLength(5);
    await mdev.device.close(task);
  }));
