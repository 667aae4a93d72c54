/**
 * What becomes of single requests: errors of cards, nonsense, administration, signals, special messages, attributes that ask the card.
 */
import { describe, expect, test } from 'vitest';
import { ApMask } from '../../../src/base/ap-mask.ts';
import { EINVAL, EIO, EMSGSIZE, ENODEV, ERESTARTSYS } from '../../../src/base/errno.ts';
import { KERNELS } from '../../../src/base/kernel-profile.ts';
import { encodeFacilityQuery } from '../../../src/crypto-adapters/messages/cca-facility.ts';
import { encodeEp11Query, Ep11Query } from '../../../src/crypto-adapters/messages/ep11-query.ts';
import { ANY_ADAPTER, type CprbOrder } from '../../../src/ap-bus/zcrypt/cprb-request.ts';
import { Puppet, cube, eight, errnoOf, onlineEvents, signature, spawnUser, until } from './puppet.ts';
import { RUNTIMES, onMachine, typeOf } from '../machine.ts';

const one = (...types: string[]) => ({
  adapters: types.map((type, index) => ({ id: 3 + index, type: typeOf(type) })),
  usageDomains: ApMask.of(6),
});
const QUEUE = '/sys/devices/ap/card03/03.0006';

function cprb(functionId = 'T2', functionCode = 'FQ'): CprbOrder {
  const { control, replyControlLength } = encodeFacilityQuery(6, 'STATICSA');
  control.set(Buffer.from(functionId), 6);
  control.set(Buffer.from(functionCode), 0xdc);
  return { agent: 0x4341, control, data: new Uint8Array(0), replyControlLength, replyDataLength: 0, adapter: ANY_ADAPTER };
}

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test.each(['CEX8A', 'CEX8C'])('%s signs with the parts of a key of any length', (type) =>
    onMachine(kind, { hardware: one(type) }, async (m, task) => {
      for (const bits of [1024, 2048, 4096]) {
        const { request, expected } = signature(bits);
        expect(await m.bus.zcrypt.open().rsaCrt(task, request)).toEqual({ output: expected });
      }
      expect(await m.bus.zcrypt.open().rsaModExpo(task, cube(200))).toEqual({ output: eight(200) });
    }),
  );

  test('an exponent of zero is refused before a coprocessor sees it', () => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap, hardware: one('CEX8C') }, async (m, task) => {
      const request = { ...cube(128), exponent: new Uint8Array(128) };
      expect(await m.bus.zcrypt.open().rsaModExpo(task, request)).toEqual({ errno: EINVAL });
      expect(puppet.sent).toEqual([]);
      expect(await m.read(task, '/sys/devices/ap/card03/load')).toBe('0\n');
    });
  });

  test.each([0x22, 0x23, 0x24, 0x29, 0x34, 0x40, 0x41, 0x80, 0x82, 0x84, 0x85, 0x8a, 0x8b, 0xa0])(
    'reply code 0x%x blames the caller, whatever the card',
    (code) => {
      const puppet = new Puppet();
      return onMachine(kind, { wrap: puppet.wrap, hardware: one('CEX8A', 'CEX8C', 'CEX8P') }, async (m, task) => {
        m.uevents();
        const file = m.bus.zcrypt.open();
        puppet.refuse(0x82, code);
        expect(errnoOf(await file.rsaModExpo(task, cube(256)))).toBe(EINVAL);
        puppet.refuse(0x88, code);
        expect(errnoOf(await file.sendCprb(task, cprb()))).toBe(EINVAL);
        puppet.refuse(0x87, code);
        expect(errnoOf(await file.sendEp11Cprb(task, { ...encodeEp11Query(Ep11Query.MODULE), targets: [] }))).toBe(EINVAL);
        expect(puppet.sent).toHaveLength(3);
        expect(onlineEvents(m)).toEqual([]);
      });
    },
  );

  test.each([0x10, 0x20, 0x90, 0x12, 0x14, 0x21, 0x30, 0x50, 0x60, 0x88, 0xb0])(
    'reply code 0x%x is tried ten times, and no queue goes offline',
    (code) => {
      const puppet = new Puppet();
      return onMachine(kind, { wrap: puppet.wrap, hardware: one('CEX8A') }, async (m, task) => {
        m.uevents();
        puppet.refuse(0x82, code);
        expect(errnoOf(await m.bus.zcrypt.open().rsaModExpo(task, cube(256)))).toBe(EIO);
        expect(puppet.sent).toHaveLength(10);
        expect(onlineEvents(m)).toEqual([]);
      });
    },
  );

  test.each(['T3', 'T5', 'T6', 'T7'])('administration (%s) is not tried again', (functionId) => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap, hardware: one('CEX8C', 'CEX8C') }, async (m, task) => {
      puppet.refuse(0x88, 0x10);
      const answer = await m.bus.zcrypt.open().sendCprb(task, cprb(functionId));
      expect(answer).toEqual({ errno: EIO, status: 0x0008044d });
      expect(puppet.sent).toHaveLength(1);
    });
  });

  test('administration of EP11 is not tried again, usage is', () => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap, hardware: one('CEX8P') }, async (m, task) => {
      puppet.refuse(0x87, 0x10);
      const { request, responseLength } = encodeEp11Query(Ep11Query.MODULE);
      const order = { request: new Uint8Array(request), responseLength, targets: [] };
      expect(errnoOf(await m.bus.zcrypt.open().sendEp11Cprb(task, order))).toBe(EIO);
      expect(puppet.sent).toHaveLength(10);
      order.request[5] = 0x80;
      expect(errnoOf(await m.bus.zcrypt.open().sendEp11Cprb(task, order))).toBe(EIO);
      expect(puppet.sent).toHaveLength(11);
    });
  });

  test('a flush of an administrative request is -EIO, too', () => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap, hardware: one('CEX8C') }, async (m, task) => {
      puppet.mute = () => true;
      const user = spawnUser(m, 'user', (own) => m.bus.zcrypt.open().sendCprb(own, cprb('T5')));
      await until(m, task, () => puppet.sent.length === 1);
      await m.write(task, `${QUEUE}/reset`, '1');
      await m.rt.join(task, user.task);
      expect(user.answer()).toEqual({ errno: EIO });
    });
  });

  test('US and AU are special messages, and so is EP11 with the flag', () => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap, hardware: one('CEX8C', 'CEX8P') }, async (m, task) => {
      const file = m.bus.zcrypt.open();
      for (const code of ['US', 'AU', 'FQ']) await file.sendCprb(task, cprb('T2', code));
      const { request, responseLength } = encodeEp11Query(Ep11Query.MODULE);
      for (const flags of [0x20, 0]) {
        const flagged = new Uint8Array(request);
        flagged[5] = flags;
        await file.sendEp11Cprb(task, { request: flagged, responseLength, targets: [] });
      }
      expect(puppet.sent.slice(0, 3).map(({ special }) => special)).toEqual([true, true, false]);
      const ep11 = puppet.sent.filter(({ apqn }) => apqn >> 8 === 4).map(({ special }) => special);
      expect([ep11[0], ep11.at(-1)]).toEqual([true, false]);
    });
  });

  test('a signal ends the wait, and the request is taken off its queue', () => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap, hardware: one('CEX8A') }, async (m, task) => {
      puppet.mute = () => true;
      const user = spawnUser(m, 'user', (own) => m.bus.zcrypt.open().rsaModExpo(own, cube(256)));
      await until(m, task, () => puppet.sent.length === 1);
      m.layer.interrupt(task, user.task);
      await m.rt.join(task, user.task);
      expect(user.answer()).toEqual({ errno: ERESTARTSYS });
      expect(await m.read(task, '/sys/devices/ap/card03/load')).toBe('0\n');
      expect(await m.read(task, `${QUEUE}/pendingq_count`)).toBe('0\n');
      expect(await m.read(task, `${QUEUE}/requestq_count`)).toBe('0\n');
    });
  });

  test('a reply of a wrong length is -EMSGSIZE and takes nothing offline, one that is too short for the result does', () => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap, hardware: one('CEX8A') }, async (m, task) => {
      m.uevents();
      puppet.answer = (reply) => reply.subarray(0, reply.length - 1);
      expect(await m.bus.zcrypt.open().rsaModExpo(task, cube(256))).toEqual({ errno: EMSGSIZE });
      expect(onlineEvents(m)).toEqual([]);
      puppet.answer = () => Uint8Array.of(0, 0x80, 0, 16, ...new Uint8Array(12));
      expect(await m.bus.zcrypt.open().rsaModExpo(task, cube(256))).toEqual({ errno: ENODEV });
      expect(onlineEvents(m)).toEqual(['03.0006=0']);
    });
  });

  test('CPRBs answered with nonsense: offline, with the status', () => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap, hardware: one('CEX8C') }, async (m, task) => {
      m.uevents();
      puppet.answer = (reply) => new Uint8Array(reply).fill(0x03, 0x32, 0x33);
      expect(errnoOf(await m.bus.zcrypt.open().sendCprb(task, cprb()))).toBe(ENODEV);
      expect(onlineEvents(m)).toEqual(['03.0006=0']);
      expect(await m.read(task, `${QUEUE}/online`)).toBe('0\n');
      await m.write(task, `${QUEUE}/online`, '1');
      expect(await m.read(task, `${QUEUE}/online`)).toBe('1\n');
    });
  });

  test('random words come from one request of a coprocessor until they are used up', () => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap, hardware: one('CEX8A', 'CEX8C') }, async (m, task) => {
      const words = new Set<number>();
      for (let i = 0; i < 1024; i++) words.add(await m.bus.zcrypt.random.word(task));
      expect(puppet.targets).toEqual(['0406']);
      expect(words.size).toBeGreaterThan(1000);
      expect(Math.min(...words)).toBeGreaterThanOrEqual(0);
      await m.bus.zcrypt.random.word(task);
      expect(puppet.targets).toEqual(['0406', '0406']);
      puppet.refuse(0x88, 0x10);
      for (let i = 0; i < 1023; i++) await m.bus.zcrypt.random.word(task);
      expect(await m.bus.zcrypt.random.word(task)).toBe(EIO);
      expect(puppet.sent).toHaveLength(3);
    });
  });

  test('attributes ask the card, and are empty when no queue of it can be asked', () =>
    onMachine(kind, {}, async (m, task) => {
      const read = (path: string): Promise<string | number> => m.read(task, `/sys/devices/ap/${path}`);
      expect(await read('card03/serialnr')).toMatch(/^[ -~]{8}\n$/);
      expect(await read('card03/03.0006/mkvps')).toMatch(/^(AES|APKA|ASYM) NEW: .*\n(.*\n){8}$/);
      expect(await read('card05/serialnr')).toMatch(/^[ -~]{16}\n$/);
      expect(await read('card05/FW_version')).toMatch(/^\d+\.\d+\n$/);
      expect(await read('card05/API_ordinalnr')).toMatch(/^\d+\n$/);
      expect(await read('card05/05.0006/mkvps')).toMatch(/^WK CUR: \w+ .*\nWK NEW: .*\n$/);
      for (const name of ['serialnr', 'mkvps', 'op_modes']) expect(m.sysfs.exists(`/sys/devices/ap/card04/${name}`)).toBe(false);
      const scans = m.bus.busScan.count;
      for (const card of ['card03', 'card05']) await m.write(task, `/sys/devices/ap/${card}/online`, '0');
      for (const card of ['card03', 'card05']) expect(await read(`${card}/serialnr`)).toBe('\n');
      expect(await read('card05/05.0006/mkvps')).toBe('WK CUR: - -\nWK NEW: - -\n');
      // Asked for inside a show, a scan that removes the card would wait for that show.
      expect(m.bus.busScan.count).toBe(scans);
    }));

  test('a card is unplugged while somebody reads its serial number', () => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap, hardware: one('CEX8C') }, async (m, task) => {
      puppet.mute = () => true;
      let text: string | number | null = null;
      const reader = m.rt.spawn('reader', async (own) => {
        text = await m.read(own, '/sys/devices/ap/card03/serialnr');
      });
      await until(m, task, () => puppet.sent.length === 1);
      m.hardware.unplug(3);
      await m.bus.forceRescan(task);
      await m.rt.join(task, reader);
      expect(text).toBe('\n');
      expect(m.sysfs.exists('/sys/devices/ap/card03')).toBe(false);
    });
  });
});

describe.each(RUNTIMES)('online on the %s runtime', (kind) => {
  test('a card that is switched off ends the requests of its queues, and says so of those that were on', () => {
    const puppet = new Puppet();
    const adapters = [{ id: 3, type: typeOf('CEX8C') }];
    return onMachine(kind, { wrap: puppet.wrap, hardware: { adapters } }, async (m, task) => {
      puppet.mute = () => true;
      const user = spawnUser(m, 'user', (own) => m.bus.zcrypt.open().rsaModExpo(own, cube(256)));
      await until(m, task, () => puppet.sent.length === 1);
      m.uevents();
      expect(await m.write(task, '/sys/devices/ap/card03/online', ' 0xyz')).toBe(5);
      await m.rt.join(task, user.task);
      expect(user.answer()).toEqual({ errno: ENODEV });
      expect(onlineEvents(m)).toEqual(['card03=0', '03.0006=0', '03.000d=0']);
      // Nothing changes, and the card is told of all the same.
      await m.write(task, '/sys/devices/ap/card03/online', '0');
      expect(onlineEvents(m)).toEqual(['card03=0']);
      expect(await m.write(task, `${QUEUE}/online`, '1')).toBe(EINVAL);
      expect(await m.write(task, `${QUEUE}/online`, '0')).toBe(1);
      expect(onlineEvents(m)).toEqual(['03.0006=0']);
    });
  });

  test('a checkstopped card is offline and cannot be switched on', () =>
    onMachine(kind, {}, async (m, task) => {
      m.hardware.checkstop(3, true);
      await m.bus.forceRescan(task);
      for (const path of ['/sys/devices/ap/card03', QUEUE]) {
        expect(await m.read(task, `${path}/online`)).toBe('0\n');
        expect(await m.write(task, `${path}/online`, '1')).toBe(ENODEV);
        expect(await m.write(task, `${path}/online`, '0')).toBe(1);
      }
      m.hardware.checkstop(3, false);
      await m.bus.forceRescan(task);
      expect(await m.write(task, '/sys/devices/ap/card03/online', '1')).toBe(1);
      expect(await m.read(task, `${QUEUE}/online`)).toBe('1\n');
    }));

  test('older kernels did not look at checkstops', () =>
    onMachine(kind, { parts: { kernel: KERNELS['6.0'] } }, async (m, task) => {
      m.hardware.checkstop(3, true);
      await m.bus.forceRescan(task);
      for (const path of ['/sys/devices/ap/card03', QUEUE]) {
        expect(await m.read(task, `${path}/online`)).toBe('1\n');
        expect(await m.write(task, `${path}/online`, '1')).toBe(1);
      }
      // The queue is not usable all the same.
      expect(errnoOf(await m.bus.zcrypt.open().sendCprb(task, { ...cprb(), adapter: 3 }))).toBe(ENODEV);
    }));

  test('older kernels left the domain of a CPRB alone', () => {
    const puppet = new Puppet();
    return onMachine(kind, { parts: { kernel: KERNELS['6.0'] }, wrap: puppet.wrap, hardware: one('CEX8C') }, async (m, task) => {
      const send = async (domain: number): Promise<number> => {
        const order = cprb();
        order.control.set([domain >> 8, domain & 0xff], 170);
        await m.bus.zcrypt.open().sendCprb(task, order);
        return (puppet.sent.at(-1)?.message[0x58 + 171] ?? 0) | ((puppet.sent.at(-1)?.message[0x58 + 170] ?? 0) << 8);
      };
      expect(await send(0xffff)).toBe(6);
      expect(await send(6)).toBe(6);
    });
  });
});

test('the reply to a request that a signal ended is thrown away when it comes', () => {
  const puppet = new Puppet();
  return onMachine('live', { wrap: puppet.wrap, hardware: { ...one('CEX8A'), service: () => 20 } }, async (m, task) => {
    const file = m.bus.zcrypt.open();
    const user = spawnUser(m, 'user', (own) => file.rsaModExpo(own, cube(256)));
    await until(m, task, () => puppet.sent.length === 1);
    m.layer.interrupt(task, user.task);
    await m.rt.join(task, user.task);
    // The next request comes behind the late reply.
    expect(await file.rsaModExpo(task, cube(128))).toEqual({ output: eight(128) });
    expect(m.log.filter((line) => line.includes('unknown psmid'))).toHaveLength(1);
  });
});
