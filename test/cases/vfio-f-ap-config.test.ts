/**
 * Cases F of vfio_ap: the whole configuration of an mdev in one text.
 */
import { describe, expect, test } from 'vitest';
import { ApMask } from '../../src/base/ap-mask.ts';
import { EACCES, EADDRINUSE, EADDRNOTAVAIL, EBUSY, EINVAL, ENODEV, ENOENT } from '../../src/base/errno.ts';
import { QciFlag } from '../../src/crypto-adapters/qci.ts';
import type { Task } from '../../src/runtime/task.ts';
import type { GuestsLock } from '../../src/vfio-ap/locking/guests-lock.ts';
import { designByName } from '../../src/vfio-ap/locking/designs.ts';
import { M1, M2, RUNTIMES, onHost, type Host } from '../helpers/host.ts';

const CONFIG = 'ap_config';
/** The host keeps nothing for itself, so that only what is asked about decides. */
const FREE = { apmask: '0x00', aqmask: '0x00' };

const mask = (...ids: number[]): string => ApMask.from(ids).toString();
const config = (adapters: readonly number[], domains: readonly number[], control: readonly number[] = []): string =>
  `${mask(...adapters)},${mask(...domains)},${mask(...control)}\n`;

/** Everything of an mdev that a refused store must leave alone. */
const stateOf = async (host: Host, task: Task, uuid: string): Promise<unknown[]> => {
  const shown: unknown[] = [];
  for (const attribute of ['matrix', 'guest_matrix', 'control_domains', CONFIG]) shown.push(await host.show(task, uuid, attribute));
  return [...shown, [...host.mdev(uuid).qtable.inspect().keys()].toSorted((a, b) => a - b)];
};

/** The masks that the guest is given, one after another. */
function watchMasks(host: Host, name: string): { apm: number[]; aqm: number[]; adm: number[] }[] {
  const seen: { apm: number[]; aqm: number[]; adm: number[] }[] = [];
  const ids = (ap: ApMask): number[] => [...ap.bits()];
  host.vm(name).kvm.onMasks = ({ after }) => seen.push({ apm: ids(after.apm), aqm: ids(after.aqm), adm: ids(after.adm) });
  return seen;
}

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('vfio-F1: what was read can be written back, and nothing comes of it', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5, 6], domains: [4, 0xab], control: [4, 0x99] });
      await host.attach(task, 'guest1', M1);
      host.happened();
      const before = await stateOf(host, task, M1);
      const text = await host.show(task, M1, CONFIG);
      expect(text).toBe(config([5, 6], [4, 0xab], [4, 0x99]));
      expect(text).toHaveLength(201);
      expect(await host.store(task, M1, CONFIG, text as string)).toBe(201);
      expect(host.happened()).toEqual([]);
      expect(await stateOf(host, task, M1)).toEqual(before);
    }));

  test('vfio-F3: short masks are filled from the left', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1);
      expect(await host.store(task, M1, CONFIG, '0x06,0x08,0x00')).toBe(14);
      expect(await host.show(task, M1, 'matrix')).toBe('05.0004\n06.0004\n');
      expect(await host.show(task, M1, CONFIG)).toBe(config([5, 6], [4]));
      expect(await host.store(task, M1, CONFIG, 'x04,08,x\n')).toBe(9);
      expect(await host.show(task, M1, 'matrix')).toBe('05.0004\n');
    }));

  test('vfio-F5: three empty masks take everything away', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5, 6], domains: [4], control: [4] });
      await host.attach(task, 'guest1', M1);
      host.happened();
      expect(await host.store(task, M1, CONFIG, ',,')).toBe(2);
      expect(await host.show(task, M1, CONFIG)).toBe(config([], []));
      expect(await host.show(task, M1, 'matrix')).toBe('');
      expect(host.masks('guest1')).toEqual({ apm: [], aqm: [], adm: [] });
      expect(host.mdev(M1).qtable.inspect().size).toBe(0);
      for (const queue of [0x0504, 0x0604]) expect(host.queue(queue).mdev.inspect()).toBe(null);
      expect(await host.status(task, '05.0004')).toBe('unassigned\n');
    }));

  test('vfio-F7: more than 64 digits and anything but hex digits are refused, a fourth mask is not looked at', () =>
    onHost(kind, { spec: FREE }, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4], control: [7] });
      const before = await stateOf(host, task, M1);
      const digits = '0'.repeat(64);
      for (const text of [
        `${digits}0,,`,
        `,0x${digits}0,`,
        `,,0x${digits}0`,
        '0xg0,,',
        ',4 ,',
        ',,-1',
        ' ,,',
        '0X06,,',
        '+5,,',
        ',5-6,',
        '0x06;0x08;0x00',
      ])
        expect([text, await host.store(task, M1, CONFIG, text)]).toEqual([text, EINVAL]);
      expect(await stateOf(host, task, M1)).toEqual(before);
      const most = `${digits.slice(1)}f,0x${digits},FfA\n`;
      expect(await host.store(task, M1, CONFIG, most)).toBe(most.length);
      expect(await host.show(task, M1, CONFIG)).toBe(config([252, 253, 254, 255], [], [0, 1, 2, 3, 4, 5, 6, 7, 8, 10]));
      expect(await host.store(task, M1, CONFIG, '0x06,0x08,,nonsense,\n\n5')).toBe(23);
      expect(await host.show(task, M1, CONFIG)).toBe(config([5, 6], [4]));
    }));

  test('vfio-F9: control domains are replaced as well, and nobody is asked for them', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4], control: [4, 0x47] });
      await host.create(task, M2, { control: [0x47, 0xab] });
      await host.attach(task, 'guest1', M1);
      const masks = watchMasks(host, 'guest1');
      expect(await host.store(task, M1, CONFIG, config([5], [4], [0x47, 0x99, 0xab]))).toBe(201);
      expect(await host.show(task, M1, 'control_domains')).toBe('0047\n0099\n00ab\n');
      // One push, of what the host has.
      expect(masks).toEqual([{ apm: [5], aqm: [4], adm: [0x47, 0xab] }]);
    }));

  test('a text of two masks needs a newline, which begins the third', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { control: [4] });
      for (const text of ['0x06,0x08', '0x06', ',', '\n']) expect([text, await host.store(task, M1, CONFIG, text)]).toEqual([text, EINVAL]);
      expect(await host.show(task, M1, CONFIG)).toBe(config([], [], [4]));
      expect(await host.store(task, M1, CONFIG, '0x06,0x08\n')).toBe(10);
      expect(await host.show(task, M1, CONFIG)).toBe(config([5, 6], [4]));
      expect(await host.store(task, M1, CONFIG, '04\n08\n08')).toBe(8);
      expect(await host.show(task, M1, CONFIG)).toBe(config([5], [4], [4]));
      expect(await host.store(task, M1, CONFIG, '\n\n')).toBe(2);
      expect(await host.show(task, M1, CONFIG)).toBe(config([], []));
    }));

  test('201 characters are read, whatever follows them', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1);
      const whole = config([5], [4], [0xff]);
      const junk = `${whole}junk that is not read, ${'g'.repeat(300)}`;
      expect(await host.store(task, M1, CONFIG, junk)).toBe(junk.length);
      expect(await host.show(task, M1, CONFIG)).toBe(whole);
      // The 201st character is read: here it is one digit too many of the third mask.
      expect(await host.store(task, M1, CONFIG, `${config([6], [4]).trimEnd()}0`)).toBe(EINVAL);
      // A shorter prefix leaves room for what follows the third mask, which is not looked at either.
      const short = `${mask(5)},${mask(4)},x${'0'.repeat(64)}`;
      expect(await host.store(task, M1, CONFIG, `${short}\n${'z'.repeat(50)}`)).toBe(250);
      expect(await host.show(task, M1, CONFIG)).toBe(config([5], [4]));
    }));

  test('ownership is asked first, then sharing, then the limits; a refusal changes nothing and names what is shared', () =>
    onHost(kind, { spec: { apmask: '-5,-6,-64-255', aqmask: null } }, async (host, task) => {
      const full = host.hardware.currentQci();
      await host.create(task, M2, { adapters: [6], domains: [4, 5] });
      host.hardware.currentQci = () => ({ ...full, flags: (full.flags & ~QciFlag.APXA) >>> 0 });
      await host.create(task, M1, { adapters: [5], domains: [4], control: [3] });
      await host.attach(task, 'guest1', M1);
      const before = await stateOf(host, task, M1);
      host.happened();
      host.log.length = 0;
      const refuses = async (text: string, errno: number): Promise<void> => {
        expect([text, await host.store(task, M1, CONFIG, text)]).toEqual([text, errno]);
      };
      // Adapter 7 is the host's, 06.0004 and 06.0005 are of M2, and there are no adapters after 63 and no domains after 15.
      await refuses(config([6, 7, 64], [4, 5, 16], [16]), EADDRNOTAVAIL);
      expect(host.log).toEqual([]);
      await refuses(config([6, 64], [3, 4, 5, 16], [16]), EADDRINUSE);
      expect(host.log.map((line) => JSON.parse(line) as object)).toMatchObject([
        { mdev: M1, queue: '06.0004', owner: M2 },
        { mdev: M1, queue: '06.0005', owner: M2 },
      ]);
      await refuses(config([64], []), ENODEV);
      await refuses(config([], [16]), ENODEV);
      await refuses(config([], [], [16]), ENODEV);
      expect(host.happened()).toEqual([]);
      expect(await stateOf(host, task, M1)).toEqual(before);
      expect(await host.store(task, M1, CONFIG, config([63, 6], [15], [15]))).toBe(EADDRNOTAVAIL);
      expect(await host.store(task, M1, CONFIG, config([6], [15], [15]))).toBe(201);
    }));

  test('a running guest loses adapters, then domains, and then gets what is new', () =>
    onHost(kind, {}, async (host, task) => {
      const mdev = await host.create(task, M1, { adapters: [5], domains: [4, 0x47], control: [4] });
      await host.attach(task, 'guest1', M1);
      host.happened();
      const masks = watchMasks(host, 'guest1');
      const fd = mdev.cfgChgTrigger.inspect()!;
      const before = fd.pending;
      expect(await host.store(task, M1, CONFIG, config([6], [4, 0xab], [0x47]))).toBe(201);
      expect(masks).toEqual([
        { apm: [], aqm: [4, 0x47], adm: [4] },
        { apm: [], aqm: [4], adm: [4] },
        { apm: [6], aqm: [4, 0xab], adm: [0x47] },
      ]);
      expect(fd.pending - before).toBe(3);
      // Each queue that the guest had is reset once, when the guest has it no longer.
      expect(host.happened()).toEqual(['masks guest1', 'reset 05.0004', 'reset 05.0047', 'masks guest1', 'masks guest1']);
      expect([...mdev.qtable.inspect().keys()].toSorted((a, b) => a - b)).toEqual([0x0604, 0x06ab]);
      for (const queue of [0x0504, 0x0547]) expect(host.queue(queue).mdev.inspect()).toBe(null);
      expect(await host.show(task, M1, 'guest_matrix')).toBe('06.0004\n06.00ab\n');
    }));

  test('only what concerns the guest is pushed', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5, 6], domains: [4, 0x47] });
      await host.attach(task, 'guest1', M1);
      const masks = watchMasks(host, 'guest1');
      host.happened();
      await host.store(task, M1, CONFIG, config([5, 6], [4]));
      expect(masks.splice(0)).toEqual([{ apm: [5, 6], aqm: [4], adm: [] }]);
      expect(host.happened()).toEqual(['masks guest1', 'reset 05.0047', 'reset 06.0047']);
      await host.store(task, M1, CONFIG, config([6], [4]));
      expect(masks.splice(0)).toEqual([{ apm: [6], aqm: [4], adm: [] }]);
      await host.store(task, M1, CONFIG, config([5, 6], [4, 0x47]));
      expect(masks.splice(0)).toEqual([{ apm: [5, 6], aqm: [4, 0x47], adm: [] }]);
      // An id that the host does not have is assigned, and no guest is told.
      await host.store(task, M1, CONFIG, config([5, 6], [4, 0x47], [0x99]));
      expect(masks).toEqual([]);
      expect(host.masks('guest2')).toEqual({ apm: [], aqm: [], adm: [] });
    }));

  test('what is written is filtered as every assignment is, and what the filter takes away is reset', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5, 6], domains: [4] });
      await host.attach(task, 'guest1', M1);
      await host.unbind(task, '06.0047');
      host.happened();
      await host.store(task, M1, CONFIG, config([5, 6], [4, 0x47]));
      expect(await host.show(task, M1, 'matrix')).toBe('05.0004\n05.0047\n06.0004\n06.0047\n');
      expect(await host.show(task, M1, 'guest_matrix')).toBe('05.0004\n05.0047\n');
      expect(host.happened()).toEqual(['masks guest1', 'reset 06.0004']);
      // A configuration is filtered even if it is the old one; and adapter 6 can come back without the domain that kept it away.
      await host.store(task, M1, CONFIG, config([5, 6], [4]));
      expect(await host.show(task, M1, 'guest_matrix')).toBe('05.0004\n06.0004\n');
    }));

  test('the text is copied first and read under the locks', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1);
      for (const lockName of ['guestsLock', 'mdevsLock'] as const) {
        const lock = (host.machine.vfioAp.design as GuestsLock)[lockName as never] as GuestsLock['stateLock'];
        let answer: number | null = null;
        const guard = await lock.acquire(task);
        const writer = host.rt.spawn('writer', async (t) => {
          answer = await host.store(t, M1, CONFIG, 'garbage');
        });
        while (writer.blockedOn !== lock && writer.op !== lock) await host.rt.sleep(task, 1);
        expect(answer).toBe(null);
        guard.release();
        await host.rt.join(task, writer);
        expect(answer).toBe(EINVAL);
      }
    }));

  test('ap_config is read under mdevs_lock', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5] });
      const lock = (host.machine.vfioAp.design as GuestsLock).stateLock;
      let text: string | number | null = null;
      const guard = await lock.acquire(task);
      const reader = host.rt.spawn('reader', async (t) => {
        text = await host.show(t, M1, CONFIG);
      });
      while (reader.blockedOn !== lock && reader.op !== lock) await host.rt.sleep(task, 1);
      expect(text).toBe(null);
      guard.release();
      await host.rt.join(task, reader);
      expect(text).toBe(config([5], []));
    }));

  test('a design without hot plug refuses a configuration while a guest is attached', () =>
    onHost(kind, { design: designByName('kvm-lock-outside')! }, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      expect(await host.store(task, M1, CONFIG, ',,')).toBe(EBUSY);
      expect(await host.show(task, M1, CONFIG)).toBe(config([5], [4]));
      await host.detach(task, 'guest1');
      expect(await host.store(task, M1, CONFIG, ',,')).toBe(2);
    }));
});

describe('the attributes of each kernel', () => {
  test.each([
    ['current', 'guests-lock', 'guest_matrix hotplug ap_config\n', true, true],
    ['6.0', 'guests-lock', ENOENT, false, true],
    ['5.15', 'kvm-lock-outside', ENOENT, false, false],
  ] as const)('%s', (kernel, design, features, apConfig, guestMatrix) =>
    onHost('live', { spec: { kernel }, design: designByName(design)! }, async (host, task) => {
      await host.create(task, M1, { control: [4] });
      expect(await host.read(task, '/sys/devices/vfio_ap/matrix/features')).toBe(features);
      expect(await host.show(task, M1, CONFIG)).toBe(apConfig ? config([], [], [4]) : ENOENT);
      expect(await host.store(task, M1, CONFIG, ',,')).toBe(apConfig ? 2 : ENOENT);
      expect(await host.show(task, M1, 'guest_matrix')).toBe(guestMatrix ? '' : ENOENT);
      expect(await host.show(task, M1, 'control_domains')).toBe(apConfig ? '' : '0004\n');
      expect(await host.show(task, M1, 'assign_adapter')).toBe(EACCES);
      expect(await host.store(task, M1, 'remove', '1')).toBe(1);
      expect(host.machine.sysfs.exists(`/sys/devices/vfio_ap/matrix/${M1}`)).toBe(false);
    }),
  );
});
