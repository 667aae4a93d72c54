/**
 * Goal: registers, condition codes, storage and exceptions of NQAP, DQAP and PQAP as a program in machine code has them (rules of section 3
 * of the guest specification). Method: a vCPU of KVM with one queue, instructions executed one by one.
 */
import { describe, expect, test, vi } from 'vitest';
import { ProgramInterruption } from '../../../../src/base/program-interruption.ts';
import { Rc } from '../../../../src/crypto-adapters/response-code.ts';
import { Cpu } from '../../../../src/guest/s390x/cpu/cpu.ts';
import { Storage } from '../../../../src/guest/s390x/cpu/storage.ts';
import { executeAp } from '../../../../src/guest/s390x/machine/ap-instructions.ts';
import { MessageParts } from '../../../../src/guest/s390x/machine/message-parts.ts';
import { register64, setRegister64 } from '../../../../src/guest/s390x/machine/registers.ts';
import { setMasksLocked } from '../../../../src/kvm/crypto-masks.ts';
import { InterpretiveAp } from '../../../../src/kvm/interpretive-ap.ts';
import type { Kvm } from '../../../../src/kvm/kvm.ts';
import type { Task } from '../../../../src/runtime/task.ts';
import { RUNTIMES, inTask } from '../../../helpers/in-task.ts';
import { makeVm, masks, type VmOptions } from '../../../kvm/vm.ts';
import { instruction, type Fields } from './by-hand.ts';

const QUEUE = 0x0504;
const LAST = 0x40000000;
const SPECIAL = 0x00400000;
const NEW = 0x80000000;
const BUFFER = 0x20000n;
const REPLY = 0x30000n;
/** Every card answers it with an error reply. */
const LENGTH = 16n;

interface Guest {
  readonly cpu: Cpu;
  readonly kvm: Kvm;
  /** Executes with R1 = 4 and R2 = 6 unless told otherwise; the code of the program interruption, or null. */
  readonly execute: (mnemonic: string, registers: Partial<Record<number, bigint>>, fields?: Fields) => Promise<number | null>;
  readonly register: (number: number) => bigint;
  readonly sleep: (ms: number) => Promise<void>;
}

describe.each(RUNTIMES)('on the %s runtime', (_name, make) => {
  const withGuest = async (body: (guest: Guest, task: Task) => Promise<void>, options: VmOptions = {}): Promise<void> => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const { kvm, layer } = makeVm(rt, options);
      {
        using _lock = await kvm.lock.acquire(task);
        await setMasksLocked(task, kvm, masks([5], [4], [4]));
      }
      const vcpu = kvm.vcpus[0]!;
      const cpu = new Cpu(0, new Storage(kvm.memory.flat().bytes));
      const unhooked = { intercept: () => Promise.reject(new Error('a driver was asked')) };
      const port = { instructions: new InterpretiveAp(kvm, vcpu, unhooked), providesAp: () => vcpu.apie };
      const parts = new MessageParts('guest', rt);
      const execute: Guest['execute'] = async (mnemonic, registers, fields = { r1: 4, r2: 6 }) => {
        for (const [register, value] of Object.entries(registers)) setRegister64(cpu, Number(register), value!);
        try {
          await executeAp(task, { cpu, port, parts }, instruction(mnemonic, fields));
          return null;
        } catch (error) {
          if (error instanceof ProgramInterruption) return error.code;
          throw error;
        }
      };
      await body({ cpu, kvm, execute, register: (number) => register64(cpu, number), sleep: async (ms) => await rt.sleep(task, ms) }, task);
      expect(layer.findings.list).toEqual([]);
    });
  };

  const nqap = { 0: BigInt(LAST | QUEUE), 4: 0xffffffff_00000001n, 5: 0xffffffff_00000002n, 6: BUFFER, 7: LENGTH };
  const dqap = { 0: BigInt((NEW | QUEUE) >>> 0), 1: 0x77n, 2: 0n, 4: 0n, 5: 0n, 6: REPLY, 7: 4096n };

  /** The card says that its messages have at most so many units of 4 KiB, and takes them. */
  const limitOf = ({ kvm }: Guest, ml: number): void => {
    const { hardware } = kvm.host;
    const real = hardware.tapq.bind(hardware);
    vi.spyOn(hardware, 'tapq').mockImplementation(async (task, apqn) => {
      const { status, info } = await real(task, apqn);
      return { status, info: info === null ? null : { ...info, ml } };
    });
  };

  /** One request, and the DQAPs until there is a reply. */
  const exchange = async ({ execute, register, cpu, sleep }: Guest, capacity: bigint): Promise<void> => {
    expect(await execute('nqap', nqap)).toBeNull();
    for (;;) {
      expect(await execute('dqap', { ...dqap, 7: capacity })).toBeNull();
      if (cpu.cc !== 3) return;
      expect((register(1) >> 16n) & 0xffn).toBe(BigInt(Rc.NO_PENDING_REPLY));
      await sleep(0.1);
    }
  };

  describe('NQAP', () => {
    test('condition code 0 with the status in GR1, the buffer used up', () =>
      withGuest(async ({ execute, cpu, register }) => {
        expect(await execute('nqap', nqap)).toBeNull();
        expect([cpu.cc, register(1), register(6), register(7)]).toEqual([0, 0n, BUFFER + LENGTH, 0n]);
        expect([register(0), register(4)]).toEqual([nqap[0], nqap[4]]);
      }));

    test('a response code ends it with condition code 3 and the buffer as it was', () =>
      withGuest(async ({ execute, cpu, register }) => {
        expect(await execute('nqap', { ...nqap, 0: BigInt(LAST | 0x0604) })).toBeNull();
        expect([cpu.cc, register(1), register(6), register(7)]).toEqual([3, 0x0001_0000n, BUFFER, LENGTH]);
      }));

    test('a full queue answers 10', () =>
      withGuest(async ({ execute, cpu, register }) => {
        for (let n = 0; n < 8; n++) expect([await execute('nqap', nqap), cpu.cc]).toEqual([null, 0]);
        expect([await execute('nqap', nqap), cpu.cc, (register(1) >> 16n) & 0xffn]).toEqual([null, 3, 0x10n]);
        expect(register(1) & 0x2000_0000n).not.toBe(0n);
      }));

    test('a special command needs the facility of the card', () =>
      withGuest(async ({ execute, cpu, kvm, register }) => {
        const given = vi.spyOn(kvm.host.hardware, 'nqap');
        expect([await execute('nqap', { ...nqap, 0: BigInt(LAST | SPECIAL | QUEUE) }), cpu.cc]).toEqual([null, 0]);
        expect(given.mock.calls[0]![2]).toMatchObject({ special: true, psmid: 0x0000_0001_0000_0002n });
        expect(register(1)).toBe(0n);
      }));

    test('in parts: condition code 1 until the last one, then the whole message is there', () =>
      withGuest(async ({ execute, cpu, kvm, register }) => {
        const given = vi.spyOn(kvm.host.hardware, 'nqap');
        cpu.storage.bytes.set([1, 2, 3, 4, 5, 6], Number(BUFFER));
        expect(await execute('nqap', { ...nqap, 0: BigInt(QUEUE), 7: 2n })).toBeNull();
        expect([cpu.cc, register(6), register(7), given.mock.calls.length]).toEqual([1, BUFFER + 2n, 0n, 0]);
        expect(await execute('nqap', { 0: BigInt(QUEUE), 7: 3n })).toBeNull();
        expect(await execute('nqap', { 0: BigInt(LAST | QUEUE), 7: 1n })).toBeNull();
        expect([cpu.cc, register(6), given.mock.calls.length]).toEqual([0, BUFFER + 6n, 1]);
        expect([...given.mock.calls[0]![2].message]).toEqual([1, 2, 3, 4, 5, 6]);
      }));

    test('a reset forgets the parts, and so does the first part of another message', () =>
      withGuest(async ({ execute, kvm, sleep }) => {
        const given = vi.spyOn(kvm.host.hardware, 'nqap');
        await execute('nqap', { ...nqap, 0: BigInt(QUEUE), 7: 2n });
        await execute('pqap', { 0: 0x01000000n | BigInt(QUEUE) });
        await sleep(1);
        await execute('nqap', { ...nqap, 7: 3n });
        await execute('nqap', { ...nqap, 0: BigInt(QUEUE), 5: 7n, 7: 2n });
        await execute('nqap', { ...nqap, 7: 1n });
        expect(given.mock.calls.map(([, , { message }]) => message.length)).toEqual([3, 1]);
      }));

    test.each([
      ['the queue', 0x3000n, 3],
      ['any queue', 0xf000n, 15],
    ])('parts of more than %s takes are too big together', (_what, limit, ml) =>
      withGuest(async (guest) => {
        limitOf(guest, ml);
        const { execute, cpu, register } = guest;
        expect([await execute('nqap', { ...nqap, 0: BigInt(QUEUE), 7: limit }), cpu.cc]).toEqual([null, 1]);
        expect([await execute('nqap', { ...nqap, 7: 1n }), cpu.cc, (register(1) >> 16n) & 0xffn]).toEqual([null, 3, 0x15n]);
      }),
    );
  });

  describe('DQAP', () => {
    test('the reply is in storage, its psmid in the first pair, the second advanced', () =>
      withGuest(async (guest) => {
        await exchange(guest, 4096n);
        const { cpu, register } = guest;
        const length = register(6) - REPLY;
        expect(length).toBeGreaterThan(0n);
        expect([cpu.cc, register(7), register(2)]).toEqual([0, 4096n - length, 0n]);
        expect([register(4), register(5)]).toEqual([1n, 2n]);
        expect((register(1) >> 16n) & 0xffn).toBe(0n);
        expect(cpu.storage.read(Number(REPLY), Number(length)).some((byte) => byte !== 0)).toBe(true);
      }));

    test('without a reply nothing but GR1 and the condition code changes', () =>
      withGuest(async ({ execute, cpu, register }) => {
        expect(await execute('dqap', { ...dqap, 2: 0x55n })).toBeNull();
        expect([cpu.cc, register(1), register(2), register(6), register(7)]).toEqual([3, 0x8010_0000n, 0x55n, REPLY, 4096n]);
      }));

    test('a buffer that is too small: condition code 1, GR2 tells the rest, GR0 goes on with it', () =>
      withGuest(async (guest) => {
        await exchange(guest, 3n);
        const { execute, cpu, register } = guest;
        const rest = register(2);
        expect([cpu.cc, register(1), register(6), register(7)]).toEqual([1, 0x77n, REPLY + 3n, 0n]);
        expect([rest > 0n, register(0) & 0xffffffffn, register(4)]).toEqual([true, BigInt(QUEUE), 0n]);
        const passed = register(0);
        expect(await execute('dqap', { 0: passed, 2: 0n, 7: rest })).toBeNull();
        expect([cpu.cc, register(2), register(6), register(7)]).toEqual([0, 0n, REPLY + 3n + rest, 0n]);
        expect([register(4), register(5)]).toEqual([1n, 2n]);
      }));

    test('nothing was begun: code 13', () =>
      withGuest(async ({ execute, cpu, register }) => {
        expect(await execute('dqap', { ...dqap, 0: BigInt(QUEUE) })).toBeNull();
        expect([cpu.cc, register(1)]).toEqual([3, 0x0013_0000n]);
      }));
  });

  describe('specification exceptions', () => {
    test.each([
      ['nqap', 0x80000000],
      ['nqap', 0x20000000],
      ['nqap', 0x10000000],
      ['nqap', 0x00800000],
      ['dqap', 0x40000000],
      ['dqap', 0x20000000],
      ['dqap', 0x10000000],
      ['dqap', 0x00800000],
      ['dqap', 0x00400000],
    ])('%s with bit %i of GR0', (mnemonic, bit) =>
      withGuest(async ({ execute, register }) => {
        const given = { ...(mnemonic === 'nqap' ? nqap : dqap), 0: BigInt((bit | QUEUE) >>> 0) };
        expect(await execute(mnemonic, given)).toBe(6);
        expect([register(0), register(6), register(7)]).toEqual([given[0], given[6], given[7]]);
      }),
    );

    test.each(['nqap', 'dqap'])('%s with an odd register or a buffer of no bytes', (mnemonic) =>
      withGuest(async ({ execute }) => {
        const given = mnemonic === 'nqap' ? nqap : dqap;
        expect(await execute(mnemonic, given, { r1: 3, r2: 6 })).toBe(6);
        expect(await execute(mnemonic, given, { r1: 2, r2: 7 })).toBe(6);
        expect(await execute(mnemonic, given, { r1: 3, r2: 7 })).toBe(6);
        expect(await execute(mnemonic, { ...given, 7: 0n })).toBe(6);
      }),
    );

    describe.each(['nqap', 'dqap'])('the length of %s', (mnemonic) => {
      const given = mnemonic === 'nqap' ? nqap : dqap;

      test.each([
        ['a queue that says nothing of its limit', 0, 0x3000n],
        ['a queue that says the least', 3, 0x3000n],
        ['a queue that says more', 4, 0x4000n],
        ['a queue that says the most', 15, 0xf000n],
      ])('is limited by %s', (_what, ml, limit) =>
        withGuest(async (guest) => {
          limitOf(guest, ml);
          expect(await guest.execute(mnemonic, { ...given, 7: limit })).toBeNull();
          const asked = [vi.spyOn(guest.kvm.host.hardware, 'nqap'), vi.spyOn(guest.kvm.host.hardware, 'dqap')];
          expect(await guest.execute(mnemonic, { ...given, 6: BUFFER, 7: limit + 1n })).toBe(6);
          expect([guest.register(6), guest.register(7)]).toEqual([BUFFER, limit + 1n]);
          for (const instruction of asked) expect(instruction).not.toHaveBeenCalled();
        }),
      );

      test('is limited to the classic one where the guest has no such queue', () =>
        withGuest(async (guest) => {
          limitOf(guest, 15);
          const { execute, register } = guest;
          const absent = { ...given, 0: given[0] ^ 0x0100n };
          expect([await execute(mnemonic, { ...absent, 7: 0x3000n }), (register(1) >> 16n) & 0xffn]).toEqual([null, 1n]);
          expect(await execute(mnemonic, { ...absent, 7: 0x3001n })).toBe(6);
        }));

      test.each(Array.from({ length: 47 }, (_, i) => 1n << BigInt(i + 16)))('may need all of the register: %i', (length) =>
        withGuest(async ({ execute }) => {
          expect(await execute(mnemonic, { ...given, 7: length })).toBe(6);
        }),
      );

      test('is looked at before the buffer', () =>
        withGuest(async ({ execute }) => {
          expect(await execute(mnemonic, { ...given, 6: 1n << 40n, 7: 0x3001n })).toBe(6);
          expect(await execute(mnemonic, { ...given, 6: 1n << 40n, 7: 0x3000n })).toBe(5);
        }));
    });
  });

  describe('the order of exceptions', () => {
    test('privileged operation comes before specification', () =>
      withGuest(async ({ execute, cpu }) => {
        cpu.problem = true;
        expect(await execute('nqap', { ...nqap, 7: 0n })).toBe(2);
        expect(await execute('dqap', { ...dqap, 0: 0xffffffffn })).toBe(2);
        expect(await execute('pqap', { 0: 0x2a000000n })).toBe(2);
      }));

    test('operation comes before privileged operation', () =>
      withGuest(
        async ({ execute, cpu }) => {
          cpu.problem = true;
          for (const mnemonic of ['nqap', 'dqap', 'pqap']) expect(await execute(mnemonic, nqap)).toBe(1);
        },
        { facilities: { apie: false, qci: true, apft: true, aqic: true } },
      ));

    test('specification comes before addressing, and a buffer outside of the storage changes nothing', () =>
      withGuest(async ({ execute, cpu, register, kvm }) => {
        const end = BigInt(cpu.storage.size);
        const given = [vi.spyOn(kvm.host.hardware, 'nqap'), vi.spyOn(kvm.host.hardware, 'dqap')];
        expect(await execute('nqap', { ...nqap, 0: 0x80000000n, 6: end })).toBe(6);
        for (const address of [end, end - LENGTH + 1n, 0xffffffff_fffffff0n]) {
          expect(await execute('nqap', { ...nqap, 6: address })).toBe(5);
          expect([register(6), register(7)]).toEqual([address, LENGTH]);
        }
        expect(await execute('dqap', { ...dqap, 6: end - 4095n })).toBe(5);
        expect(given.map((spy) => spy.mock.calls)).toEqual([[], []]);
      }));
  });

  describe('PQAP', () => {
    test('answers in GR1, GR2 and the condition code', () =>
      withGuest(async ({ execute, cpu, register }) => {
        expect(await execute('pqap', { 0: 0x00800000n | BigInt(QUEUE) })).toBeNull();
        expect([cpu.cc, register(1), (register(2) >> 24n) & 0xffn]).toEqual([0, 0x8000_0000n, 14n]);
        expect(await execute('pqap', { 0: 0x00000604n })).toBeNull();
        expect([cpu.cc, register(1)]).toEqual([3, 0x0001_0000n]);
      }));

    test('QCI stores its block at a logical address: prefixing holds', () =>
      withGuest(async ({ execute, cpu, register }) => {
        cpu.setPrefix(0x40000);
        expect(await execute('pqap', { 0: 0x04000000n, 1: 9n, 2: 0x1000n })).toBeNull();
        expect([cpu.cc, register(1), register(2)]).toEqual([0, 9n, 0x1000n]);
        const block = cpu.storage.read(0x41000, 128);
        expect([block[16], block[48], block[80]]).toEqual([0x04, 0x08, 0x08]);
        expect(block[0]! & 0xc0).toBe(0xc0);
        expect(cpu.storage.read(0x1000, 128).every((byte) => byte === 0)).toBe(true);
      }));

    test('QCI: a misaligned block, and one outside of the storage', () =>
      withGuest(async ({ execute, cpu }) => {
        for (let n = 1n; n < 8n; n++) expect(await execute('pqap', { 0: 0x04000000n, 2: 0x1000n + n })).toBe(6);
        expect(await execute('pqap', { 0: 0x04000000n, 2: BigInt(cpu.storage.size) })).toBe(5);
        expect(await execute('pqap', { 0: 0x04000000n, 2: 0xffffffff_fffffff8n })).toBe(5);
      }));

    test.each([0x2a, 5, 6, 7, 8])('function code %i is not there', (code) =>
      withGuest(async ({ execute }) => {
        expect(await execute('pqap', { 0: BigInt(code) << 24n, 2: 0x1000n })).toBe(6);
      }),
    );

    test.each([0x00400000n, 0x00200000n, 0x00100000n, 0x00080000n, 0x00040000n, 0x00020000n, 0x00010000n])(
      'bit %s of GR0 must be zero',
      (bit) =>
        withGuest(async ({ execute }) => {
          expect(await execute('pqap', { 0: bit })).toBe(6);
        }),
    );
  });
});
