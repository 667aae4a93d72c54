/**
 * Ioctls of programs of any byte order and any size of pointers: what they point to, what they get back, what they must not get.
 */
import { describe, expect, test } from 'vitest';
import { EFAULT, EINVAL, ENODEV, ENOTTY, EPERM, OK } from '../../src/base/errno.ts';
import { Ioctl } from '../../src/ap-bus/zcrypt/ioctl-numbers.ts';
import type { ZcryptFile } from '../../src/ap-bus/zcrypt/zcrypt-file.ts';
import { encodeFacilityQuery } from '../../src/crypto-adapters/messages/cca-facility.ts';
import { encodeEp11Query, Ep11Query } from '../../src/crypto-adapters/messages/ep11-query.ts';
import { programIoctl } from '../../src/fuse/z90crypt-ioctl.ts';
import type { Task } from '../../src/runtime/task.ts';
import { cube, eight, signature } from '../ap-bus/zcrypt/puppet.ts';
import { onMachine } from '../ap-bus/machine.ts';
import { FakeProgram } from './fake-program.ts';

const BAD = 0x10;

const ABIS = [
  ['64 bits, little-endian', { littleEndian: true, pointerSize: 8 }],
  ['32 bits, little-endian', { littleEndian: true, pointerSize: 4 }],
  ['64 bits, big-endian', { littleEndian: false, pointerSize: 8 }],
  ['31 bits, big-endian', { littleEndian: false, pointerSize: 4 }],
] as const;

describe.each(ABIS)('a program of %s', (_name, abi) => {
  const ask = async (task: Task, file: ZcryptFile, program: FakeProgram, [command, argument]: readonly [number, number]) => {
    const answer = await programIoctl(task, file, { command, argument, pid: 42, uid: 1000, abi }, { owner: 1000, files: program });
    expect(program.opened).toBe(0);
    return answer;
  };
  const word = (bytes: Uint8Array, at: number): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, abi.littleEndian);

  const modexpo = (program: FakeProgram, addresses: Partial<Record<'input' | 'output' | 'exponent' | 'modulus', number>> = {}) => {
    const { input, exponent, modulus } = cube(256);
    const output = new Uint8Array(260).fill(0xee);
    const struct = program.struct([
      ['p', addresses.input ?? program.place(input)],
      ['u32', 256],
      ['p', addresses.output ?? program.place(output)],
      ['u32', 260],
      ['p', addresses.exponent ?? program.place(exponent)],
      ['p', addresses.modulus ?? program.place(modulus)],
    ]);
    return { struct, output };
  };

  test('ICARSAMODEXPO', () =>
    onMachine('live', {}, async (m, task) => {
      const program = new FakeProgram(abi);
      const { struct, output } = modexpo(program);
      const expected = struct.slice();
      new DataView(expected.buffer).setUint32(abi.pointerSize === 8 ? 24 : 12, 256, abi.littleEndian);
      expect((await ask(task, m.bus.zcrypt.open(), program, [Ioctl.ICARSAMODEXPO, program.place(struct)])).errno).toBe(OK);
      expect(output).toEqual(Uint8Array.of(...eight(256), 0xee, 0xee, 0xee, 0xee));
      expect(struct).toEqual(expected);
    }));

  test('a bad pointer anywhere is -EFAULT, and nothing is written', () =>
    onMachine('live', {}, async (m, task) => {
      const file = m.bus.zcrypt.open();
      for (const where of ['input', 'output', 'exponent', 'modulus'] as const) {
        const program = new FakeProgram(abi);
        const { struct, output } = modexpo(program, { [where]: BAD });
        const before = struct.slice();
        expect([where, (await ask(task, file, program, [Ioctl.ICARSAMODEXPO, program.place(struct)])).errno]).toEqual([where, EFAULT]);
        expect(struct).toEqual(before);
        expect(output.every((byte) => byte === 0xee)).toBe(true);
      }
      const program = new FakeProgram(abi);
      expect((await ask(task, file, program, [Ioctl.ICARSAMODEXPO, BAD])).errno).toBe(EFAULT);
      // The result may be written, the structure may not: neither is.
      const { struct, output } = modexpo(program);
      expect((await ask(task, file, program, [Ioctl.ICARSAMODEXPO, program.place(struct, 'r--p')])).errno).toBe(EFAULT);
      expect(output.every((byte) => byte === 0xee)).toBe(true);
      const forbidden = modexpo(program, { input: program.place(new Uint8Array(256), '---p') });
      expect((await ask(task, file, program, [Ioctl.ICARSAMODEXPO, program.place(forbidden.struct)])).errno).toBe(EFAULT);
    }));

  test('ICARSACRT', () =>
    onMachine('live', {}, async (m, task) => {
      const program = new FakeProgram(abi);
      const { request, expected } = signature(2048);
      const padded = (part: Uint8Array): number => program.place(Uint8Array.of(...new Uint8Array(8).fill(0x77), ...part));
      const output = new Uint8Array(256);
      const struct = program.struct([
        ['p', program.place(request.input)],
        ['u32', 256],
        ['p', program.place(output)],
        ['u32', 256],
        ['p', padded(request.dp)],
        ['p', program.place(request.dq)],
        ['p', padded(request.p)],
        ['p', program.place(request.q)],
        ['p', padded(request.u)],
      ]);
      expect((await ask(task, m.bus.zcrypt.open(), program, [Ioctl.ICARSACRT, program.place(struct)])).errno).toBe(OK);
      expect(output).toEqual(expected);
    }));

  test('ZSECSENDCPRB, whose pointers stand at the end of 16 bytes, and whose structure is given back after an error', () =>
    onMachine('live', {}, async (m, task) => {
      const program = new FakeProgram(abi);
      const { control, replyControlLength } = encodeFacilityQuery(6, 'STATICSA');
      const reply = new Uint8Array(replyControlLength);
      const xcrb = (adapter: number): Uint8Array =>
        program.struct([
          ...([['u16', 0x4341], ['u32', adapter], ['u16', 0]] as const),
          ...([['u32', control.length], ['p16', program.place(control)], ['u32', 0], ['p16', 0]] as const),
          ...([['u32', replyControlLength], ['p16', program.place(reply)], ['u32', 64], ['p16', 0]] as const),
          ...([['u16', 0], ['u32', 0x1234]] as const),
        ]); // prettier-ignore
      const struct = xcrb(3);
      expect(struct.length).toBe(94);
      const file = m.bus.zcrypt.open();
      expect((await ask(task, file, program, [Ioctl.ZSECSENDCPRB, program.place(struct)])).errno).toBe(OK);
      expect([word(struct, 90), word(struct, 68)]).toEqual([0, 0]);
      expect(word(struct, 48)).toBeGreaterThan(220);
      expect([...reply.subarray(0, 3)]).toEqual([0, 0xdc, 2]);
      const refused = xcrb(4);
      expect((await ask(task, file, program, [Ioctl.ZSECSENDCPRB, program.place(refused)])).errno).toBe(ENODEV);
      expect(word(refused, 90)).toBe(0);
    }));

  test('ZSENDEP11CPRB with a list of targets', () =>
    onMachine('live', {}, async (m, task) => {
      const program = new FakeProgram(abi);
      const { request, responseLength } = encodeEp11Query(Ep11Query.DOMAIN);
      const urb = (targets: readonly [number, number]): Uint8Array =>
        program.struct([
          ['u16', 1],
          ['u64', program.place(program.struct(targets.map((value) => ['u16', value] as const)))],
          ...([['u64', 0], ['u64', 0], ['u64', request.length], ['u64', program.place(request)]] as const),
          ...([['u64', responseLength + 100], ['u64', program.place(new Uint8Array(responseLength + 100))]] as const),
        ]); // prettier-ignore
      const file = m.bus.zcrypt.open();
      const struct = urb([5, 13]);
      expect(struct.length).toBe(58);
      expect((await ask(task, file, program, [Ioctl.ZSENDEP11CPRB, program.place(struct)])).errno).toBe(OK);
      expect(word(struct, abi.littleEndian ? 42 : 46)).toBe(responseLength);
      expect((await ask(task, file, program, [Ioctl.ZSENDEP11CPRB, program.place(urb([5, 14]))])).errno).toBe(ENODEV);
    }));

  test('bit fields of the device status as a compiler for it lays them out', () =>
    onMachine('live', {}, async (m, task) => {
      await m.write(task, '/sys/devices/ap/card03/03.000d/online', '0');
      const program = new FakeProgram(abi);
      const file = m.bus.zcrypt.open();
      const wide = new Uint8Array(256 * 256 * 4);
      expect((await ask(task, file, program, [Ioctl.ZCRYPT_DEVICE_STATUS, program.place(wide)])).errno).toBe(OK);
      const few = new Uint8Array(64 * 256 * 4);
      expect((await ask(task, file, program, [Ioctl.ZDEVICESTATUS, program.place(few)])).errno).toBe(OK);
      const [type, functions] = [14, 0x24];
      const [on, off, onFew] = abi.littleEndian
        ? [type | (0x306 << 8) | (1 << 24) | (functions << 25), type | (0x30d << 8) | (functions << 25), type | (0x306 << 8) | (1 << 22)]
        : [(type << 24) | (0x306 << 8) | 0x80 | (functions << 1), (type << 24) | (0x30d << 8) | (functions << 1), 0];
      expect([word(wide, (3 * 256 + 6) * 4), word(wide, (3 * 256 + 13) * 4)]).toEqual([on >>> 0, off >>> 0]);
      const fewExpected = abi.littleEndian ? onFew | (functions << 23) : (type << 24) | (0x306 << 10) | (1 << 9) | (functions << 3);
      expect(word(few, (3 * 256 + 6) * 4)).toBe(fewExpected >>> 0);
      expect((await ask(task, file, program, [Ioctl.ZCRYPT_DEVICE_STATUS, program.place(new Uint8Array(100))])).errno).toBe(EFAULT);
    }));

  test('answers of a known size are left to the kernel: nobody looks into the program', () =>
    onMachine('live', {}, async (m, task) => {
      const program = new FakeProgram(abi);
      const file = m.bus.zcrypt.open();
      const { errno, bytes } = await ask(task, file, program, [Ioctl.Z90STAT_DOMAIN_INDEX, BAD]);
      expect([errno, bytes.length, word(bytes, 0)]).toEqual([OK, 4, 6]);
      const types = await ask(task, file, program, [Ioctl.ZCRYPT_STATUS_MASK, BAD]);
      expect([types.bytes.length, types.bytes[3], types.bytes[6]]).toEqual([256, 7, 0]);
      expect((await ask(task, file, program, [Ioctl.ZCRYPT_PERDEV_REQCNT, BAD])).bytes).toEqual(new Uint8Array(1024));
      expect(program.asked).toEqual([]);
    }));
});

const ABI = { littleEndian: true, pointerSize: 8 } as const;

describe('what is refused', () => {
  test('a command that does not exist, before anything is looked at', () =>
    onMachine('live', {}, async (m, task) => {
      const program = new FakeProgram(ABI);
      const call = { argument: BAD, pid: 42, uid: 1000, abi: ABI };
      const errnos = [];
      for (const command of [0xc0007a99, 0xc0007b05, 0x80007a05, 5, 0xffffffff, 0xc0007a00])
        errnos.push((await programIoctl(task, m.bus.zcrypt.open(), { ...call, command }, { owner: 1000, files: program })).errno);
      expect(errnos).toEqual([ENOTTY, ENOTTY, ENOTTY, ENOTTY, ENOTTY, EPERM]);
      expect(program.asked).toEqual([]);
    }));

  test('another user, whatever the process looks like', () =>
    onMachine('live', {}, async (m, task) => {
      const program = new FakeProgram(ABI);
      const call = { command: Ioctl.ICARSAMODEXPO, argument: BAD, pid: 42, uid: 1001, abi: ABI };
      expect((await programIoctl(task, m.bus.zcrypt.open(), call, { owner: 1000, files: program })).errno).toBe(EPERM);
      expect(program.asked).toEqual([]);
    }));

  test('lengths that no card takes, without fetching so much', () =>
    onMachine('live', {}, async (m, task) => {
      const program = new FakeProgram(ABI);
      const at = program.place(new Uint8Array(16));
      const argument = (length: number): number =>
        program.place(
          program.struct([['p', at], ['u32', length], ['p', at], ['u32', length], ['p', at], ['p', at]]), // prettier-ignore
        );
      const ask = async (length: number): Promise<number> => {
        const call = { command: Ioctl.ICARSAMODEXPO, argument: argument(length), pid: 42, uid: 1000, abi: ABI };
        return (await programIoctl(task, m.bus.zcrypt.open(), call, { owner: 1000, files: program })).errno;
      };
      expect([await ask(0xffffffff), await ask(5000), await ask(0)]).toEqual([ENODEV, ENODEV, EINVAL]);
    }));
});
