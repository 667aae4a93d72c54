/**
 * Cases L of vfio_ap: what the driver makes of an AQIC of a guest, with every response code of the machine and what is held afterwards. What
 * needs Secure Execution (L5, L13) is elsewhere.
 */
import { describe, expect, test } from 'vitest';
import { EPERM } from '../../src/base/errno.ts';
import { Rc } from '../../src/crypto-adapters/response-code.ts';
import type { Task } from '../../src/runtime/task.ts';
import { releaseInterrupt } from '../../src/vfio-ap/irq-resources.ts';
import { VfioApQueue } from '../../src/vfio-ap/vfio-ap-queue.ts';
import { M1, M2, RUNTIMES, TASKS_FIRST, onHost, script, type Host } from '../helpers/host.ts';

const APQN = 0x0504;
const ON = { ir: true, isc: 3, nib: 0x20000 };
/** Another ISC and another page. */
const OTHER = { ir: true, isc: 5, nib: 0x30000 };
const OFF = { ir: false, isc: 0, nib: 0 };

async function oneQueue(host: Host, task: Task): Promise<void> {
  await host.create(task, M1, { adapters: [5], domains: [4] });
  expect(await host.attach(task, 'guest1', M1)).toBe(0);
  host.log.length = 0;
}

const aqic = async (host: Host, task: Task, operand: typeof ON, apqn = APQN) => (await host.cpu('guest1').aqic(task, apqn, operand)).rc;

/** References of ISC 3 and 5, pages pinned. */
const held = (host: Host): number[] => {
  const { kvm, qemu } = host.vm('guest1');
  return [kvm.gisa.referenceCount(3), kvm.gisa.referenceCount(5), qemu.container.pins];
};
const saved = (host: Host): number[] => [host.queue(APQN).savedIsc.inspect(), host.queue(APQN).savedIova.inspect()];
const NOTHING = [0xff, 0];

const warnings = (host: Host): { msg: string; rc?: number }[] =>
  host.log.map((line) => JSON.parse(line) as { level: number; msg: string; rc?: number }).filter(({ level }) => level === 40);

/** The queue says that its interrupt is on, `times` times, before it tells the truth. */
function slowToClear(host: Host, times: number): { calls: number } {
  const made = { calls: 0 };
  const real = host.hardware.tapq.bind(host.hardware);
  host.hardware.tapq = async (by, apqn) => {
    const { status, info } = await real(by, apqn);
    return { status: { ...status, irqEnabled: status.irqEnabled || made.calls++ < times }, info };
  };
  return made;
}

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('vfio-L1: AQIC of a queue that is not assigned answers 01', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      const asked = script(host.hardware, 'aqic', 0x0604, []);
      expect(await aqic(host, task, ON, 0x0604)).toBe(1);
      expect((await host.cpu('guest2').aqic(task, APQN, ON)).rc).toBe(1);
      expect(asked.calls).toBe(0);
      expect(held(host)).toEqual([0, 0, 0]);
    }));

  test('AQIC of a queue that is assigned and not bound, or assigned to the mdev of another guest, answers 01', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      await host.create(task, M2, { adapters: [6], domains: [4] });
      expect(await host.attach(task, 'guest2', M2)).toBe(0);
      expect(await aqic(host, task, ON, 0x0604)).toBe(1);
      await host.unbind(task, '05.0004');
      expect(await aqic(host, task, ON)).toBe(1);
      expect(held(host)).toEqual([0, 0, 0]);
    }));

  test('vfio-L3: AQIC of an assigned queue is done also while the guest does not see its adapter', () =>
    onHost(kind, {}, async (host, task) => {
      await host.unbind(task, '05.0047');
      await host.create(task, M1, { adapters: [5], domains: [4, 0x47] });
      await host.attach(task, 'guest1', M1);
      expect(host.masks('guest1').apm).toEqual([]);
      expect(await aqic(host, task, ON)).toBe(0);
      expect(held(host)).toEqual([1, 0, 1]);
      expect(await aqic(host, task, OFF)).toBe(0);
      expect(held(host)).toEqual([0, 0, 0]);
    }));

  test.each([
    ['zero', 0],
    ['outside of the storage of the guest', 2 ** 40],
  ])('a notification byte at an address that is %s answers 06, and the machine is not asked', (_what, nib) =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      const asked = script(host.hardware, 'aqic', APQN, []);
      expect(await aqic(host, task, { ...ON, nib })).toBe(6);
      expect(asked.calls).toBe(0);
      expect(held(host)).toEqual([0, 0, 0]);
    }),
  );

  test('a page that cannot be pinned answers 06, and what the queue had stays', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      const { container } = host.vm('guest1').qemu;
      expect(await aqic(host, task, ON)).toBe(0);
      container.pin = () => Promise.resolve(-22);
      expect(await aqic(host, task, OTHER)).toBe(6);
      expect(held(host)).toEqual([1, 0, 1]);
      expect(saved(host)).toEqual([3, 0x20000]);
    }));

  test('vfio-L7: enabled again, the queue holds the new resources only', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      await aqic(host, task, ON);
      script(host.hardware, 'aqic', APQN, [0]);
      expect(await aqic(host, task, OTHER)).toBe(0);
      expect(held(host)).toEqual([0, 1, 1]);
      expect(saved(host)).toEqual([5, 0x30000]);
    }));

  test('an AQIC that finds the queue enabled (07) gives back what is new, and the previous resources stay', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      await aqic(host, task, ON);
      expect(await aqic(host, task, OTHER)).toBe(7);
      expect(held(host)).toEqual([1, 0, 1]);
      expect(saved(host)).toEqual([3, 0x20000]);
      expect(warnings(host)).toEqual([]);
    }));

  // With what AQIC answers to the disable routine that follows; undefined: what the queue says.
  test.each([
    ['vfio-L9: the machine answers 05 on enable', 0x05],
    ['the machine answers 01 on enable', 0x01],
    ['the machine answers 02 on enable', 0x02],
    ['the machine answers 03 on enable', 0x03],
    ['the machine answers 04 on enable', 0x04],
    ['the machine answers 06 on enable', 0x06],
    ['the machine answers 08 on enable', 0x08],
  ])('%s: that is returned, a warning, previous and new resources are freed', (_what, rc) =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      await aqic(host, task, ON);
      const asked = script(host.hardware, 'aqic', APQN, [rc]);
      expect(await aqic(host, task, OTHER)).toBe(rc);
      // One to enable, one to disable.
      expect(asked.calls).toBe(2);
      expect(warnings(host)).toMatchObject([{ queue: '05.0004', rc }]);
      expect(held(host)).toEqual([0, 0, 0]);
      expect(saved(host)).toEqual(NOTHING);
    }),
  );

  test('whatever else the machine may answer on enable, also what ours never does, is returned and frees everything', () =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      const errors = [...new Set<number>(Object.values(Rc))].filter((rc) => rc !== Rc.NORMAL && rc !== Rc.OTHERWISE_CHANGED);
      expect(errors.length).toBeGreaterThan(15);
      for (const rc of errors) {
        expect([rc, await aqic(host, task, ON), held(host)]).toEqual([rc, 0, [1, 0, 1]]);
        host.log.length = 0;
        script(host.hardware, 'aqic', APQN, [rc]);
        expect([rc, await aqic(host, task, OTHER), held(host), saved(host)]).toEqual([rc, rc, [0, 0, 0], NOTHING]);
        expect(warnings(host)).toMatchObject([{ queue: '05.0004', rc }]);
      }
    }));

  test('vfio-L9: the defect Q10 keeps the pin and the ISC of the attempt', () =>
    onHost(kind, { quirks: new Set(['Q10']), leftovers: true, findings: true }, async (host, task) => {
      await oneQueue(host, task);
      await aqic(host, task, ON);
      script(host.hardware, 'aqic', APQN, [5]);
      expect(await aqic(host, task, OTHER)).toBe(5);
      expect(held(host)).toEqual([0, 1, 1]);
      expect(saved(host)).toEqual(NOTHING);
    }));

  test.each([
    ['00, at once', [], 0, 1],
    ['07, as it is off already', [7], 7, 1],
    ['05 five times, then 00', [5, 5, 5, 5, 5], 0, 6],
    ['02, then 05, then 00', [2, 5], 0, 3],
  ])('a disable that the machine answers with %s frees the resources without a warning', (_what, codes, rc, calls) =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      await aqic(host, task, ON);
      const asked = script(host.hardware, 'aqic', APQN, codes);
      // The machine that says "off already" says so to TAPQ, too.
      if (rc === 7) script(host.hardware, 'tapq', APQN, [0]);
      expect(await aqic(host, task, OFF)).toBe(rc);
      expect(asked.calls).toBe(calls);
      expect(warnings(host)).toEqual([]);
      expect(held(host)).toEqual([0, 0, 0]);
    }),
  );

  test.each([0x01, 0x03, 0x04, 0x06, 0x08, 0x09, 0x0a, 0x0b, 0x42])(
    'a disable that the machine answers with %i is not tried again, and frees the resources',
    (rc) =>
      onHost(kind, {}, async (host, task) => {
        await oneQueue(host, task);
        await aqic(host, task, ON);
        const asked = script(host.hardware, 'aqic', APQN, [rc]);
        const looked = script(host.hardware, 'tapq', APQN, []);
        expect(await aqic(host, task, OFF)).toBe(rc);
        expect([asked.calls, looked.calls]).toEqual([1, 0]);
        expect(warnings(host)).toMatchObject([{ queue: '05.0004', rc }]);
        expect(held(host)).toEqual([0, 0, 0]);
      }),
  );

  test.each([5, 2])('vfio-L11: a disable that stays busy (%i) is tried six times, then the resources are freed', (rc) =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      await aqic(host, task, ON);
      const asked = script(
        host.hardware,
        'aqic',
        APQN,
        Array.from({ length: 6 }, () => rc),
      );
      expect(await aqic(host, task, OFF)).toBe(rc);
      expect(asked.calls).toBe(6);
      expect(warnings(host)).toMatchObject([{ rc }]);
      expect(held(host)).toEqual([0, 0, 0]);
      expect(saved(host)).toEqual(NOTHING);
    }),
  );

  test.each([
    ['at once', 0, 1, 0],
    ['with the fifth look', 4, 5, 0],
    ['not within five looks', 5, 5, 1],
  ])('a disabled interrupt that is off %s', (_what, times, looks, warned) =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      await aqic(host, task, ON);
      const looked = slowToClear(host, times);
      expect(await aqic(host, task, OFF)).toBe(0);
      expect(looked.calls).toBe(looks);
      expect(warnings(host).length).toBe(warned);
      expect(held(host)).toEqual([0, 0, 0]);
    }),
  );

  test.each([
    ['05 is looked at again', [5, 5], 3, 0],
    ['01 ends the wait with a warning', [1], 1, 1],
    ['03 ends the wait with a warning', [5, 3], 2, 1],
  ])('while the interrupt is waited to be off, TAPQ %s', (_what, codes, looks, warned) =>
    onHost(kind, {}, async (host, task) => {
      await oneQueue(host, task);
      await aqic(host, task, ON);
      const looked = script(host.hardware, 'tapq', APQN, codes);
      expect(await aqic(host, task, OFF)).toBe(0);
      expect(looked.calls).toBe(looks);
      expect(warnings(host).length).toBe(warned);
      expect(held(host)).toEqual([0, 0, 0]);
    }),
  );

  test('two queues of a guest count the same ISC twice, and the alert goes with the last', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5, 6], domains: [4] });
      await host.attach(task, 'guest1', M1);
      const { gisa } = host.vm('guest1').kvm;
      for (const apqn of [APQN, 0x0604]) expect(await aqic(host, task, ON, apqn)).toBe(0);
      expect([...held(host), gisa.alertMask]).toEqual([2, 0, 2, 0x10]);
      await aqic(host, task, OFF);
      expect([...held(host), gisa.alertMask]).toEqual([1, 0, 1, 0x10]);
      await aqic(host, task, OFF, 0x0604);
      expect([...held(host), gisa.alertMask]).toEqual([0, 0, 0, 0]);
    }));
});

test('vfio-L11: six tries take at least 120 ms of the clock', () =>
  onHost('controlled', { strategy: TASKS_FIRST }, async (host, task) => {
    await oneQueue(host, task);
    await aqic(host, task, ON);
    script(host.hardware, 'aqic', APQN, [5, 5, 5, 5, 5, 5]);
    const start = host.rt.now();
    await aqic(host, task, OFF);
    expect(host.rt.now() - start).toBeGreaterThanOrEqual(120);
  }));

test('an AQIC that comes by a hook that leads to the mdev of another guest takes the ISC and the page of that guest', () =>
  onHost('controlled', { strategy: TASKS_FIRST, quirks: ['stale-hook'], leftovers: true, watch: false }, async (host, task) => {
    await host.create(task, M1, { adapters: [5], domains: [4] });
    await host.create(task, M2, { adapters: [6], domains: [4] });
    const other = host.vm('guest2');
    expect(await host.attach(task, 'guest2', M2)).toBe(0);
    expect(await host.mdev(M1).device.open(task, other.qemu)).toBe(EPERM);
    expect(await host.attach(task, 'guest1', M1)).toBe(0);
    expect((await host.cpu('guest2').aqic(task, APQN, ON)).rc).toBe(0);
    expect(held(host)).toEqual([1, 0, 1]);
    expect([other.kvm.gisa.totalReferences, other.qemu.container.pins]).toEqual([0, 0]);
    await host.detach(task, 'guest1');
    expect(held(host)).toEqual([0, 0, 0]);
  }));

test('an interrupt of a queue without mdev cannot be given back: that is logged and it is kept', () =>
  onHost('controlled', { strategy: TASKS_FIRST, leftovers: true, findings: true, watch: false }, async (host, task) => {
    const queue = new VfioApQueue(host.layer, APQN);
    for (const field of [queue.mdev, queue.savedIsc, queue.savedIova]) field.guardedBy('unguarded');
    await queue.savedIsc.write(task, 3);
    await queue.savedIova.write(task, 0x20000);
    host.log.length = 0;
    await releaseInterrupt(task, host.machine.vfioAp.matrixDev, queue);
    expect(warnings(host).length).toBe(2);
    expect([queue.savedIsc.inspect(), queue.savedIova.inspect()]).toEqual([3, 0x20000]);
  }));
