/**
 * The ioctls as programs make them: numbers, structures as bytes, order of checks, what is written back.
 */
import { describe, expect, test } from 'vitest';
import { ApMask } from '../../../src/base/ap-mask.ts';
import { EBADF, EFAULT, EINVAL, EMSGSIZE, ENODEV, ENOTTY, EPERM, OK } from '../../../src/base/errno.ts';
import { encodeFacilityQuery } from '../../../src/crypto-adapters/messages/cca-facility.ts';
import { encodeEp11Query, Ep11Query } from '../../../src/crypto-adapters/messages/ep11-query.ts';
import { ioctl } from '../../../src/ap-bus/zcrypt/ioctl.ts';
import { Ioctl, ioctlName, ioctlNumber, type IoctlName } from '../../../src/ap-bus/zcrypt/ioctl-numbers.ts';
import {
  EP11_TARGET,
  EP11_URB,
  MODEXPO,
  MODEXPO_CRT,
  XCRB,
  deviceStatusWord,
  readStruct,
  writeStruct,
} from '../../../src/ap-bus/zcrypt/ioctl-structs.ts';
import type { ZcryptFile } from '../../../src/ap-bus/zcrypt/zcrypt-file.ts';
import type { Task } from '../../../src/runtime/task.ts';
import { UserMemory } from '../../../src/vfio/user-memory.ts';
import { Puppet, cube, eight, signature, spawnUser, until } from './puppet.ts';
import { RUNTIMES, onMachine, typeOf } from '../machine.ts';

const BAD = 0x10;

/** A program with storage of its own. */
class Program {
  readonly memory = new UserMemory();
  private readonly file: ZcryptFile;

  constructor(file: ZcryptFile) {
    this.file = file;
  }

  place(bytes: Uint8Array, writable = true): number {
    return this.memory.map(bytes, { writable }).address;
  }

  call(task: Task, command: number, argument: number): Promise<number> {
    const storage = {
      read: (address: number, length: number): Uint8Array | null => {
        const view = this.memory.copyFrom(address, length);
        return view && new Uint8Array(view.buffer);
      },
      write: (address: number, bytes: Uint8Array) => this.memory.copyTo(address, bytes),
    };
    return ioctl(task, this.file, storage, { command, argument });
  }
}

/** ICARSAMODEXPO for a modulus of this many bytes. */
function modexpo(program: Program, length: number, overrides: Partial<Record<keyof (typeof MODEXPO)['fields'], number>> = {}) {
  const { input, modulus, exponent } = cube(length);
  const output = new Uint8Array(length + 4).fill(0xee);
  const fields = {
    input: program.place(input),
    inputLength: length,
    output: program.place(output),
    outputLength: length + 4,
    exponent: program.place(exponent),
    modulus: program.place(modulus),
    ...overrides,
  };
  const struct = writeStruct(MODEXPO, fields);
  return { struct, output, argument: program.place(struct) };
}

describe('numbers and structures', () => {
  test('the numbers follow from direction, size, type z and number', () => {
    const READ = 2;
    const BOTH = 3;
    const of = (direction: number, size: number, nr: number): number => ((direction << 30) | (size << 16) | (0x7a << 8) | nr) >>> 0;
    expect(Ioctl.Z90STAT_REQUESTQ_COUNT).toBe(of(READ, 4, 0x44));
    expect(Ioctl.Z90STAT_PENDINGQ_COUNT).toBe(of(READ, 4, 0x45));
    expect(Ioctl.Z90STAT_TOTALOPEN_COUNT).toBe(of(READ, 4, 0x46));
    expect(Ioctl.Z90STAT_DOMAIN_INDEX).toBe(of(READ, 4, 0x47));
    expect(Ioctl.Z90STAT_STATUS_MASK).toBe(of(READ, 64, 0x48));
    expect(Ioctl.Z90STAT_QDEPTH_MASK).toBe(of(READ, 64, 0x49));
    expect(Ioctl.Z90STAT_PERDEV_REQCNT).toBe(of(READ, 64 * 4, 0x4a));
    expect(Ioctl.ZCRYPT_STATUS_MASK).toBe(of(READ, 256, 0x58));
    expect(Ioctl.ZCRYPT_QDEPTH_MASK).toBe(of(READ, 256, 0x59));
    expect(Ioctl.ZCRYPT_PERDEV_REQCNT).toBe(of(READ, 256 * 4, 0x5a));
    for (const [name, nr] of Object.entries({
      ICARSAMODEXPO: 5,
      ICARSACRT: 6,
      ZSECSENDCPRB: 0x81,
      ZSENDEP11CPRB: 4,
      ZCRYPT_DEVICE_STATUS: 0x5f,
      ZDEVICESTATUS: 0x4f,
    }))
      expect(Ioctl[name as IoctlName]).toBe(of(BOTH, 0, nr));
    expect(ioctlNumber(Ioctl.ZSECSENDCPRB)).toBe(0x81);
    expect(ioctlName(Ioctl.ICARSACRT)).toBe('ICARSACRT');
    expect(ioctlName(0xc0007a99)).toBeUndefined();
  });

  interface AnyLayout {
    readonly length: number;
    readonly fields: Readonly<Record<string, readonly [at: number, size: 2 | 4 | 8]>>;
  }
  test.each<[string, AnyLayout, number]>([
    ['ica_rsa_modexpo', MODEXPO, 48],
    ['ica_rsa_modexpo_crt', MODEXPO_CRT, 72],
    ['ica_xcRB', XCRB, 94],
    ['ep11_urb', EP11_URB, 58],
    ['ep11_target_dev', EP11_TARGET, 4],
  ])('%s: fields do not overlap, and come back as they were written', (_name, layout, length) => {
    expect(layout.length).toBe(length);
    const fields = Object.entries(layout.fields);
    let end = 0;
    for (const [, [at, size]] of fields) {
      expect(at).toBeGreaterThanOrEqual(end);
      end = at + size;
    }
    expect(end).toBe(length);
    const values = Object.fromEntries(fields.map(([name, [at, size]]) => [name, at * 257 + size]));
    expect(readStruct(layout, writeStruct(layout, values))).toEqual(values);
  });

  test('numbers that do not fit are refused', () => {
    for (const agent of [-1, 0x10000, 1.5]) expect(() => writeStruct(XCRB, { agent })).toThrow(/agent as an unsigned number of 2 bytes/);
    expect(() => readStruct(XCRB, new Uint8Array(93))).toThrow(/94 bytes, got 93/);
  });

  test('a word of the device status, wide and narrow', () => {
    const device = { apqn: 0x3f07, hwtype: 13, functions: 0x24, online: true };
    expect(deviceStatusWord(device, true)).toBe(0x0d3f0780 + 0x48);
    expect(deviceStatusWord(device, false)).toBe(0x0d000000 + (0x3f07 << 10) + (1 << 9) + (0x24 << 3));
    expect(deviceStatusWord({ ...device, apqn: 0xffff, hwtype: 0xff }, true)).toBe(0xffffff80 + 0x48);
  });
});

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('an unknown number is -ENOTTY, a number of 0 is not permitted', () =>
    onMachine(kind, {}, async (m, task) => {
      const program = new Program(m.bus.zcrypt.open());
      expect(await program.call(task, 0xc0007a00, BAD)).toBe(EPERM);
      expect(await program.call(task, 0xc0007b00, BAD)).toBe(EPERM);
      for (const command of [0xc0007a99, 0xc0007b05, 0x80007a05, 5, -1]) expect(await program.call(task, command, BAD)).toBe(ENOTTY);
    }));

  test('the mask of a node is asked first, then the number, then the address', () =>
    onMachine(kind, {}, async (m, task) => {
      await m.write(task, '/sys/class/zcrypt/create', 'my');
      await m.write(task, '/sys/class/zcrypt/my/ioctlmask', '+5,+0x99');
      const file = await m.bus.zcrypt.nodes!.node('my')!.open(task);
      if (typeof file === 'number') throw new Error('not opened');
      const program = new Program(file);
      expect(await program.call(task, Ioctl.ICARSACRT, BAD)).toBe(EPERM);
      expect(await program.call(task, 0xc0007a98, BAD)).toBe(EPERM);
      expect(await program.call(task, 0xc0007a99, BAD)).toBe(ENOTTY);
      expect(await program.call(task, Ioctl.ICARSAMODEXPO, BAD)).toBe(EFAULT);
      file.release();
      expect(await program.call(task, Ioctl.ICARSAMODEXPO, BAD)).toBe(EBADF);
    }));

  test('ICARSAMODEXPO writes the result and its length, and nothing else', () =>
    onMachine(kind, {}, async (m, task) => {
      const program = new Program(m.bus.zcrypt.open());
      const { struct, output, argument } = modexpo(program, 128);
      const before = readStruct(MODEXPO, struct);
      expect(await program.call(task, Ioctl.ICARSAMODEXPO, argument)).toBe(OK);
      expect(output).toEqual(Uint8Array.of(...eight(128), 0xee, 0xee, 0xee, 0xee));
      expect(readStruct(MODEXPO, struct)).toEqual({ ...before, outputLength: 128 });
    }));

  test('ICARSAMODEXPO: lengths, then cards, then addresses; a failure writes nothing', () =>
    onMachine(kind, {}, async (m, task) => {
      const program = new Program(m.bus.zcrypt.open());
      const ask = async (length: number, overrides: Parameters<typeof modexpo>[2]): Promise<number> => {
        const { struct, output, argument } = modexpo(program, length, overrides);
        const before = new Uint8Array(struct);
        const rc = await program.call(task, Ioctl.ICARSAMODEXPO, argument);
        expect(struct).toEqual(before);
        expect(output.every((byte) => byte === 0xee)).toBe(true);
        return rc;
      };
      expect(await ask(128, { outputLength: 127, input: BAD })).toBe(EINVAL);
      expect(await ask(128, { inputLength: 0, input: BAD })).toBe(EINVAL);
      expect(await ask(128, { inputLength: 513, outputLength: 513, input: BAD })).toBe(ENODEV);
      for (const where of ['input', 'modulus', 'exponent', 'output'] as const) expect(await ask(128, { [where]: BAD })).toBe(EFAULT);
      expect([...m.bus.zcrypt.loadProblems()]).toEqual([]);
    }));

  test('ICARSACRT: the first eight bytes of p, dp and u do not count', () =>
    onMachine(kind, {}, async (m, task) => {
      const program = new Program(m.bus.zcrypt.open());
      const { request, expected } = signature(1024);
      const padded = (part: Uint8Array): number => program.place(Uint8Array.of(...new Uint8Array(8).fill(0x77), ...part));
      const output = new Uint8Array(128);
      const { p, q, dp, dq, u, input } = request;
      const struct = writeStruct(MODEXPO_CRT, {
        ...{ input: program.place(input), inputLength: 128, output: program.place(output), outputLength: 200 },
        ...{ p: padded(p), q: program.place(q), dp: padded(dp), dq: program.place(dq), u: padded(u) },
      });
      expect(await program.call(task, Ioctl.ICARSACRT, program.place(struct))).toBe(OK);
      expect(output).toEqual(expected);
      expect(readStruct(MODEXPO_CRT, struct).outputLength).toBe(128);
    }));

  test('ZSECSENDCPRB gives the structure back, with the status of an error, too', () => {
    const puppet = new Puppet();
    return onMachine(kind, { wrap: puppet.wrap }, async (m, task) => {
      const program = new Program(m.bus.zcrypt.open());
      const { control, replyControlLength } = encodeFacilityQuery(6, 'STATICSA');
      const ask = async (overrides: Partial<Record<keyof (typeof XCRB)['fields'], number>> = {}) => {
        const reply = new Uint8Array(replyControlLength);
        const struct = writeStruct(XCRB, {
          ...{ agent: 0x4341, adapter: 3, status: 0x1234 },
          ...{ requestControl: program.place(control), requestControlLength: control.length },
          ...{ replyControl: program.place(reply), replyControlLength, replyDataLength: 64, ...overrides },
        });
        const rc = await program.call(task, Ioctl.ZSECSENDCPRB, program.place(struct));
        return { rc, reply, after: readStruct(XCRB, struct) };
      };
      const { rc, reply, after } = await ask();
      expect(rc).toBe(OK);
      expect(after).toMatchObject({ status: 0, replyDataLength: 0, adapter: 3 });
      expect(after.replyControlLength).toBeGreaterThan(220);
      expect([...reply.subarray(0, 3)]).toEqual([0, 0xdc, 2]);

      expect((await ask({ adapter: 4 })).rc).toBe(ENODEV);
      expect(await ask({ replyControlLength: 100 })).toMatchObject({ rc: EMSGSIZE, after: { status: 0, replyControlLength: 100 } });
      for (const where of ['requestControl', 'replyControl'] as const)
        expect(await ask({ [where]: BAD })).toMatchObject({ rc: EFAULT, after: { status: 0 } });
      expect((await ask({ requestControlLength: 0xfffffffe })).rc).toBe(EINVAL);
      expect((await ask({ requestDataLength: 13 * 1024, requestData: program.place(new Uint8Array(13 * 1024)) })).rc).toBe(EINVAL);
      puppet.refuse(0x88, 0x22);
      expect(await ask()).toMatchObject({ rc: EINVAL, after: { status: 0x0008044d } });
    });
  });

  test('ZSENDEP11CPRB goes to a target of the list', () => {
    const puppet = new Puppet();
    const adapters = [5, 6].map((id) => ({ id, type: typeOf('CEX8P') }));
    return onMachine(kind, { wrap: puppet.wrap, hardware: { adapters } }, async (m, task) => {
      const program = new Program(m.bus.zcrypt.open());
      const { request, responseLength } = encodeEp11Query(Ep11Query.DOMAIN);
      const room = responseLength + 100;
      const ask = async (targets: [number, number][], overrides: Partial<Record<keyof (typeof EP11_URB)['fields'], number>> = {}) => {
        puppet.sent.length = 0;
        const list = targets.map(([adapter, domain]) => writeStruct(EP11_TARGET, { adapter, domain }));
        const struct = writeStruct(EP11_URB, {
          ...{ targetCount: targets.length, targets: program.place(new Uint8Array(Buffer.concat(list))), requestLength: request.length },
          ...{ request: program.place(request), responseLength: room, response: program.place(new Uint8Array(room)), ...overrides },
        });
        const rc = await program.call(task, Ioctl.ZSENDEP11CPRB, program.place(struct));
        return { rc, to: puppet.targets, length: readStruct(EP11_URB, struct).responseLength };
      };
      const one = await ask([[6, 13]]);
      expect(one).toMatchObject({ rc: OK, to: ['060d'] });
      expect(one.length).toBe(responseLength);
      expect(
        await ask([
          [9, 6],
          [0xffff, 13],
        ]),
      ).toMatchObject({ rc: OK, to: ['050d'] });
      expect(await ask([[6, 0xffff]])).toMatchObject({ rc: OK, to: ['0606'] });
      expect((await ask([])).rc).toBe(OK);
      expect(await ask([[7, 6]])).toMatchObject({ rc: ENODEV, to: [], length: room });
      expect(await ask([[6, 7]])).toMatchObject({ rc: ENODEV, to: [] });
      expect((await ask([[6, 6]], { targets: BAD })).rc).toBe(EFAULT);
      expect((await ask([], { request: BAD })).rc).toBe(EFAULT);
      expect((await ask([], { response: BAD })).rc).toBe(EFAULT);
      expect((await ask([], { responseLength: 10 })).rc).toBe(EMSGSIZE);
      expect((await ask([], { requestLength: 2 ** 40 })).rc).toBe(EINVAL);
    });
  });

  test('an address that cannot be written is -EFAULT', () =>
    onMachine(kind, {}, async (m, task) => {
      const program = new Program(m.bus.zcrypt.open());
      for (const [name, command] of Object.entries(Ioctl)) {
        const readOnly = program.place(new Uint8Array(300_000), false);
        const rc = await program.call(task, command, name.startsWith('Z') && !name.includes('CPRB') ? readOnly : BAD);
        expect([name, rc]).toEqual([name, EFAULT]);
      }
    }));

  test('without a queue in the default domain all masks are empty', () =>
    onMachine(kind, { hardware: { usageDomains: ApMask.of(6) } }, async (m, task) => {
      await m.write(task, '/sys/bus/ap/ap_domain', '7');
      const file = m.bus.zcrypt.open();
      expect(await file.statusMask(task)).toEqual(new Uint8Array(256));
      expect(await file.requestCounts(task)).toEqual(new Uint32Array(256));
      expect(await file.domainIndex(task)).toEqual({ index: 7 });
    }));
});

// Where timers may be late, a request timer may reset the full queue at any time, and the numbers change.
test('status ioctls tell of the default domain', () => {
  const puppet = new Puppet();
  const hardware = {
    adapters: [
      { id: 3, type: typeOf('CEX8C') },
      { id: 70, type: typeOf('CEX7A') },
    ],
    service: () => 1e9,
  };
  return onMachine('live', { wrap: puppet.wrap, hardware }, async (m, task) => {
    const file = m.bus.zcrypt.open();
    const program = new Program(file);
    const get = async (command: number, length: number): Promise<Uint8Array> => {
      const bytes = new Uint8Array(length);
      expect(await program.call(task, command, program.place(bytes))).toBe(OK);
      return bytes;
    };
    const number = async (command: number): Promise<number> => new DataView((await get(command, 4)).buffer).getInt32(0);
    const counts = (bytes: Uint8Array, adapter: number): number => new DataView(bytes.buffer).getUint32(adapter * 4);
    expect(await number(Ioctl.Z90STAT_DOMAIN_INDEX)).toBe(6);
    expect(await number(Ioctl.Z90STAT_TOTALOPEN_COUNT)).toBe(1);

    const users = [...Array(10).keys()].map((i) => spawnUser(m, `user ${i}`, (own) => file.rsaModExpo(own, cube(512))));
    await m.write(task, '/sys/devices/ap/card46/46.000d/online', '0');
    await m.write(task, '/sys/devices/ap/card03/online', '0');
    const queue = m.bus.findQueue(0x4606)!.queue!;
    await until(m, task, () => queue.pendingqCount + queue.requestqCount === 10);
    await until(m, task, () => queue.pendingqCount === 8);
    expect(await number(Ioctl.Z90STAT_REQUESTQ_COUNT)).toBe(2);
    expect(await number(Ioctl.Z90STAT_PENDINGQ_COUNT)).toBe(8);

    const types = await get(Ioctl.ZCRYPT_STATUS_MASK, 256);
    expect([types[3], types[70], types[4]]).toEqual([0x0d, 12, 0]);
    expect(await get(Ioctl.Z90STAT_STATUS_MASK, 64)).toEqual(types.subarray(0, 64));
    const depths = await get(Ioctl.ZCRYPT_QDEPTH_MASK, 256);
    expect([depths[3], depths[70]]).toEqual([0, 10]);
    expect(await get(Ioctl.Z90STAT_QDEPTH_MASK, 64)).toEqual(new Uint8Array(64));
    expect(counts(await get(Ioctl.ZCRYPT_PERDEV_REQCNT, 1024), 70)).toBe(queue.totalRequests);
    expect(counts(await get(Ioctl.Z90STAT_PERDEV_REQCNT, 256), 3)).toBe(m.bus.findQueue(0x0306)!.queue!.totalRequests);

    const words = new DataView((await get(Ioctl.ZCRYPT_DEVICE_STATUS, 65536 * 4)).buffer);
    expect(words.getUint32((70 * 256 + 6) * 4)).toBe((13 * 2 ** 24 + (0x4606 << 8)) | 0x80 | ((0x6a000000 >>> 26) << 1));
    expect(words.getUint32((70 * 256 + 13) * 4) & 0x80).toBe(0);
    const old = new DataView((await get(Ioctl.ZDEVICESTATUS, 64 * 256 * 4)).buffer);
    expect(old.getUint32((3 * 256 + 13) * 4)).toBe(14 * 2 ** 24 + (0x030d << 10) + (0x24 << 3));

    await m.write(task, '/sys/bus/ap/ap_domain', '13');
    expect(await number(Ioctl.Z90STAT_DOMAIN_INDEX)).toBe(13);
    expect(await number(Ioctl.Z90STAT_PENDINGQ_COUNT)).toBe(0);
    for (const { task: user } of users) m.layer.interrupt(task, user);
    for (const { task: user } of users) await m.rt.join(task, user);
  });
});
