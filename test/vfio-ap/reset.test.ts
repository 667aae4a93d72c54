/**
 * Goal: the reset of a queue goes through the states of the kernel's: what starts it, what the work item makes of each TAPQ, what is released
 * and when, what is logged and how often.
 * Method: scripted response codes on a whole host, through the RESET ioctl.
 */
import { describe, expect, test } from 'vitest';
import { KERNELS } from '../../src/base/kernel-profile.ts';
import { bareStatus } from '../../src/crypto-adapters/ap-status.ts';
import { Rc } from '../../src/crypto-adapters/response-code.ts';
import type { Task } from '../../src/runtime/task.ts';
import { isPassable } from '../../src/vfio-ap/vfio-ap-queue.ts';
import { M1, RUNTIMES, TASKS_FIRST, onHost, script, type Host } from '../helpers/host.ts';

const APQN = 0x0504;
const IRQ = { ir: true, isc: 3, nib: 0x20000 };
const EIO = -5;

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

const lines = (host: Host): Line[] => host.log.map((line) => JSON.parse(line) as Line);
const warnings = (host: Host): Line[] => lines(host).filter(({ level }) => level === 40);
const reset = (host: Host, task: Task) => host.mdev(M1).device.reset(task);
const status = (host: Host) => host.queue(APQN).resetStatus.inspect().rc;
const held = (host: Host): number[] => [host.vm('guest1').kvm.gisa.referenceCount(3), host.vm('guest1').qemu.container.pins];

/** One queue, in use, with an interrupt; the log is empty. */
async function interrupting(host: Host, task: Task): Promise<void> {
  await host.create(task, M1, { adapters: [5], domains: [4] });
  expect(await host.attach(task, 'guest1', M1)).toBe(0);
  expect((await host.cpu('guest1').aqic(task, APQN, IRQ)).rc).toBe(0);
  expect(held(host)).toEqual([1, 1]);
  host.log.length = 0;
}

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  // [ZAPQ, then the real queue] -> TAPQs, ZAPQs, result, stored status, held afterwards, warnings, still passable
  test.each([
    ['00: waits for it', 0x00, { tapqs: 1, zapqs: 1, result: 0, stored: 0, held: 0, warnings: 0 }],
    ['02: waits, repeats it', 0x02, { tapqs: 2, zapqs: 2, result: 0, stored: 0, held: 0, warnings: 0 }],
    ['05: waits, repeats it', 0x05, { tapqs: 2, zapqs: 2, result: 0, stored: 0, held: 0, warnings: 0 }],
    ['0A: waits, repeats it', 0x0a, { tapqs: 2, zapqs: 2, result: 0, stored: 0, held: 0, warnings: 0 }],
    ['03: counts as reset, nothing to wait for', 0x03, { tapqs: 0, zapqs: 1, result: EIO, stored: 3, held: 0, warnings: 0 }],
    ['04: counts as reset, nothing to wait for', 0x04, { tapqs: 0, zapqs: 1, result: EIO, stored: 4, held: 0, warnings: 0 }],
    ['01: a warning, nothing else', 0x01, { tapqs: 0, zapqs: 1, result: EIO, stored: 1, held: 1, warnings: 1 }],
    ['06: a warning, nothing else', 0x06, { tapqs: 0, zapqs: 1, result: EIO, stored: 6, held: 1, warnings: 1 }],
    ['35: a warning, nothing else', 0x35, { tapqs: 0, zapqs: 1, result: EIO, stored: 0x35, held: 1, warnings: 1 }],
  ])('ZAPQ answers %s', (_what, rc, expected) =>
    onHost(kind, {}, async (host, task) => {
      await interrupting(host, task);
      const zapq = script(host.hardware, 'zapq', APQN, rc === 0 ? [] : [rc]);
      const tapq = script(host.hardware, 'tapq', APQN, []);
      const result = await reset(host, task);
      const found = {
        tapqs: tapq.calls,
        zapqs: zapq.calls,
        result,
        stored: status(host),
        held: held(host)[0],
        warnings: warnings(host).length,
      };
      expect(found).toEqual(expected);
      for (const line of warnings(host)) expect(line).toMatchObject({ queue: '05.0004', rc });
    }),
  );

  test('ZAPQ answers anything else, also what our machine never does: not passable, -EIO, a warning, nobody waits', () =>
    onHost(kind, {}, async (host, task) => {
      await interrupting(host, task);
      const known: ReadonlySet<number> = new Set([0x00, 0x02, 0x03, 0x04, 0x05, 0x0a]);
      const others = [...new Set<number>(Object.values(Rc))].filter((rc) => !known.has(rc));
      expect(others.length).toBeGreaterThan(15);
      for (const rc of others) {
        host.log.length = 0;
        script(host.hardware, 'zapq', APQN, [rc]);
        const tapq = script(host.hardware, 'tapq', APQN, []);
        expect([rc, await reset(host, task), status(host), held(host), tapq.calls]).toEqual([rc, EIO, rc, [1, 1], 0]);
        expect(isPassable(bareStatus(rc), KERNELS.current)).toBe(false);
        expect(warnings(host)).toMatchObject([{ queue: '05.0004', rc }]);
      }
    }));

  test.each([
    ['00: done', [0x00], { zapqs: 1, stored: 0, held: 0, warnings: 0 }],
    ['03: done, though the card is gone by now', [0x03], { zapqs: 1, stored: 0, held: 0, warnings: 0 }],
    ['04: done', [0x04], { zapqs: 1, stored: 0, held: 0, warnings: 0 }],
    ['02 and 05: looks again', [0x02, 0x05, 0x02, 0x00], { zapqs: 1, stored: 0, held: 0, warnings: 0 }],
    ['35: resets again', [0x35, 0x00], { zapqs: 2, stored: 0, held: 0, warnings: 0 }],
    ['36: resets again, as often as it answers that', [0x36, 0x36, 0x00], { zapqs: 3, stored: 0, held: 0, warnings: 0 }],
    ['01: warns and stops', [0x01], { zapqs: 1, stored: 0, held: 1, warnings: 1 }],
    ['0A: warns and stops', [0x0a], { zapqs: 1, stored: 0, held: 1, warnings: 1 }],
    ['busy, then 06: warns and stops', [0x05, 0x06], { zapqs: 1, stored: 0, held: 1, warnings: 1 }],
  ])('TAPQ answers %s', (_what, codes, expected) =>
    onHost(kind, {}, async (host, task) => {
      await interrupting(host, task);
      const zapq = script(host.hardware, 'zapq', APQN, []);
      const tapq = script(host.hardware, 'tapq', APQN, codes);
      expect(await reset(host, task)).toBe(0);
      expect({ zapqs: zapq.calls, stored: status(host), held: held(host)[0], warnings: warnings(host).length }).toEqual(expected);
      expect(tapq.calls).toBe(codes.length);
      for (const line of warnings(host)) expect(line).toMatchObject({ queue: '05.0004', rc: codes.at(-1) });
    }),
  );

  test.each([
    ['03, which ends the wait at the next TAPQ', [2, 3], [0, 3], 3, 0],
    ['06, which is final although the queue looks reset', [2, 6], [0, 0], 6, 0],
    ['02, and is repeated once more', [2, 2, 0], [0, 0, 0], 0, 0],
    ['00, but TAPQ cannot confirm it', [5, 0], [0, 1], 0, 1],
  ])('the repeated ZAPQ answers %s', (_what, zapqs, tapqs, stored, kept) =>
    onHost(kind, {}, async (host, task) => {
      await interrupting(host, task);
      const zapq = script(host.hardware, 'zapq', APQN, zapqs);
      const tapq = script(host.hardware, 'tapq', APQN, tapqs);
      expect(await reset(host, task)).toBe(stored === 0 ? 0 : EIO);
      expect([zapq.calls, tapq.calls, status(host), held(host)[0]]).toEqual([zapqs.length, tapqs.length, stored, kept]);
    }),
  );

  test('the queues of a group are all started before the first is waited for, and one that is deconfigured makes it -EIO', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5, 6], domains: [4] });
      await host.attach(task, 'guest1', M1);
      const order: string[] = [];
      const real = { zapq: host.hardware.zapq.bind(host.hardware), tapq: host.hardware.tapq.bind(host.hardware) };
      host.hardware.zapq = (by, apqn) => {
        order.push(`zapq ${apqn.toString(16)}`);
        return apqn === 0x0504 ? bareStatus(3) : real.zapq(by, apqn);
      };
      host.hardware.tapq = (by, apqn) => {
        order.push(`tapq ${apqn.toString(16)}`);
        return real.tapq(by, apqn);
      };
      expect(await reset(host, task)).toBe(EIO);
      expect(order).toEqual(['zapq 504', 'zapq 604', 'tapq 604']);
      expect(host.queue(0x0604).resetStatus.inspect().rc).toBe(0);
    }));

  test('a queue whose reset failed is out of guests until a later reset succeeds', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      script(host.hardware, 'zapq', APQN, [6]);
      await reset(host, task);
      await host.assign(task, M1, { domains: [0x47] });
      expect(host.masks('guest1').apm).toEqual([]);
      expect(await reset(host, task)).toBe(0);
      expect(host.masks('guest1').apm).toEqual([]);
      await host.assign(task, M1, { domains: [0xab] });
      expect(host.masks('guest1').apm).toEqual([5]);
    }));
});

/** Only timers move the clock, so times are exact. */
const EXACT = { strategy: TASKS_FIRST };

test('the work item looks every 20 ms, and there is no limit', () =>
  onHost('controlled', EXACT, async (host, task) => {
    await interrupting(host, task);
    const tapq = script(
      host.hardware,
      'tapq',
      APQN,
      Array.from({ length: 999 }, () => 2),
    );
    const begin = host.rt.now();
    expect(await reset(host, task)).toBe(0);
    expect([tapq.calls, host.rt.now() - begin]).toEqual([1000, 20_000]);
  }));

test('each look that finds it busy is noted, ten times in five seconds at most', () =>
  onHost('controlled', EXACT, async (host, task) => {
    await interrupting(host, task);
    script(
      host.hardware,
      'tapq',
      APQN,
      Array.from({ length: 300 }, (_, i) => (i % 2 === 0 ? 2 : 5)),
    );
    await reset(host, task);
    const notices = lines(host);
    expect(notices[0]).toMatchObject({
      ...{ level: 30, queue: '05.0004', elapsed: 20, rc: 2, queueEmpty: false, irqEnabled: false },
      msg: 'waited 20 ms for the reset of the queue',
    });
    expect(notices.map(({ elapsed }) => elapsed)).toEqual([
      ...[20, 40, 60, 80, 100, 120, 140, 160, 180, 200],
      ...[5040, 5060, 5080, 5100, 5120, 5140, 5160, 5180, 5200, 5220],
    ]);
    // 5 s after the first notice the next is written: what lay between is told with it.
    expect(notices[10]).toMatchObject({ rc: 5, suppressed: 241 });
    expect(notices[11]).not.toHaveProperty('suppressed');
  }));

test('the queues of a host share the limit of the notices', () =>
  onHost('controlled', EXACT, async (host, task) => {
    await host.create(task, M1, { adapters: [5, 6], domains: [4] });
    await host.attach(task, 'guest1', M1);
    host.log.length = 0;
    for (const apqn of [0x0504, 0x0604])
      script(
        host.hardware,
        'tapq',
        apqn,
        Array.from({ length: 8 }, () => 2),
      );
    await reset(host, task);
    const notices = lines(host);
    expect(notices.length).toBe(10);
    expect(new Set(notices.map(({ queue }) => queue))).toEqual(new Set(['05.0004', '06.0004']));
  }));
