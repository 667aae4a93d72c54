/**
 * Additional device nodes: /sys/class/zcrypt, masks, what they let through.
 */
import { describe, expect, test } from 'vitest';
import { EACCES, EEXIST, EINVAL, ENODEV, ENOENT, ENOSPC, EOPNOTSUPP, EPERM, ERESTARTSYS, OK } from '../../../src/base/errno.ts';
import { KERNELS } from '../../../src/base/kernel-profile.ts';
import { encodeFacilityQuery } from '../../../src/crypto-adapters/messages/cca-facility.ts';
import { ANY_ADAPTER } from '../../../src/ap-bus/zcrypt/cprb-request.ts';
import type { ZcryptFile } from '../../../src/ap-bus/zcrypt/zcrypt-file.ts';
import type { Task } from '../../../src/runtime/task.ts';
import { cube, errnoOf } from './puppet.ts';
import { RUNTIMES, driverOf, onMachine, type Machine } from '../machine.ts';

const CLASS = '/sys/class/zcrypt';
const ZEROS = `0x${'0'.repeat(64)}\n`;
const create = (m: Machine, task: Task, text: string): Promise<number> => m.write(task, `${CLASS}/create`, text);
const destroy = (m: Machine, task: Task, text: string): Promise<number> => m.write(task, `${CLASS}/destroy`, text);
const names = (m: Machine): string[] => Array.from(m.bus.zcrypt.nodes!.nodes(), ({ name }) => name);

async function openNode(m: Machine, task: Task, name: string): Promise<ZcryptFile> {
  const file = await m.bus.zcrypt.nodes!.node(name)!.open(task);
  if (typeof file === 'number') throw new Error(`open of ${name} answers ${file}`);
  return file;
}

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('names are cut, and blanks around them do not count', () =>
    onMachine(kind, {}, async (m, task) => {
      expect(await create(m, task, ' \t my node \n')).toBe(12);
      expect(await create(m, task, 'my node')).toBe(EEXIST);
      expect(await create(m, task, 'x'.repeat(40))).toBe(40);
      expect(await create(m, task, `${'y'.repeat(30)}   z`)).toBe(34);
      expect(await create(m, task, 'a/b')).toBe(3);
      expect(names(m)).toEqual(['my node', 'x'.repeat(31), 'y'.repeat(30), 'a!b']);
      expect(await destroy(m, task, 'my node \n')).toBe(9);
      expect(await destroy(m, task, 'my node')).toBe(ENOENT);
      expect(await destroy(m, task, '\n')).toBe(ENOENT);
    }));

  test('a name that the directory has already is taken', () =>
    onMachine(kind, {}, async (m, task) => {
      for (const name of ['create', 'destroy']) expect(await create(m, task, name)).toBe(EEXIST);
      expect(names(m)).toEqual([]);
    }));

  test('the names that every directory has are refused, as a copy of the tree would write outside of itself', () =>
    onMachine(kind, {}, async (m, task) => {
      for (const name of ['.', '..', ' .. \n']) expect(await create(m, task, name)).toBe(EINVAL);
      expect(await create(m, task, '...')).toBe(3);
      expect(names(m)).toEqual(['...']);
    }));

  test('the files are there for root to write only', () =>
    onMachine(kind, {}, async (m, task) => {
      for (const name of ['create', 'destroy']) {
        expect(m.sysfs.stat(`${CLASS}/${name}`)).toEqual({ kind: 'attribute', mode: 0o200 });
        expect(await m.read(task, `${CLASS}/${name}`)).toBe(EACCES);
      }
    }));

  test('minors are used again, the lowest free one first; a node of that minor gets its name from it', () =>
    onMachine(kind, {}, async (m, task) => {
      for (const name of ['a', 'b', 'c']) await create(m, task, name);
      await destroy(m, task, 'b');
      await create(m, task, '\n');
      expect(names(m)).toEqual(['a', 'c', 'zcrypt_1']);
      expect(await m.read(task, `${CLASS}/zcrypt_1/dev`)).toBe('249:1\n');
      expect(m.sysfs.readlink(`${CLASS}/zcrypt_1`)).toBe('../../devices/virtual/zcrypt/zcrypt_1');
    }));

  test('the node of the bus is a misc device', () =>
    onMachine(kind, {}, async (m, task) => {
      expect(await m.read(task, '/sys/class/misc/z90crypt/dev')).toBe('10:123\n');
      expect(m.sysfs.readlink('/sys/class/misc/z90crypt')).toBe('../../devices/virtual/misc/z90crypt');
    }));

  test('a node comes and goes with a uevent', () =>
    onMachine(kind, {}, async (m, task) => {
      m.uevents();
      await create(m, task, 'my');
      await destroy(m, task, 'my');
      const env = { SUBSYSTEM: 'zcrypt', MAJOR: '249', MINOR: '0', DEVNAME: 'my' };
      expect(m.uevents()).toEqual([
        { action: 'add', path: '/devices/virtual/zcrypt/my', env },
        { action: 'remove', path: '/devices/virtual/zcrypt/my', env },
      ]);
      expect(m.sysfs.exists('/sys/devices/virtual/zcrypt/my')).toBe(false);
      expect(m.sysfs.exists(`${CLASS}/my`)).toBe(false);
    }));

  test('masks are zero at first, are written like those of the bus, and bind nothing', () =>
    onMachine(kind, {}, async (m, task) => {
      await create(m, task, 'my');
      for (const mask of ['ioctlmask', 'apmask', 'aqmask', 'admask']) {
        expect(await m.read(task, `${CLASS}/my/${mask}`)).toBe(ZEROS);
        expect(m.sysfs.stat(`${CLASS}/my/${mask}`)).toEqual({ kind: 'attribute', mode: 0o644 });
        expect(await m.write(task, `${CLASS}/my/${mask}`, '+4-6,+0x10')).toBe(10);
        expect(await m.read(task, `${CLASS}/my/${mask}`)).toBe(`0x0e0080${'0'.repeat(58)}\n`);
        for (const bad of ['+256', '+08', '0XFF', ' 0x1']) expect(await m.write(task, `${CLASS}/my/${mask}`, bad)).toBe(EINVAL);
        expect(await m.read(task, `${CLASS}/my/${mask}`)).toBe(`0x0e0080${'0'.repeat(58)}\n`);
      }
      expect(driverOf(m, '03.0006')).toBe('cex4queue');
      expect(m.vfio.calls).toEqual([]);
      expect(m.vfio.asked).toEqual([]);
    }));

  test('a new node lets nothing through; each mask has to allow it', () =>
    onMachine(kind, {}, async (m, task) => {
      await create(m, task, 'my');
      const file = await openNode(m, task, 'my');
      const ask = async (): Promise<number> => errnoOf(await file.rsaModExpo(task, cube(256)));
      expect(await ask()).toBe(EPERM);
      expect(await file.statusMask(task)).toBe(EPERM);
      await m.write(task, `${CLASS}/my/ioctlmask`, '+5');
      expect(await ask()).toBe(ENODEV);
      expect(await file.statusMask(task)).toBe(EPERM);
      await m.write(task, `${CLASS}/my/apmask`, '+3');
      expect(await ask()).toBe(ENODEV);
      await m.write(task, `${CLASS}/my/aqmask`, '+14');
      expect(await ask()).toBe(ENODEV);
      await m.write(task, `${CLASS}/my/aqmask`, '+13');
      expect(await ask()).toBe(OK);
      expect(m.bus.findQueue(0x030d)!.queue!.totalRequests).toBe(1);
      expect(file.read()).toBe(EPERM);
      expect(file.write()).toBe(EPERM);
    }));

  test('administration through a node needs the domain in admask, and what is unknown is not supported', () =>
    onMachine(kind, {}, async (m, task) => {
      await create(m, task, 'my');
      for (const [mask, text] of Object.entries({ ioctlmask: '+0x81', apmask: '+3', aqmask: '+6' }))
        await m.write(task, `${CLASS}/my/${mask}`, text);
      const file = await openNode(m, task, 'my');
      const send = async (functionId: string, through = file): Promise<number> => {
        const { control, replyControlLength } = encodeFacilityQuery(6, 'STATICSA');
        control.set(Buffer.from(functionId), 6);
        const order = { agent: 0x4341, control, data: new Uint8Array(0), replyControlLength, replyDataLength: 0, adapter: ANY_ADAPTER };
        return errnoOf(await through.sendCprb(task, order));
      };
      expect(await send('T2')).toBe(OK);
      expect(await send('T4')).toBe(EOPNOTSUPP);
      for (const admin of ['T3', 'T5', 'T6', 'T7']) expect(await send(admin)).toBe(ENODEV);
      await m.write(task, `${CLASS}/my/admask`, '+6');
      for (const admin of ['T3', 'T5', 'T6', 'T7']) expect(await send(admin)).not.toBe(ENODEV);
      expect(await send('T4', m.bus.zcrypt.open())).not.toBe(EOPNOTSUPP);
    }));

  test('a file that is open outlives its node', () =>
    onMachine(kind, {}, async (m, task) => {
      await create(m, task, 'my');
      await m.write(task, `${CLASS}/my/ioctlmask`, '0xffffffffffffffff');
      const node = m.bus.zcrypt.nodes!.node('my')!;
      const file = await openNode(m, task, 'my');
      await destroy(m, task, 'my');
      expect(await node.open(task)).toBe(ENODEV);
      expect(m.bus.zcrypt.nodes!.node('my')).toBeUndefined();
      expect(await file.openCount(task)).toBe(EPERM);
      const base = m.bus.zcrypt.open();
      expect(await base.openCount(task)).toBe(2);
      file.release();
      file.release();
      expect(await base.openCount(task)).toBe(1);
    }));

  test('a signal ends the wait for the attribute mutex', () =>
    onMachine(kind, {}, async (m, task) => {
      const results: number[] = [];
      const waiting = { count: 0 };
      {
        using _attr = await m.bus.attrMutex.acquire(task);
        const users = ['my', 'other'].map((name) =>
          m.rt.spawn(`creates ${name}`, async (own) => {
            waiting.count++;
            results.push(await create(m, own, name));
          }),
        );
        while (waiting.count < users.length) await m.rt.sleep(task, 1);
        for (const user of users) m.layer.interrupt(task, user);
        for (const user of users) await m.rt.join(task, user);
      }
      expect(results).toEqual([ERESTARTSYS, ERESTARTSYS]);
      expect(names(m)).toEqual([]);
    }));
});

test('there are 256 minors', () =>
  onMachine('live', {}, async (m, task) => {
    for (let i = 0; i < 256; i++) expect(await create(m, task, `n${i}`)).toBeGreaterThan(0);
    expect(await create(m, task, 'one more')).toBe(ENOSPC);
    expect(await create(m, task, 'n7')).toBe(EEXIST);
    await destroy(m, task, 'n7');
    expect(await create(m, task, 'one more')).toBe(8);
    expect(m.bus.zcrypt.nodes!.node('one more')!.minor).toBe(7);
  }));

describe('destroying a node while its mask is written', () => {
  const both = (destroysUnderMutex: boolean) =>
    onMachine('controlled', { parts: { zcryptQuirks: { destroysUnderMutex } }, findings: true }, async (m, task) => {
      await create(m, task, 'my');
      await m.write(task, `${CLASS}/my/apmask`, '+1');
      await destroy(m, task, 'my');
      const titles = m.layer.findings.list.map(({ title }) => title);
      if (destroysUnderMutex) expect(titles.join()).toMatch(/kn->active#apmask/);
      else expect(titles).toEqual([]);
    });

  test('is safe', () => both(false));
  test('is a circle when the kernel does it: seen at the first run', () => both(true));
});

test('before admask existed nothing but the other masks was asked', () => {
  expect(KERNELS['5.15'].admask).toBe(false);
  return onMachine('live', { parts: { kernel: KERNELS['5.15'] } }, async (m, task) => {
    await create(m, task, 'my');
    expect(m.sysfs.exists(`${CLASS}/my/admask`)).toBe(false);
    for (const mask of ['ioctlmask', 'apmask', 'aqmask']) await m.write(task, `${CLASS}/my/${mask}`, `0x${'f'.repeat(64)}`);
    const file = await openNode(m, task, 'my');
    const { control, replyControlLength } = encodeFacilityQuery(6, 'STATICSA');
    control.set(Buffer.from('T4'), 6);
    const order = { agent: 0x4341, control, data: new Uint8Array(0), replyControlLength, replyDataLength: 0, adapter: ANY_ADAPTER };
    expect(errnoOf(await file.sendCprb(task, order))).not.toBe(EOPNOTSUPP);
  });
});
