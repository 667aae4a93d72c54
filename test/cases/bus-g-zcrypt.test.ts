/**
 * Cases of group G: requests through zcrypt on the host, the attributes of its cards and queues, additional nodes, status.
 */
import { describe, expect, test } from 'vitest';
import { ApMask } from '../../src/base/ap-mask.ts';
import { EEXIST, EINVAL, EIO, ENODEV, ENOENT, OK } from '../../src/base/errno.ts';
import { deviceStatusWord } from '../../src/ap-bus/zcrypt/ioctl-structs.ts';
import { encodeFacilityQuery } from '../../src/crypto-adapters/messages/cca-facility.ts';
import { Puppet, cube, eight, errnoOf, onlineEvents, spawnUser, until } from '../ap-bus/zcrypt/puppet.ts';
import { RUNTIMES, driverOf, onMachine, typeOf } from '../ap-bus/machine.ts';

const CARD = '/sys/devices/ap/card03';
const QUEUE = `${CARD}/03.0006`;
const ONE_DOMAIN = { usageDomains: ApMask.of(6) };
const only = (...types: string[]) => ({ adapters: types.map((type, index) => ({ id: 3 + index, type: typeOf(type) })) });

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('bus-G1: of an idle accelerator and an idle coprocessor the accelerator gets 256 bytes, as MEB2', () => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap }, async (m, task) => {
      expect(await m.bus.zcrypt.open().rsaModExpo(task, cube(256))).toEqual({ output: eight(256) });
      expect(puppet.sent).toHaveLength(1);
      const { apqn, message } = puppet.sent[0]!;
      expect(apqn >> 8).toBe(4);
      expect(message).toHaveLength(784);
      expect([...message.subarray(0, 10)]).toEqual([0, 0x50, 784 >> 8, 784 & 0xff, 0, 0, 0, 0, 0, 2]);
    });
  });

  test('bus-G3: a CPRB for an accelerator finds no card', () =>
    onMachine(kind, {}, async (m, task) => {
      const { control, replyControlLength } = encodeFacilityQuery(6, 'STATICSA');
      const order = { agent: 0x4341, control, data: new Uint8Array(0), replyControlLength, replyDataLength: 0 };
      const scans = m.bus.busScan.count;
      expect(await m.bus.zcrypt.open().sendCprb(task, { ...order, adapter: 4 })).toEqual({ errno: ENODEV });
      expect(m.bus.busScan.count).toBe(scans + 1);
      expect(errnoOf(await m.bus.zcrypt.open().sendCprb(task, { ...order, adapter: 3 }))).toBe(OK);
    }));

  test('bus-G5: lengths that do not fit', () => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap }, async (m, task) => {
      const file = m.bus.zcrypt.open();
      expect(await file.rsaModExpo(task, cube(128), 127)).toEqual({ errno: EINVAL });
      expect(await file.rsa(task, { kind: 'mex', inputLength: 0, outputLength: 0, fetch: () => cube(128) })).toEqual({ errno: EINVAL });
      expect(await file.rsaModExpo(task, cube(513))).toEqual({ errno: ENODEV });
      expect(puppet.sent).toEqual([]);
      expect(await file.rsaModExpo(task, cube(512))).toEqual({ output: eight(512) });
    });
  });

  test('bus-G7: error replies of an accelerator', () => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap, hardware: only('CEX8A', 'CEX8A') }, async (m, task) => {
      const file = m.bus.zcrypt.open();
      m.uevents();
      puppet.refuse(0x82, 0x84);
      expect(await file.rsaModExpo(task, cube(256))).toEqual({ errno: EINVAL });
      expect(puppet.sent).toHaveLength(1);

      puppet.sent.length = 0;
      let refusals = 0;
      puppet.answer = (reply) => (refusals++ === 0 ? Uint8Array.of(0, 0x82, 0, 0, 0x10, 0, 0, 0) : reply);
      expect(errnoOf(await file.rsaModExpo(task, cube(256)))).toBe(OK);
      expect(puppet.targets).toHaveLength(2);
      // The card has a penalty, so the next attempt goes to the other one.
      expect(puppet.sent[0]!.apqn >> 8).not.toBe(puppet.sent[1]!.apqn >> 8);

      puppet.sent.length = 0;
      puppet.refuse(0x82, 0x10);
      expect(await file.rsaModExpo(task, cube(256))).toEqual({ errno: EIO });
      expect(puppet.targets).toHaveLength(10);
      expect(onlineEvents(m)).toEqual([]);
      expect(await m.read(task, `${QUEUE}/online`)).toBe('1\n');
    });
  });

  test('bus-G9: a reply of an unknown type takes the queue offline', () => {
    const puppet = new Puppet();
    const hardware = { ...only('CEX8A'), ...ONE_DOMAIN };
    return onMachine(kind, { wrap: puppet.wrap, hardware }, async (m, task) => {
      m.uevents();
      const scans = m.bus.busScan.count;
      puppet.answer = (reply) => new Uint8Array(reply).fill(0x99, 1, 2);
      expect(await m.bus.zcrypt.open().rsaModExpo(task, cube(256))).toEqual({ errno: ENODEV });
      expect(puppet.targets).toEqual(['0306']);
      expect(m.bus.busScan.count).toBe(scans + 1);
      expect(onlineEvents(m)).toEqual(['03.0006=0']);
      expect(await m.read(task, `${QUEUE}/online`)).toBe('0\n');
      expect(await m.read(task, `${CARD}/online`)).toBe('1\n');
    });
  });

  test('bus-G9: with a second queue the request is done there', () => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap, hardware: only('CEX8A') }, async (m, task) => {
      puppet.answer = (reply, { apqn }) => (apqn === 0x0306 ? new Uint8Array(reply).fill(0x99, 1, 2) : reply);
      expect(await m.bus.zcrypt.open().rsaModExpo(task, cube(256))).toEqual({ output: eight(256) });
      expect(puppet.targets).toEqual(['0306', '030d']);
    });
  });

  test.each([true, false])('bus-G11: apmask takes the queue of a pending request away (another card: %s)', (another) => {
    const puppet = new Puppet();
    const adapters = only(...(another ? ['CEX8C', 'CEX7C'] : ['CEX8C']));
    return onMachine(kind, { wrap: puppet.wrap, hardware: { ...adapters, ...ONE_DOMAIN } }, async (m, task) => {
      // The first card never answers.
      puppet.mute = (apqn) => apqn >> 8 === 3;
      // Of two with the same weight the first one is taken.
      const user = spawnUser(m, 'user', (own) => m.bus.zcrypt.open().rsaModExpo(own, cube(256)));
      await until(m, task, () => m.bus.findQueue(0x0306)!.queue!.pendingqCount > 0);
      expect(await m.write(task, '/sys/bus/ap/apmask', '-3')).toBe(2);
      await m.rt.join(task, user.task);
      expect(driverOf(m, '03.0006')).toBe('vfio_ap');
      expect(user.answer()).toEqual(another ? { output: eight(256) } : { errno: ENODEV });
      expect(puppet.targets).toEqual(another ? ['0306', '0406'] : ['0306']);
    });
  });

  test('bus-G13: online of something deconfigured, and bad text', () =>
    onMachine(kind, {}, async (m, task) => {
      for (const path of [CARD, QUEUE]) {
        for (const text of ['2', 'abc', '-1', '']) expect(await m.write(task, `${path}/online`, text)).toBe(text === '' ? 0 : EINVAL);
      }
      m.hardware.configure(3, false);
      await m.bus.forceRescan(task);
      m.uevents();
      for (const path of [CARD, QUEUE]) {
        expect(await m.read(task, `${path}/online`)).toBe('0\n');
        expect(await m.write(task, `${path}/online`, '1')).toBe(ENODEV);
        expect(await m.write(task, `${path}/online`, '2')).toBe(EINVAL);
      }
      expect(onlineEvents(m)).toEqual([]);
    }));

  test('bus-G15: names of additional nodes', () =>
    onMachine(kind, {}, async (m, task) => {
      expect(await m.write(task, '/sys/class/zcrypt/create', 'my\n')).toBe(3);
      expect(await m.write(task, '/sys/class/zcrypt/create', 'my')).toBe(EEXIST);
      expect(await m.write(task, '/sys/class/zcrypt/destroy', 'nope')).toBe(ENOENT);
      expect(await m.write(task, '/sys/class/zcrypt/create', '\n')).toBe(1);
      expect(m.sysfs.list('/sys/class/zcrypt')).toEqual(['create', 'destroy', 'my', 'zcrypt_1']);
      expect([...m.bus.zcrypt.nodes!.nodes()].map(({ name, minor }) => [name, minor])).toEqual([
        ['my', 0],
        ['zcrypt_1', 1],
      ]);
    }));

  test('bus-G17: the device status of a coprocessor', () =>
    onMachine(kind, {}, async (m, task) => {
      const file = m.bus.zcrypt.open();
      const word = async (): Promise<number> => {
        const all = await file.deviceStatus(task);
        if (typeof all === 'number') throw new Error(`device status answers ${all}`);
        return deviceStatusWord(
          all.find(({ apqn }) => apqn === 3 * 256 + 6)!,
          true,
        );
      };
      const online = (14 * 2 ** 24 + (0x0306 << 8)) | (1 << 7) | (0x24 << 1);
      expect(await word()).toBe(online);
      await m.write(task, `${QUEUE}/online`, '0');
      expect(await word()).toBe(online & ~0x80);
    }));

  test('bus-G19: the load is the sum of the weights under way, and 0 when idle', () => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap, hardware: only('CEX8A') }, async (m, task) => {
      puppet.mute = () => true;
      const file = m.bus.zcrypt.open();
      const users = [128, 256, 512].map((length) => spawnUser(m, `user ${length}`, (own) => file.rsaModExpo(own, cube(length))));
      await until(m, task, () => puppet.sent.length === 3);
      const load = async (path: string): Promise<number> => Number(await m.read(task, `${path}/load`));
      // CEX8A: 6, 8 and 17.
      expect(await load(CARD)).toBe(6 + 8 + 17);
      expect((await load(QUEUE)) + (await load(`${CARD}/03.000d`))).toBe(6 + 8 + 17);
      expect([...m.bus.zcrypt.loadProblems()]).toEqual([]);
      await m.write(task, `${CARD}/online`, '0');
      for (const user of users) await m.rt.join(task, user.task);
      expect(users.map(({ answer }) => errnoOf(answer()!))).toEqual([ENODEV, ENODEV, ENODEV]);
      for (const path of [CARD, QUEUE, `${CARD}/03.000d`]) expect(await load(path)).toBe(0);
    });
  });
});
