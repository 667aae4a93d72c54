/**
 * Goal: adapter interruptions reach exactly one vCPU that can take them, and nobody is left with one pending. Method: a GISA with its GIB and
 * idle vCPUs, with the timer of a controlled clock.
 */
import { describe, expect, test } from 'vitest';
import { EINVAL, ENODEV, ERANGE, OK } from '../../src/base/errno.ts';
import { Gib } from '../../src/kvm/gib.ts';
import { Gisa, type GisaVcpu } from '../../src/kvm/gisa.ts';
import type { Timer } from '../../src/runtime/runtime.ts';
import { RUNTIMES, inTask } from '../helpers/in-task.ts';
import { makeVm } from './vm.ts';

const NISC = 5;

/** Timers that fire when the test says so. */
class Clock {
  readonly armed: { readonly ms: number; readonly fire: () => void }[] = [];

  timer(name: string, ms: number, fire: () => void): Timer {
    const entry = { ms, fire };
    this.armed.push(entry);
    return { name, cancel: () => void this.armed.splice(this.armed.indexOf(entry), 1) };
  }

  touch(): void {
    return;
  }

  fire(): void {
    this.armed.shift()!.fire();
  }
}

class IdleVcpu implements GisaVcpu {
  readonly id: number;
  openIscs: number;
  kicks = 0;

  constructor(id: number, openIscs = 0xff) {
    this.id = id;
    this.openIscs = openIscs;
  }

  kick(): void {
    this.kicks++;
  }
}

function make(openIscs: readonly number[] = [], aiv = true) {
  const clock = new Clock();
  const gib = new Gib();
  const gisa = new Gisa({ name: 'gisa', gib, aiv, rt: clock });
  const vcpus = openIscs.map((open, id) => new IdleVcpu(id, open));
  for (const vcpu of vcpus) gisa.enterIdle(vcpu);
  return { clock, gib, gisa, vcpus, kicks: () => vcpus.map(({ kicks }) => kicks) };
}

describe('registration of guest ISCs', () => {
  test('answers the ISC of the host, counts for each guest ISC, and sets the alert mask with the first and clears it with the last', () => {
    const { gisa } = make();
    expect([gisa.register(3), gisa.register(3), gisa.register(0)]).toEqual([NISC, NISC, NISC]);
    expect([gisa.referenceCount(3), gisa.totalReferences, gisa.alertMask]).toEqual([2, 3, 0x90]);
    expect([gisa.unregister(3), gisa.alertMask, gisa.unregister(3), gisa.alertMask]).toEqual([OK, 0x90, OK, 0x80]);
    expect(gisa.unregister(3)).toBe(EINVAL);
    expect([gisa.totalReferences, gisa.alertMask]).toEqual([1, 0x80]);
  });

  test.each([8, -1, 0.5, Number.NaN])('refuses ISC %d with ERANGE', (isc) => {
    const { gisa } = make();
    expect([gisa.register(isc), gisa.unregister(isc), gisa.totalReferences]).toEqual([ERANGE, ERANGE, 0]);
  });

  test('is ENODEV without GISA, whatever the ISC', () => {
    const { gisa } = make([], false);
    expect([gisa.register(3), gisa.register(8), gisa.unregister(3), gisa.unregister(8)]).toEqual([ENODEV, ENODEV, ENODEV, ENODEV]);
    expect(gisa.init()).toBe(false);
    expect(gisa.enabled).toBe(false);
  });

  test('outlives the GISA: what is given back in between does not count in the next one', () => {
    const { gisa } = make([0xff]);
    gisa.register(3);
    gisa.register(5);
    expect(gisa.destroy()).toBe(0x14);
    expect([gisa.unregister(3), gisa.register(5)]).toEqual([ENODEV, ENODEV]);
    expect([gisa.init(), gisa.init(), gisa.alertMask]).toEqual([true, false, 0x04]);
    expect([gisa.unregister(3), gisa.unregister(5), gisa.totalReferences]).toEqual([EINVAL, OK, 0]);
  });
});

describe('delivery', () => {
  test('gives out the most urgent open ISC, each once', () => {
    const { gisa } = make();
    for (const isc of [5, 2, 5]) gisa.adapterInterruption(isc);
    expect([gisa.pendingFor(0x04), gisa.pendingFor(0x80), gisa.delivered]).toEqual([true, false, 3]);
    expect([gisa.take(0x80), gisa.take(0xff), gisa.take(0xff), gisa.take(0xff)]).toEqual([null, 2, 5, null]);
  });

  test('kicks one idle vCPU, the first that would take it', () => {
    const { gisa, gib, kicks } = make([0x80, 0x04, 0xff, 0xff]);
    gisa.register(5);
    gisa.adapterInterruption(5);
    expect(kicks()).toEqual([0, 1, 0, 0]);
    expect([gib.interruptions, gisa.interruptionAlertMask, gisa.alertMask]).toEqual([1, 0, 0x04]);
  });

  test('is no alert for an ISC that nobody has registered, and the interruption stays pending', () => {
    const { gisa, gib, kicks, vcpus, clock } = make([0xff]);
    gisa.register(5);
    gisa.adapterInterruption(2);
    expect([gib.interruptions, kicks(), clock.armed.length]).toEqual([0, [0], 0]);
    gisa.leaveIdle(vcpus[0]!);
    expect(gisa.enterIdle(vcpus[0]!)).toBe(false);
    expect(gisa.take(0xff)).toBe(2);
  });

  test('looks again every 50 microseconds until somebody has taken it, and kicks nobody twice', () => {
    const { gisa, kicks, clock } = make([0xff, 0xff]);
    gisa.register(6);
    gisa.adapterInterruption(6);
    for (let round = 0; round < 3; round++) {
      expect(clock.armed.map(({ ms }) => ms)).toEqual([0.05]);
      clock.fire();
    }
    expect([kicks(), gisa.kicks]).toEqual([[1, 0], 1]);
    expect(gisa.take(0xff)).toBe(6);
    expect([clock.armed.length, gisa.repeats, gisa.interruptionAlertMask]).toEqual([0, false, 0x02]);
  });

  test('a kicked vCPU that has run without taking it is followed by another kick', () => {
    const { gisa, kicks, clock, vcpus } = make([0xff, 0xff]);
    gisa.register(6);
    gisa.adapterInterruption(6);
    gisa.leaveIdle(vcpus[0]!);
    clock.fire();
    expect(kicks()).toEqual([1, 1]);
    vcpus[0]!.openIscs = 0;
    expect(gisa.enterIdle(vcpus[0]!)).toBe(true);
    gisa.leaveIdle(vcpus[1]!);
    clock.fire();
    expect([kicks(), clock.armed.length]).toEqual([[1, 1], 0]);
    expect(gisa.enterIdle(vcpus[1]!)).toBe(false);
  });

  test('more interruptions during an alert are no further alerts', () => {
    const { gisa, gib, kicks } = make([0xff, 0xff]);
    gisa.register(6);
    gisa.register(3);
    for (const isc of [6, 6, 3]) gisa.adapterInterruption(isc);
    expect([gib.interruptions, kicks()]).toEqual([1, [1, 0]]);
    expect([gisa.take(0xff), gisa.repeats, gisa.take(0xff), gisa.repeats]).toEqual([3, true, 6, false]);
    gisa.adapterInterruption(6);
    expect(gib.interruptions).toBe(2);
  });

  test('without an idle vCPU nobody is kicked and no timer runs: who begins to wait finds it pending', () => {
    const { gisa, gib, clock } = make();
    gisa.register(6);
    gisa.adapterInterruption(6);
    expect([gib.interruptions, clock.armed.length]).toEqual([1, 0]);
    expect(gisa.enterIdle(new IdleVcpu(0))).toBe(false);
    expect(gisa.enterIdle(new IdleVcpu(1, 0x80))).toBe(true);
  });

  test('the last deregistration of what is pending ends the repeat', () => {
    const { gisa, clock } = make([0xff]);
    gisa.register(6);
    gisa.adapterInterruption(6);
    expect(clock.armed.length).toBe(1);
    expect([gisa.unregister(6), clock.armed.length]).toEqual([OK, 0]);
  });

  test('what comes without GISA is lost, and a new one has nothing pending', () => {
    const { gisa, clock, kicks } = make([0xff]);
    gisa.register(6);
    gisa.adapterInterruption(6);
    gisa.destroy();
    gisa.adapterInterruption(6);
    expect([clock.armed.length, gisa.take(0xff), gisa.lost, gisa.delivered]).toEqual([0, null, 1, 1]);
    gisa.init();
    expect([gisa.take(0xff), kicks()]).toEqual([null, [1]]);
    gisa.adapterInterruption(6);
    expect(gisa.take(0xff)).toBe(6);
  });

  test('several guests that are alerted while the list is worked on are seen to by the one interruption', () => {
    const gib = new Gib();
    const order: string[] = [];
    const second = { processAlert: () => void order.push('second') };
    const first = {
      processAlert: () => {
        gib.alert(second);
        order.push('first');
      },
    };
    gib.alert(first);
    expect([order, gib.interruptions]).toEqual([['first', 'second'], 1]);
    gib.alert(second);
    expect(gib.interruptions).toBe(2);
  });
});

describe.each(RUNTIMES)('on the %s runtime', (_name, makeRuntime) => {
  test('one of two idle vCPUs wakes for an interruption, the other sleeps on', async () => {
    const rt = makeRuntime(1);
    await inTask(rt, async (task) => {
      const { kvm } = makeVm(rt);
      const [first, second] = kvm.vcpus;
      const woken: string[] = [];
      first!.enabledIscs = 0x80;
      let stop = false;
      const sleepers = [first!, second!].map((vcpu) =>
        rt.spawn(vcpu.name, async (t) => {
          await vcpu.idle(t, () => stop);
          woken.push(`${vcpu.id}:${vcpu.takeInterruption()}`);
        }),
      );
      kvm.gisa.register(6);
      while (kvm.gisa.idleVcpus < 2) await rt.sleep(task, 1);
      kvm.gisa.adapterInterruption(6);
      await rt.join(task, sleepers[1]!);
      expect([woken, kvm.gisa.kicks, kvm.gisa.repeats]).toEqual([['1:6'], 1, false]);
      stop = true;
      first!.kick(task);
      await rt.join(task, sleepers[0]!);
      expect(woken).toEqual(['1:6', '0:null']);
    });
  });

  test('a vCPU whose PSW does not allow I/O interruptions takes none, and the next wait finds it', async () => {
    const rt = makeRuntime(1);
    await inTask(rt, async (task) => {
      const { kvm } = makeVm(rt);
      const vcpu = kvm.vcpus[0]!;
      kvm.gisa.register(6);
      vcpu.ioEnabled = false;
      kvm.gisa.adapterInterruption(6);
      expect([vcpu.takeInterruption(), await vcpu.idle(task, () => false, 1)]).toEqual([null, false]);
      vcpu.ioEnabled = true;
      expect([await vcpu.idle(task, () => false), vcpu.takeInterruption()]).toEqual([true, 6]);
      vcpu.aiv = false;
      kvm.gisa.adapterInterruption(6);
      expect(vcpu.takeInterruption()).toBe(null);
    });
  });
});
