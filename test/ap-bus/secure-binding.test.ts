/**
 * Goal: in a guest with Secure Execution queues have to be bound before they can be used, and secrets associated with them, by their files.
 * Method: a bus on instructions that can bind, driven through sysfs on both runtimes; refusals by answers put in between.
 */
import { describe, expect, test } from 'vitest';
import { EBUSY, EINVAL, EIO, ERANGE } from '../../src/base/errno.ts';
import type { ApInstructions } from '../../src/crypto-adapters/ap-instructions.ts';
import { bareStatus } from '../../src/crypto-adapters/ap-status.ts';
import { QciFlag } from '../../src/crypto-adapters/qci.ts';
import { Rc } from '../../src/crypto-adapters/response-code.ts';
import { SecureInstructions } from '../../src/crypto-adapters/secure-instructions.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Task } from '../../src/runtime/task.ts';
import { RUNTIMES, onMachine, type Machine, type MachineOptions } from './machine.ts';

const CCA = '/sys/devices/ap/card03/03.0006';
const ACCEL = '/sys/devices/ap/card04/04.0006';
const EP11 = '/sys/devices/ap/card05/05.0006';

interface Answers {
  tapq?: number;
  bapq?: number;
  aapq?: number;
}

/** `answers`: response codes that are given instead of the machine's, while they are there. */
function guest(answers: Answers = {}, more: Partial<MachineOptions> = {}): MachineOptions {
  return {
    ...more,
    hardware: { flags: QciFlag.APSC | QciFlag.APXA | QciFlag.APSB, ...more.hardware },
    parts: { secureGuest: true },
    wrap: (real, rt) => scripted(rt, real, answers),
  };
}

function scripted(rt: Runtime, real: ApInstructions, answers: Answers): ApInstructions {
  const secure = new SecureInstructions(rt, real, { secrets: [7, 9] });
  const instead = (name: keyof Answers) => (answers[name] === undefined ? null : bareStatus(answers[name]));
  return Object.assign(Object.create(secure) as SecureInstructions, {
    tapq: async (task: Task, apqn: number) => {
      const said = await secure.tapq(task, apqn);
      return { ...said, status: instead('tapq') ?? said.status };
    },
    bapq: async (task: Task, apqn: number) => instead('bapq') ?? (await secure.bapq(task, apqn)),
    aapq: async (task: Task, apqn: number, secret: number) => instead('aapq') ?? (await secure.aapq(task, apqn, secret)),
  });
}

async function idle(m: Machine, task: Task, apqn: number): Promise<void> {
  while (m.bus.findQueue(apqn)!.queue!.smState !== 'IDLE') await m.rt.sleep(task, 1);
}

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('queues of accelerators and EP11 cards have the files, others and other machines have not', async () => {
    await onMachine(kind, guest(), async ({ sysfs }) => {
      expect([CCA, ACCEL, EP11].map((queue) => sysfs.exists(`${queue}/se_bind`))).toEqual([false, true, true]);
      expect(sysfs.exists(`${EP11}/se_associate`)).toBe(true);
    });
    await onMachine(kind, { parts: { secureGuest: true } }, async ({ sysfs }) => expect(sysfs.exists(`${EP11}/se_bind`)).toBe(false));
    const flags = QciFlag.APSC | QciFlag.APXA | QciFlag.APSB;
    await onMachine(kind, { hardware: { flags } }, async ({ sysfs }) => expect(sysfs.exists(`${EP11}/se_bind`)).toBe(false));
  });

  test('a queue is bound, a secret associated, and both are undone with the binding', () =>
    onMachine(kind, guest({}, { slowTimers: true }), async (m, task) => {
      const { queue } = m.bus.findQueue(0x0506)!;
      await idle(m, task, 0x0506);
      expect([await m.read(task, `${EP11}/se_bind`), await m.read(task, `${EP11}/se_associate`)]).toEqual(['unbound\n', 'unassociated\n']);
      expect(queue!.usable()).toBe(false);
      expect(await m.write(task, `${EP11}/se_associate`, '7')).toBe(EINVAL);
      expect(await m.write(task, `${EP11}/se_bind`, 'yes')).toBe(3);
      expect([await m.read(task, `${EP11}/se_bind`), await m.read(task, `${EP11}/se_associate`)]).toEqual(['bound\n', 'unassociated\n']);
      expect(queue!.usable()).toBe(true);
      expect(await m.write(task, `${EP11}/se_bind`, '1')).toBe(EINVAL);
      expect(await m.write(task, `${EP11}/se_associate`, '0x7\n')).toBe(4);
      expect(queue!.smState).toBe('ASSOC_WAIT');
      expect(await m.read(task, `${EP11}/se_associate`)).toBe('association pending\n');
      await idle(m, task, 0x0506);
      expect(await m.read(task, `${EP11}/se_associate`)).toBe('associated 7\n');
      expect(await m.write(task, `${EP11}/se_associate`, '9')).toBe(EINVAL);
      expect(await m.write(task, `${EP11}/se_bind`, '0')).toBe(1);
      await idle(m, task, 0x0506);
      expect([await m.read(task, `${EP11}/se_bind`), await m.read(task, `${EP11}/se_associate`)]).toEqual(['unbound\n', 'unassociated\n']);
      expect(queue!.usable()).toBe(false);
    }));

  test('an accelerator is bound like that, and knows no secrets', () =>
    onMachine(kind, guest(), async (m, task) => {
      await idle(m, task, 0x0406);
      expect(await m.write(task, `${ACCEL}/se_bind`, '1')).toBe(1);
      expect(await m.read(task, `${ACCEL}/se_bind`)).toBe('bound\n');
      expect(m.bus.findQueue(0x0406)!.queue!.usable()).toBe(true);
      expect(await m.read(task, `${ACCEL}/se_associate`)).toBe('-\n');
      expect(await m.write(task, `${ACCEL}/se_associate`, '7')).toBe(EINVAL);
    }));

  test('a CCA card is of no use there', () =>
    onMachine(kind, guest(), async (m, task) => {
      await idle(m, task, 0x0306);
      expect(m.bus.findQueue(0x0306)!.queue!.usable()).toBe(false);
    }));

  test('a scan notices that a queue was bound or let go by somebody else', () =>
    onMachine(kind, guest(), async (m, task) => {
      await idle(m, task, 0x0506);
      const { queue } = m.bus.findQueue(0x0506)!;
      await m.bus.instructions.bapq!(task, 0x0506);
      expect(queue!.usable()).toBe(false);
      await m.bus.forceRescan(task);
      expect([queue!.bindState, queue!.usable()]).toEqual([1, true]);
    }));

  test('text that is no number, no truth, or too large is refused before anything is asked of the queue', () =>
    onMachine(kind, guest(), async (m, task) => {
      await idle(m, task, 0x0506);
      m.hardware.configure(5, false);
      for (const text of ['maybe', '2', '\n']) expect([text, await m.write(task, `${EP11}/se_bind`, text)]).toEqual([text, EINVAL]);
      for (const [text, errno] of [
        ['x', EINVAL],
        ['7 ', EINVAL],
        ['-1', EINVAL],
        ['0x10000', EINVAL],
        ['4294967296', ERANGE],
        ['0xffff', EIO],
      ] as const)
        expect([text, await m.write(task, `${EP11}/se_associate`, text)]).toEqual([text, errno]);
    }));

  test('what the queue answers decides about -EIO: a read takes codes up to 05, a write none', () => {
    const answers: Answers = {};
    return onMachine(kind, guest(answers), async (m, task) => {
      await idle(m, task, 0x0506);
      const both = async (): Promise<unknown[]> => [await m.read(task, `${EP11}/se_bind`), await m.write(task, `${EP11}/se_bind`, '1')];
      answers.tapq = 5;
      expect(await both()).toEqual(['unbound\n', EIO]);
      answers.tapq = 6;
      expect(await both()).toEqual([EIO, EIO]);
      expect(await m.read(task, `${EP11}/se_associate`)).toBe(EIO);
      delete answers.tapq;
      answers.bapq = 0x33;
      expect(await both()).toEqual(['unbound\n', EIO]);
      delete answers.bapq;
      expect(await both()).toEqual(['unbound\n', 1]);
      expect(await m.write(task, `${EP11}/se_associate`, '8')).toBe(EIO);
      answers.aapq = 0x0a;
      expect(await m.write(task, `${EP11}/se_associate`, '8')).toBe(1);
      expect(await m.read(task, `${EP11}/se_associate`)).toBe('association pending\n');
    });
  });

  test('while it is reset a queue can neither be bound nor associated', () =>
    onMachine(kind, guest({}, { slowTimers: true }), async (m, task) => {
      await idle(m, task, 0x0506);
      const { queue } = m.bus.findQueue(0x0506)!;
      // The machine is done with the reset, the driver has not seen it yet.
      await queue!.reset(task);
      await m.rt.sleep(task, 1);
      expect(queue!.smState).toBe('RESET_WAIT');
      expect(await m.write(task, `${EP11}/se_bind`, '1')).toBe(EBUSY);
      await idle(m, task, 0x0506);
      expect(await m.write(task, `${EP11}/se_bind`, '1')).toBe(1);
      await queue!.reset(task);
      await m.rt.sleep(task, 1);
      expect(queue!.smState).toBe('RESET_WAIT');
      expect(await m.write(task, `${EP11}/se_associate`, '7')).toBe(EBUSY);
    }));
});

test('BAPQ and AAPQ refuse with a code each', () =>
  onMachine('controlled', guest({}, { slowTimers: true }), async (m, task) => {
    const { instructions } = m.bus;
    const bind = async (apqn: number): Promise<number> => (await instructions.bapq!(task, apqn)).rc;
    const associate = async (apqn: number, secret: number): Promise<number> => (await instructions.aapq!(task, apqn, secret)).rc;
    for (const apqn of [0x0506, 0x0406]) await idle(m, task, apqn);
    expect(await associate(0x0506, 7)).toBe(Rc.Q_NOT_BOUND);
    expect([await bind(0x0506), await bind(0x0506)]).toEqual([Rc.NORMAL, Rc.Q_BIND_ERROR]);
    expect(await associate(0x0506, 8)).toBe(Rc.INVALID_ASSOC_SECRET);
    expect([await associate(0x0506, 7), await associate(0x0506, 7)]).toEqual([Rc.NORMAL, Rc.STATE_CHANGE_IN_PROGRESS]);
    expect([await bind(0x0406), await associate(0x0406, 7)]).toEqual([Rc.NORMAL, Rc.Q_NOT_AVAIL_FOR_ASSOC]);
  }));
