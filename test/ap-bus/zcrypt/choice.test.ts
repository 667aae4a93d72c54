/**
 * Which queue a request is given: weights, loads, penalties, ties, what cards and nodes allow.
 */
import { describe, expect, test } from 'vitest';
import { ApMask } from '../../../src/base/ap-mask.ts';
import { ENODEV, OK } from '../../../src/base/errno.ts';
import { CARD_TYPE_TEXTS, parseCardType, type CardType } from '../../../src/crypto-adapters/card-type.ts';
import { encodeFacilityQuery } from '../../../src/crypto-adapters/messages/cca-facility.ts';
import { ANY_ADAPTER } from '../../../src/ap-bus/zcrypt/cprb-request.ts';
import type { ZcryptCard } from '../../../src/ap-bus/zcrypt/zcrypt-card.ts';
import type { Task } from '../../../src/runtime/task.ts';
import { Puppet, cube, errnoOf, spawnUser, until } from './puppet.ts';
import { RUNTIMES, onMachine, typeOf, type Machine } from '../machine.ts';

const adapters = (...types: (string | CardType)[]) => ({
  adapters: types.map((type, index) => ({ id: 3 + index, type: typeof type === 'string' ? typeOf(type) : type })),
});
const ONE_DOMAIN = { usageDomains: ApMask.of(6) };

/** Sends requests that never end, one after the other; where they went. */
async function pile(m: Machine, task: Task, puppet: Puppet, lengths: readonly number[]): Promise<string[]> {
  for (const [index, length] of lengths.entries()) {
    spawnUser(m, `user ${index}`, (own) => m.bus.zcrypt.open().rsaModExpo(own, cube(length)));
    await until(m, task, () => puppet.sent.length > index);
  }
  const { targets } = puppet;
  // The users are woken, or they would wait for ever.
  for (const { device } of m.bus.cards()) await m.write(task, `${device.directory.path}/online`, '0');
  return targets;
}

describe('zcrypt cards', () => {
  test('speed, user space type and modulus of every card', () => {
    const rows: Record<string, readonly [number[], number]> = {
      CEX4A: [[14, 19, 249, 42, 228, 1458, 0, 0], 10],
      CEX5A: [[8, 9, 20, 18, 66, 458, 0, 0], 11],
      CEX6A: [[6, 9, 20, 17, 65, 438, 0, 0], 12],
      CEX7A: [[6, 8, 17, 15, 54, 362, 0, 0], 12],
      CEX8A: [[6, 8, 17, 15, 54, 362, 0, 0], 12],
      CEX4C: [[59, 69, 308, 83, 278, 2204, 209, 40], 7],
      CEX5C: [[24, 31, 50, 37, 90, 479, 27, 10], 7],
      CEX6C: [[16, 20, 32, 27, 77, 455, 24, 9], 7],
      CEX7C: [[14, 16, 26, 23, 64, 376, 23, 8], 7],
      CEX8C: [[14, 16, 26, 23, 64, 376, 23, 8], 7],
      CEX4P: [[0, 0, 0, 0, 0, 0, 0, 50], 10],
      CEX5P: [[0, 0, 0, 0, 0, 0, 0, 10], 11],
      CEX6P: [[0, 0, 0, 0, 0, 0, 0, 9], 12],
      CEX7P: [[0, 0, 0, 0, 0, 0, 0, 8], 12],
      CEX8P: [[0, 0, 0, 0, 0, 0, 0, 8], 12],
    };
    const types = CARD_TYPE_TEXTS.filter((text) => parseCardType(text)!.generation >= 4);
    return onMachine('live', { hardware: { ...adapters(...types), ...ONE_DOMAIN } }, async (m, task) => {
      const found = [...m.bus.zcrypt.cards.cards].map(({ type, weights: { mex, crt, rng, secKey }, userSpaceType }: ZcryptCard) => [
        type,
        [[...mex, ...crt, rng, secKey], userSpaceType],
      ]);
      expect(Object.fromEntries(found)).toEqual(rows);
      expect(await m.read(task, `${m.bus.findCard(3)!.device.directory.path}/type`)).toBe('CEX4A\n');
      for (const { mode, modulus } of m.bus.zcrypt.cards.cards)
        expect(modulus).toEqual(mode === 'A' ? { min: 1, max: 512 } : { min: 16, max: 512 });
    });
  });

  test('an accelerator without both 4K bits ends at 256 bytes, a coprocessor begins at 16', () => {
    const puppet = new Puppet();
    const halfA: CardType = { ...typeOf('CEX8A'), functions: 0x4a000000 };
    return onMachine('live', { wrap: puppet.wrap, hardware: adapters(halfA, 'CEX8C') }, async (m, task) => {
      const file = m.bus.zcrypt.open();
      for (const length of [1, 15, 16, 256, 257, 512]) expect(errnoOf(await file.rsaModExpo(task, cube(length)))).toBe(OK);
      expect(puppet.sent.map(({ apqn }) => apqn >> 8)).toEqual([3, 3, 3, 3, 4, 4]);
      await m.write(task, '/sys/devices/ap/card03/online', '0');
      expect(errnoOf(await file.rsaModExpo(task, cube(15)))).toBe(ENODEV);
      expect(errnoOf(await file.rsaModExpo(task, cube(16)))).toBe(OK);
    });
  });
});

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('the load decides when it outweighs the speed', () => {
    const puppet = new Puppet();
    const hardware = { ...adapters('CEX8C', 'CEX8A'), ...ONE_DOMAIN };
    return onMachine(kind, { wrap: puppet.wrap, hardware }, async (m, task) => {
      puppet.mute = () => true;
      // 2048 bits: 8 on the accelerator, 16 on the coprocessor. A load of 8 makes it a tie, which the number of requests decides.
      expect(await pile(m, task, puppet, [256, 256, 256, 256])).toEqual(['0406', '0306', '0406', '0406']);
    });
  });

  test('a tie is decided by the number of requests so far, of the card and then of the queue, and else by the order', () => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap, hardware: adapters('CEX8A', 'CEX8A') }, async (m, task) => {
      const file = m.bus.zcrypt.open();
      for (let i = 0; i < 5; i++) await file.rsaModExpo(task, cube(128));
      // Card 04 is better than 03 from the second request on, but its queue has to be better than the unused one of 03, too.
      expect(puppet.targets).toEqual(['0306', '030d', '0406', '040d', '0306']);
      // A request count that was set to 0 makes a queue the least used one.
      puppet.sent.length = 0;
      await m.write(task, '/sys/devices/ap/card04/request_count', '0');
      await file.rsaModExpo(task, cube(128));
      expect(puppet.sent[0]!.apqn >> 8).toBe(4);
    });
  });

  test('what a queue has had under an earlier driver counts, for the choice and for the ioctl as in its attribute', () => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap, hardware: adapters('CEX8A') }, async (m, task) => {
      const file = m.bus.zcrypt.open();
      for (let i = 0; i < 3; i++) await file.rsaModExpo(task, cube(128));
      await m.write(task, '/sys/bus/ap/aqmask', '-6');
      await m.write(task, '/sys/bus/ap/aqmask', '+6');
      expect(await m.read(task, '/sys/devices/ap/card03/03.0006/request_count')).toBe('2\n');
      expect(await file.requestCounts(task)).toEqual(new Uint32Array(256).fill(2, 3, 4));
      // The other one has had one only. The queue that came back stands behind it in the list, so a tie would not take it.
      puppet.sent.length = 0;
      for (let i = 0; i < 2; i++) await file.rsaModExpo(task, cube(128));
      expect(puppet.targets).toEqual(['030d', '030d']);
    });
  });

  test('a retry avoids the queue, then the card, as long as the penalties weigh more', () => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap, hardware: adapters('CEX8A') }, async (m, task) => {
      let refusals = 3;
      puppet.answer = (reply) => (refusals-- > 0 ? Uint8Array.of(0, 0x82, 0, 0, 0x10, 0, 0, 0) : reply);
      await m.bus.zcrypt.open().rsaModExpo(task, cube(128));
      expect(puppet.targets).toEqual(['0306', '030d', '0306', '030d']);
    });
  });

  test('a retry goes to a slower card rather than to another queue of the same', () => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap, hardware: adapters('CEX8A', 'CEX4C') }, async (m, task) => {
      let refusals = 1;
      puppet.answer = (reply) => (refusals-- > 0 ? Uint8Array.of(0, 0x82, 0, 0, 0x10, 0, 0, 0) : reply);
      expect(errnoOf(await m.bus.zcrypt.open().rsaModExpo(task, cube(128)))).toBe(OK);
      expect(puppet.targets).toEqual(['0306', '0406']);
    });
  });

  test('00.0000 has no penalty', () => {
    const puppet = new Puppet();
    const hardware = {
      adapters: [
        { id: 0, type: typeOf('CEX8A') },
        { id: 1, type: typeOf('CEX4C') },
      ],
      usageDomains: ApMask.of(0),
    };
    return onMachine(kind, { wrap: puppet.wrap, hardware }, async (m, task) => {
      let refusals = 1;
      puppet.answer = (reply) => (refusals-- > 0 ? Uint8Array.of(0, 0x82, 0, 0, 0x10, 0, 0, 0) : reply);
      await m.bus.zcrypt.open().rsaModExpo(task, cube(128));
      expect(puppet.targets).toEqual(['0000', '0000']);
    });
  });

  test('what is offline, deconfigured or checkstopped is passed over', () => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap, hardware: adapters('CEX8A', 'CEX7A', 'CEX6A') }, async (m, task) => {
      const goes = async (): Promise<number[]> => {
        puppet.sent.length = 0;
        const rc = errnoOf(await m.bus.zcrypt.open().rsaModExpo(task, cube(256)));
        return rc === OK ? puppet.sent.map(({ apqn }) => apqn) : [rc];
      };
      await m.write(task, '/sys/devices/ap/card03/03.0006/online', '0');
      expect(await goes()).toEqual([0x030d]);
      await m.write(task, '/sys/devices/ap/card03/online', '0');
      expect((await goes())[0]! >> 8).toBe(4);
      m.hardware.configure(4, false);
      await m.bus.forceRescan(task);
      expect((await goes())[0]! >> 8).toBe(5);
      m.hardware.checkstop(5, true);
      await m.bus.forceRescan(task);
      expect(await goes()).toEqual([ENODEV]);
    });
  });

  test('a card that goes while a request waits: the request is done on another one, after the scan has ended it', () => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap, hardware: adapters('CEX8A', 'CEX4C') }, async (m, task) => {
      puppet.mute = (apqn) => apqn >> 8 === 3;
      const user = spawnUser(m, 'user', (own) => m.bus.zcrypt.open().rsaModExpo(own, cube(256)));
      await until(m, task, () => puppet.sent.length === 1);
      m.hardware.unplug(3);
      await m.bus.forceRescan(task);
      await m.rt.join(task, user.task);
      expect(errnoOf(user.answer()!)).toBe(OK);
      expect(puppet.sent.map(({ apqn }) => apqn >> 8)).toEqual([3, 4]);
    });
  });

  test('-ENODEV makes a scan, and a card that it finds is used', () => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap, hardware: adapters('CEX8P') }, async (m, task) => {
      m.hardware.plug({ id: 9, type: typeOf('CEX8A') });
      expect(errnoOf(await m.bus.zcrypt.open().rsaModExpo(task, cube(256)))).toBe(OK);
      expect(puppet.sent[0]!.apqn >> 8).toBe(9);
    });
  });

  test('a CPRB goes to the domain that it names, to any when it leaves that open, and a domain for control only counts as that', () => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap, hardware: adapters('CEX8C') }, async (m, task) => {
      const send = async (domain: number): Promise<number> => {
        const { control, replyControlLength } = encodeFacilityQuery(domain, 'STATICSA');
        const order = { agent: 0x4341, control, data: new Uint8Array(0), replyControlLength, replyDataLength: 0, adapter: ANY_ADAPTER };
        return errnoOf(await m.bus.zcrypt.open().sendCprb(task, order));
      };
      expect(await send(13)).toBe(OK);
      expect(await send(0xffff)).toBe(OK);
      // Domain 4 is a control domain of M1, 5 is neither.
      expect(await send(4)).toBe(OK);
      expect(await send(5)).toBe(ENODEV);
      expect(puppet.targets[0]).toBe('030d');
      const domainIn = ({ message }: { message: Uint8Array }): number => (message[0x58 + 170]! << 8) | message[0x58 + 171]!;
      for (const sent of puppet.sent) expect(domainIn(sent)).toBe(sent.apqn & 0xff);
    });
  });

  test('a message that is too long for a card goes to one with a larger limit', () => {
    const puppet = new Puppet();
    const large: CardType = { ...typeOf('CEX8C'), ml: 6 };
    return onMachine(kind, { wrap: puppet.wrap, hardware: adapters('CEX8C', large) }, async (m, task) => {
      const { control, replyControlLength } = encodeFacilityQuery(6, 'STATICSA');
      const send = async (length: number): Promise<number> => {
        const order = {
          agent: 0x4341,
          control,
          data: new Uint8Array(length),
          replyControlLength,
          replyDataLength: 0,
          adapter: ANY_ADAPTER,
        };
        return errnoOf(await m.bus.zcrypt.open().sendCprb(task, order));
      };
      await send(12 * 1024);
      expect(puppet.sent.map(({ apqn }) => apqn >> 8)).toEqual([4]);
    });
  });
});

describe('defect: the weight of the card that was looked at last', () => {
  const hardware = { ...adapters('CEX8A', 'CEX4C'), ...ONE_DOMAIN, service: () => 1e9 };
  const oneRequest = (addsLastWeight: boolean, look: (m: Machine, task: Task) => Promise<void>) =>
    onMachine('live', { hardware, parts: { zcryptQuirks: { addsLastWeight } } }, async (m, task) => {
      const user = spawnUser(m, 'user', (own) => m.bus.zcrypt.open().rsaModExpo(own, cube(256)));
      await until(m, task, () => m.bus.findQueue(0x0306)!.queue!.pendingqCount > 0);
      await look(m, task);
      m.layer.interrupt(task, user.task);
      await m.rt.join(task, user.task);
      expect(await m.read(task, '/sys/devices/ap/card03/load')).toBe('0\n');
      expect([...m.bus.zcrypt.loadProblems()]).toEqual([]);
    });

  test('without it the load is what the request weighs', () =>
    oneRequest(false, async (m, task) => {
      expect(await m.read(task, '/sys/devices/ap/card03/load')).toBe('8\n');
      expect([...m.bus.zcrypt.loadProblems()]).toEqual([]);
    }));

  test('with it the checker of loads finds it', () =>
    oneRequest(true, async (m, task) => {
      expect(await m.read(task, '/sys/devices/ap/card03/load')).toBe('69\n');
      expect([...m.bus.zcrypt.loadProblems()]).toEqual([
        'load of card03 is 69, the requests under way weigh 8',
        'load of 03.0006 is 69, the requests under way weigh 8',
      ]);
    }));
});
