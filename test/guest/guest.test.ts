/**
 * Goal: a guest's RSA workload comes through, with right results, whatever the cards do. Method: guest and real hardware model end to end,
 * without a hypervisor, in both runtimes, with interrupts and by polling, with cards that go, come back, or never answer.
 */
import { describe, expect, test } from 'vitest';
import { ApMask } from '../../src/base/ap-mask.ts';
import { apqnOf } from '../../src/base/apqn.ts';
import { OPERATION_EXCEPTION, ProgramInterruption } from '../../src/base/program-interruption.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import type { ApInstructions } from '../../src/crypto-adapters/ap-instructions.ts';
import { parseCardType } from '../../src/crypto-adapters/card-type.ts';
import { RUNTIMES, settle } from '../helpers/in-task.ts';
import { GuestRun, type Setup } from './guest-run.ts';

const QUEUES = [apqnOf(5, 4), apqnOf(5, 0x47), apqnOf(6, 4), apqnOf(6, 0x47)];

function expectAllVerified(run: GuestRun, operations: number): void {
  const { statistics } = run.guest;
  expect(statistics.complaints).toEqual([]);
  expect(statistics).toMatchObject({ operations, verified: operations, errors: 0 });
  expect(run.guest.progress).toEqual({ operations, expected: operations });
  expect(run.layer.findings.list.map(({ title }) => title)).toEqual([]);
}

function expectCleanHardware(run: GuestRun): void {
  for (const apqn of QUEUES) {
    const state = run.hardware.queueState(apqn);
    expect([state?.outstanding ?? 0, state?.irq ?? null]).toEqual([0, null]);
  }
  expect(run.guest.outstanding).toBe(0);
  expect(run.guest.queues.size).toBe(0);
}

describe.each(RUNTIMES)('in the %s runtime', (_name, make) => {
  test('every result is verified, with interrupts', async () => {
    const run = new GuestRun(make(1));
    await run.run();
    expectAllVerified(run, 24);
    expect(run.guest.statistics.retries).toBe(0);
    expect(run.guest.interrupts.taken).toBeGreaterThan(0);
    expectCleanHardware(run);
    expect(run.guest.statistics.latency.count).toBe(24);
    expect(run.guest.statistics.p99Ms).toBeGreaterThanOrEqual(run.guest.statistics.p50Ms);
  });

  test.each<[string, Setup]>([
    ['because the guest does not want interrupts', { guest: { interrupts: false } }],
    ['because the machine has none', { hardware: { facilities: { aqic: false } } }],
  ])('every result is verified, by polling %s', async (_why, setup) => {
    const run = new GuestRun(make(2), setup);
    await run.run();
    expectAllVerified(run, 24);
    expect(run.guest.interrupts.taken).toBe(0);
    expect([5, 6].map((id) => run.hardware.counters(id)!.irqs)).toEqual([0, 0]);
    expectCleanHardware(run);
  });

  test('every result is verified while interruptions stop reaching the guest and come again, without any scan', async () => {
    const run: GuestRun = new GuestRun(make(2), {
      hardware: { service: () => 1 },
      guest: {
        rescanMs: 0,
        retryLimitMs: 5000,
        onOperation: () => {
          const { operations } = run.guest.progress;
          run.platform.swallowsInterruptions = operations >= 6 && operations < 18;
        },
      },
    });
    await run.run();
    expectAllVerified(run, 24);
    expect(run.guest.interrupts.taken).toBeGreaterThan(0);
    expect(run.guest.scans).toBe(1);
    expectCleanHardware(run);
  });

  test('without QCI all possible queues are tried', async () => {
    const run = new GuestRun(make(3), { hardware: { facilities: { qci: false }, usageDomains: ApMask.of(4) }, guest: { rescanMs: 0 } });
    await run.run();
    expectAllVerified(run, 24);
    expect(run.kinds('06.0004')).toEqual(['guest.queue-added', 'guest.queue-removed']);
  });

  test.each([true, false])(
    'cards deconfigured in the middle and back: retried, all verified (reported by the machine: %s)',
    async (reports) => {
      const run: GuestRun = new GuestRun(make(4), {
        hardware: { service: () => 1 },
        guest: {
          rescanMs: 20,
          workload: { operations: 40, bits: [512, 1024], forms: ['mex', 'crt'] },
        },
      });
      run.rt.spawn('administrator', async (task) => {
        while (run.guest.progress.operations < 20) await run.rt.sleep(task, 1);
        for (const id of [5, 6]) run.hardware.configure(id, false);
        while (run.guest.statistics.retries < 6) await run.rt.sleep(task, 5);
        for (const id of [5, 6]) run.hardware.configure(id, true);
      });
      run.platform.reportsChanges = reports;
      await run.run();
      expectAllVerified(run, 80);
      expect(run.guest.statistics.retries).toBeGreaterThan(0);
      expect(run.guest.statistics.stallMs).toBeGreaterThan(0);
      expect(run.kinds('05.0004')).toEqual([
        'guest.queue-added',
        'guest.queue-deconfigured',
        'guest.queue-configured',
        'guest.queue-removed',
      ]);
      expectCleanHardware(run);
    },
  );

  test('one card unplugged for good: its requests move to the other one', async () => {
    const run: GuestRun = new GuestRun(make(5), {
      hardware: { service: () => 1 },
      guest: {
        onOperation: () => {
          if (run.guest.progress.operations === 6) run.hardware.unplug(6);
        },
      },
    });
    await run.run();
    expectAllVerified(run, 24);
    expect(run.kinds('06.0004')).toEqual(['guest.queue-added', 'guest.queue-removed']);
    expect(run.hardware.counters(5)!.replies).toBeGreaterThan(0);
    expectCleanHardware(run);
  });

  test('a card that is plugged in later is found and used', async () => {
    const run = new GuestRun(make(6), { adapters: [] });
    run.rt.spawn('administrator', async (task) => {
      while (run.guest.statistics.retries < 3) await run.rt.sleep(task, 5);
      run.hardware.plug({ id: 9, type: parseCardType('CEX7C')! });
    });
    await run.run();
    expectAllVerified(run, 24);
    expect(run.hardware.counters(9)!.requests).toBeGreaterThanOrEqual(24);
  });

  test('a reset behind the back of the guest loses nothing: requests are sent again', async () => {
    const run: GuestRun = new GuestRun(make(7), {
      adapters: [[5, 'CEX8C']],
      hardware: { service: () => 5, usageDomains: ApMask.of(4) },
      guest: { rescanMs: 30 },
    });
    run.rt.spawn('hypervisor', async (task) => {
      while (run.guest.progress.operations < 4) await run.rt.sleep(task, 1);
      await run.hardware.zapq(task, apqnOf(5, 4));
    });
    await run.run();
    expectAllVerified(run, 24);
    // What was on the hardware was lost, and nobody but the driver knows: it sent that again, or failed it and the program tried again.
    expect(run.hardware.counters(5)!.requests).toBeGreaterThan(24);
    expectCleanHardware(run);
  });

  test('a card that never answers is given up after the limit', async () => {
    const run = new GuestRun(make(8), {
      hardware: { service: () => 600_000 },
      guest: { retryLimitMs: 60, workload: { operations: 1, bits: [512], forms: ['crt'] } },
    });
    await run.run();
    expect(run.guest.statistics).toMatchObject({ operations: 2, verified: 0, errors: 2 });
    expect(run.guest.statistics.complaints[0]).toBe('RSA-512 crt: no answer within 60 ms (ETIME)');
    expect(run.events.events.filter(({ kind }) => kind === 'guest.operation-failed')).toHaveLength(2);
    expectCleanHardware(run);
  });

  test('without any card every operation is given up after the limit', async () => {
    const run = new GuestRun(make(9), {
      adapters: [[5, 'CEX8P']],
      guest: { retryLimitMs: 30, workload: { operations: 1, bits: [512], forms: ['mex'] } },
    });
    await run.run();
    expect(run.guest.statistics).toMatchObject({ operations: 2, verified: 0, errors: 2 });
    expect(run.guest.statistics.complaints[0]).toContain('given up with ENODEV');
  });

  test('a machine without AP instructions has no queues', async () => {
    const refuse = (): never => {
      throw new ProgramInterruption(OPERATION_EXCEPTION, 'PQAP(TAPQ)');
    };
    const none: ApInstructions = { tapq: refuse, rapq: refuse, zapq: refuse, aqic: refuse, qci: refuse, nqap: refuse, dqap: refuse };
    const run = new GuestRun(make(10), {
      wrap: () => none,
      guest: { retryLimitMs: 20, workload: { operations: 1, bits: [512], forms: ['mex'] } },
    });
    await run.run();
    expect(run.guest.statistics.errors).toBe(2);
    expect(run.events.count).toBe(2);
  });

  test('a wrong result is an error, not a retry', async () => {
    const wrong = (length: number): Uint8Array => new Uint8Array(length).fill(1);
    const rsa = { modExpo: (n: Uint8Array) => wrong(n.length), crt: (...parts: Uint8Array[]) => wrong(parts[5]!.length) };
    const run = new GuestRun(make(11), { hardware: { rsa }, guest: { workload: { operations: 3, bits: [1024], forms: ['crt'] } } });
    await run.run();
    expect(run.guest.statistics).toMatchObject({ operations: 6, verified: 0, errors: 6, retries: 0 });
    expect(run.guest.statistics.complaints[0]).toBe('RSA-1024 crt: wrong result');
  });

  test('stop ends the workload early without an error', async () => {
    const run: GuestRun = new GuestRun(make(12), {
      guest: {
        workload: { operations: 1000, bits: [512], forms: ['mex'] },
        onOperation: () => {
          if (run.guest.progress.operations === 10) run.guest.stop();
        },
      },
    });
    await run.run();
    expect(run.guest.statistics.errors).toBe(0);
    expect(run.guest.statistics.operations).toBeGreaterThanOrEqual(10);
    expect(run.guest.statistics.operations).toBeLessThanOrEqual(12);
    expectCleanHardware(run);
  });

  test('a guest without a workload scans, serves and ends when it is stopped', async () => {
    const run = new GuestRun(make(13), { guest: { workload: null } });
    expect(run.guest.daemon).toBe(true);
    const cpus = run.platform.cpus.map((cpu) => run.rt.spawn(`CPU ${cpu.id}`, (task) => run.guest.runVcpu(task, cpu), { daemon: true }));
    run.rt.spawn('administrator', async (task) => {
      while (!run.kinds('06.0047').includes('guest.queue-added')) await run.rt.sleep(task, 5);
      run.hardware.configure(6, false);
      while (!run.kinds('06.0047').includes('guest.queue-deconfigured')) await run.rt.sleep(task, 5);
      run.guest.stop();
      for (const cpu of cpus) await run.rt.join(task, cpu);
    });
    await settle(run.rt);
    expect(run.kinds('06.0047')).toEqual(['guest.queue-added', 'guest.queue-deconfigured', 'guest.queue-removed']);
    expectCleanHardware(run);
  });
});

test('a checkstopped card is left alone until it recovers', async () => {
  const run: GuestRun = new GuestRun(new ControlledRuntime({ seed: 21 }), {
    hardware: { service: () => 1 },
    guest: {
      onOperation: () => {
        if (run.guest.progress.operations === 6) run.hardware.checkstop(6, true);
        if (run.guest.progress.operations === 16) run.hardware.checkstop(6, false);
      },
      workload: { operations: 30, bits: [512], forms: ['mex'] },
    },
  });
  await run.run();
  expectAllVerified(run, 60);
  expect(run.kinds('06.0004')).toEqual(['guest.queue-added', 'guest.queue-checkstopped', 'guest.queue-recovered', 'guest.queue-removed']);
});

test('a swapped card is a new queue', async () => {
  const run: GuestRun = new GuestRun(new ControlledRuntime({ seed: 22 }), {
    adapters: [[5, 'CEX8C']],
    guest: {
      onOperation: () => {
        if (run.guest.progress.operations !== 6) return;
        run.hardware.unplug(5);
        run.hardware.plug({ id: 5, type: parseCardType('CEX8A')! });
      },
    },
  });
  await run.run();
  expectAllVerified(run, 24);
  expect(run.kinds('05.0004')).toEqual(['guest.queue-added', 'guest.queue-removed', 'guest.queue-added', 'guest.queue-removed']);
});

test('many schedules: no request is lost while cards flicker and somebody resets a queue', async () => {
  // Seed 1004: the reset comes between AQIC and its effect.
  for (const seed of [1004, 1028, ...Array.from({ length: 38 }, (_, n) => 100 + n)]) {
    const cpus = 1 + (seed % 4);
    const run: GuestRun = new GuestRun(new ControlledRuntime({ seed }), {
      hardware: { service: () => 0.1, irqEnableMs: seed % 3 },
      cpus,
      guest: {
        rescanMs: seed % 2 === 0 ? 5 : 250,
        interrupts: seed % 5 !== 0,
        workload: { operations: 6, bits: [512], forms: ['mex', 'crt'] },
        onOperation: () => {
          const { operations } = run.guest.progress;
          run.hardware.configure(operations % 2 === 0 ? 5 : 6, operations % 3 !== 0);
        },
      },
    });
    run.rt.spawn('hypervisor', async (task) => {
      for (let n = 0; n < 5; n++) {
        await run.rt.sleep(task, 3);
        await run.hardware.zapq(task, apqnOf(5, 4));
      }
    });
    run.rt.timer('settle', 200, () => [5, 6].forEach((id) => run.hardware.configure(id, true)));
    await run.run();
    expectAllVerified(run, 6 * cpus);
  }
});
