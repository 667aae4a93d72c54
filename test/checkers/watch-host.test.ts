/**
 * Goal: the checkers of mask changes and resets fire when, and only when, their property is broken.
 * Method: masks are set and queues are reset by hand, or by the driver where that is right.
 */
import { describe, expect, test } from 'vitest';
import { ApMask } from '../../src/base/ap-mask.ts';
import { bareStatus } from '../../src/crypto-adapters/ap-status.ts';
import { watchHost } from '../../src/checkers/watch-host.ts';
import { setMasksLocked } from '../../src/kvm/crypto-masks.ts';
import { EMPTY_APCB, type Apcb } from '../../src/kvm/crycb.ts';
import { Findings } from '../../src/locks/finding.ts';
import type { Task } from '../../src/runtime/task.ts';
import { sameLock } from '../../src/vfio-ap/locking/port.ts';
import { resetQueues } from '../../src/vfio-ap/reset.ts';
import { M1, onHost, type Host } from '../helpers/host.ts';

const MASKS: Apcb = { apm: ApMask.of(5), aqm: ApMask.of(4), adm: ApMask.EMPTY };

async function give(host: Host, task: Task, masks: Apcb): Promise<void> {
  const { kvm } = host.vm('guest1');
  using _lock = await kvm.lock.acquire(task);
  await setMasksLocked(task, kvm, masks);
}

/** guest1 has adapter 5, domain 4; answers what the checkers say of `what` is done then. */
async function watched(what: (host: Host, task: Task) => Promise<unknown>): Promise<string[]> {
  const findings = new Findings();
  await onHost('controlled', { findings: true, watch: false, leftovers: true }, async (host, task) => {
    await host.create(task, M1, { adapters: [5], domains: [4] });
    await host.attach(task, 'guest1', M1);
    watchHost(host.machine, findings, { everyRelease: false });
    await what(host, task);
  });
  return findings.list.map(({ title }) => title);
}

const reset = async (host: Host, task: Task): Promise<void> => {
  await resetQueues(task, host.machine.vfioAp.matrixDev, [host.queue(0x0504)], sameLock);
};

describe('masks', () => {
  test('the same again are needless', async () => {
    const said = await watched((host, task) => give(host, task, MASKS));
    expect(said).toEqual([
      'invariant: masks are pushed when they change: the vCPUs of guest1 are stopped to be given the masks that they have',
    ]);
  });

  test('others are not, nor are empty ones', async () => {
    const said = await watched(async (host, task) => {
      await give(host, task, EMPTY_APCB);
      await give(host, task, EMPTY_APCB);
      await give(host, task, MASKS);
    });
    expect(said).toEqual([]);
  });

  test('what is given while the device is wanted back is too much', async () => {
    const said = await watched(async (host, task) => {
      const { device } = host.mdev(M1);
      const removal = host.rt.spawn('removal', (remover) => device.unregister(remover));
      while (!device.removing) await host.rt.sleep(task, 1);
      await give(host, task, EMPTY_APCB);
      await give(host, task, MASKS);
      await host.detach(task, 'guest1');
      await host.rt.join(task, removal);
    });
    expect(said).toEqual(['invariant: what a removal took away stays away: guest1 gets AP resources back while its device is wanted back']);
  });

  test('what comes from another device, before QEMU has noted that the one that is wanted back is gone, is not', async () => {
    const said = await watched(async (host, task) => {
      const { device } = host.mdev(M1);
      const { design } = host.machine.vfioAp;
      const detach = design.detach.bind(design);
      design.detach = async (closer, mdev) => {
        await detach(closer, mdev);
        await give(host, closer, MASKS);
        await give(host, closer, EMPTY_APCB);
      };
      const removal = host.rt.spawn('removal', (remover) => device.unregister(remover));
      while (!device.removing) await host.rt.sleep(task, 1);
      await host.detach(task, 'guest1');
      await host.rt.join(task, removal);
    });
    expect(said).toEqual([]);
  });
});

describe('filterings', () => {
  const ended = async (rc: number): Promise<string[]> =>
    await watched(async (host, task) => {
      host.queue(0x0504).resetStatus.set(task, bareStatus(rc));
      host.machine.vfioAp.matrixDev.onFiltered(host.mdev(M1));
      await Promise.resolve();
    });

  test.each([1, 6, 0x36])('leave no queue in the shadow whose last reset ended with code %i', async (rc) => {
    const code = rc.toString(16).padStart(2, '0');
    expect(await ended(rc)).toEqual([
      `invariant d: what is filtered in is passable: 05.0004 is in the shadow of ${M1}, but its last reset ended with ${code}`,
    ]);
  });

  test.each([0, 3, 4])('may leave one there whose last reset ended with code %i', async (rc) => {
    expect(await ended(rc)).toEqual([]);
  });

  test('are looked at where the driver filters', async () => {
    const looked: string[] = [];
    await watched(async (host, task) => {
      const { matrixDev } = host.machine.vfioAp;
      const others = matrixDev.onFiltered;
      matrixDev.onFiltered = (mdev) => {
        others(mdev);
        looked.push([...mdev.shadow.inspect().aqm.bits()].join());
      };
      await host.store(task, M1, 'assign_domain', '0x47');
    });
    expect(looked).toEqual(['4,71']);
  });
});

describe('resets', () => {
  test('a queue that a guest has is not reset behind its back', async () => {
    expect(await watched(reset)).toEqual(['invariant: resets make sense: queue 05.0004 is reset although guest1 has it']);
  });

  test('a guest may ask for it, and it ends with its device', async () => {
    const said = await watched(async (host, task) => {
      await host.vm('guest1').qemu.attached!.reset(task);
      await host.detach(task, 'guest1');
      await reset(host, task);
    });
    expect(said).toEqual([]);
  });

  test('a queue that has left the host is not reset', async () => {
    const said = await watched(async (host, task) => {
      const { matrixDev } = host.machine.vfioAp;
      const queue = host.queue(0x0504);
      host.hardware.unplug(5);
      await host.machine.bus.scan(task);
      matrixDev.onReset(queue);
    });
    expect(said).toEqual(['invariant: resets make sense: queue 05.0004 is reset although it has left the host']);
  });
});

describe('an AQIC', () => {
  const GIVEN = { gr0: 0x03000604n, gr1: 5n, gr2: 0n };

  test('whose answer the guest does not find is wrong', async () => {
    const findings = new Findings();
    await onHost('controlled', { quirks: ['Q13'], watch: false }, async (host, task) => {
      watchHost(host.machine, findings, { everyRelease: false });
      await host.cpu('guest1').pqap(task, GIVEN);
    });
    expect(findings.list.map(({ title }) => title)).toEqual([
      'invariant: a guest finds what AQIC answers: guest1 finds NORMAL in GR1, the answer was Q_NOT_AVAIL',
    ]);
  });

  test('whose answer it finds is not, with a hook or without', async () => {
    const said = await watched(async (host, task) => {
      await host.cpu('guest1').pqap(task, GIVEN);
      await host.cpu('guest2').pqap(task, GIVEN);
    });
    expect(said).toEqual([]);
  });
});
