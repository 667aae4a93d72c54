/**
 * Each invariant fires on a state that breaks it, and none fires on a host at work; what is left over at the end is found.
 */
import { describe, expect, test } from 'vitest';
import { InvariantWatch, INVARIANTS } from '../../src/checkers/invariants.ts';
import { ApMask } from '../../src/base/ap-mask.ts';
import { parseCardType } from '../../src/crypto-adapters/card-type.ts';
import { Findings } from '../../src/locks/finding.ts';
import { countLeftovers, isClean, leakFinding } from '../../src/machine/quiescence.ts';
import type { Task } from '../../src/runtime/task.ts';
import { EMPTY_MATRIX, type ApMatrix } from '../../src/vfio-ap/ap-matrix.ts';
import { ApMatrixMdev } from '../../src/vfio-ap/ap-matrix-mdev.ts';
import type { VfioApQueue } from '../../src/vfio-ap/vfio-ap-queue.ts';
import { VfioApIrq } from '../../src/vfio/ioctl.ts';
import { hostView } from '../../src/checkers/host-view.ts';
import { M1, M2, M3, TASKS_FIRST, onHost, type Host } from '../helpers/host.ts';

type Break = (host: Host, task: Task) => void;

const both = (host: Host) => ({ first: host.mdev(M1), second: host.mdev(M2), kvm: host.vm('guest1').kvm });

/** By the first word of its name: what a broken driver would leave behind. Fields are written without their guards, which is reported elsewhere. */
const BREAKS: Readonly<Record<string, Break>> = {
  a: (host, task) => both(host).second.matrix.set(task, both(host).first.matrix.inspect()),
  b: (host, task) => both(host).second.matrix.set(task, { apm: ApMask.of(1), aqm: ApMask.of(4), adm: ApMask.EMPTY }),
  c: (host, task) => both(host).second.shadow.set(task, { ...EMPTY_MATRIX, adm: ApMask.of(0x99) }),
  d: (host, task) => both(host).first.qtable.set(task, new Map()),
  e: (host, task) => both(host).kvm.apcb.set(task, { ...both(host).kvm.apcb.inspect(), apm: ApMask.of(6) }),
  f: (host, task) => host.vm('guest2').kvm.apcb.set(task, both(host).kvm.apcb.inspect()),
  g: (host, task) => host.vm('guest2').kvm.pqapHook.set(task, both(host).second),
  h: (host) => void both(host).kvm.gisa.register(3),
  i: (host, task) => host.queue(0x0504).mdev.set(task, null),
  additions: (host, task) => {
    host.hardware.plug({ id: 7, type: parseCardType('CEX3C')! });
    both(host).second.pending.set(task, { ...EMPTY_MATRIX, apm: ApMask.of(7) });
  },
  removed: (host, task) => {
    const { first } = both(host);
    const { mdevs } = host.machine.vfioAp.matrixDev;
    const gone = new ApMatrixMdev(host.layer, M3, first.limits);
    gone.device = first.device;
    mdevs.set(task, [...mdevs.inspect(), gone]);
  },
  given: (host, task) => both(host).second.shadow.set(task, { ...both(host).second.shadow.inspect(), apm: ApMask.EMPTY }),
};

/** Two mdevs, one guest at work on the first; the invariants report to findings of their own. */
async function watched(
  body: (host: Host, task: Task, watch: { check: () => boolean; found: () => string[] }) => Promise<void>,
): Promise<void> {
  // Q12: one of the invariants is looked at with it only.
  await onHost('controlled', { quirks: ['Q12'], findings: true, watch: false, leftovers: true }, async (host, task) => {
    await host.create(task, M1, { adapters: [5], domains: [4] });
    await host.create(task, M2, { adapters: [6], domains: [4] });
    expect(await host.attach(task, 'guest1', M1)).toBe(0);
    expect((await host.cpu('guest1').aqic(task, 0x0504, { ir: true, isc: 3, nib: 0x20000 })).rc).toBe(0);
    const findings = new Findings();
    const watch = new InvariantWatch(findings, { view: () => hostView(host.machine), now: () => host.rt.now() });
    await body(host, task, { check: () => watch.check(task), found: () => findings.list.map(({ title }) => title) });
  });
}

describe('invariants', () => {
  test('there is a way to break each of them', () => {
    expect(INVARIANTS.map(({ name }) => name.split(':')[0])).toEqual(Object.keys(BREAKS));
  });

  test.each(Object.keys(BREAKS))('%s holds on a host at work, and is reported once it is broken', (word) =>
    watched(async (host, task, { check, found }) => {
      expect(check()).toBe(true);
      const before = hostView(host.machine).mdevs.map((mdev) => ({
        matrix: mdev.matrix.inspect(),
        shadow: mdev.shadow.inspect(),
        qtable: mdev.qtable.inspect(),
      }));
      const masks = host.machine.vms.map(({ kvm }) => kvm.apcb.inspect());
      const list = host.machine.vfioAp.matrixDev.mdevs.inspect();
      BREAKS[word]!(host, task);
      expect(check()).toBe(false);
      expect(found().map((title) => title.split(':')[0])).toContain(`invariant ${word}`);
      repair(host, task, { before, masks, list });
      expect(check()).toBe(true);
      // Said once, with what is wrong.
      expect(found().filter((title) => title.startsWith(`invariant ${word}:`))).toHaveLength(1);
    }),
  );

  test('h also counts pinned pages', () =>
    watched(async (host, task, { check, found }) => {
      await host.vm('guest1').qemu.container.pin(task, 0x40000);
      expect(check()).toBe(false);
      expect(found()).toEqual([expect.stringContaining('2 pinned pages')]);
      await host.vm('guest1').qemu.container.unpin(task, 0x40000);
    }));

  test('g knows a hook that leads to a removed mdev', () =>
    watched(async (host, task, { check, found }) => {
      const gone = host.mdev(M2);
      await host.store(task, M2, 'remove', '1');
      host.vm('guest2').kvm.pqapHook.set(task, gone);
      expect(check()).toBe(false);
      expect(found()).toEqual([expect.stringContaining('has been removed')]);
      host.vm('guest2').kvm.pqapHook.set(task, null);
    }));

  test('e lets a guest be empty once its device is wanted back, and not before', () =>
    watched(async (host, task, { check, found }) => {
      const { device } = host.mdev(M1);
      await host.vm('guest1').qemu.call(task, async (file) => void (await file!.setIrq(task, VfioApIrq.REQUEST, null)));
      const remover = host.rt.spawn('remover', async (t) => void (await host.store(t, M1, 'remove', '1')));
      while (host.masks('guest1').apm.length > 0) await host.rt.sleep(task, 1);
      expect([device.removing, host.mdev(M1).shadow.inspect().apm.has(5), check()]).toEqual([true, true, true]);
      await host.detach(task, 'guest1');
      await host.rt.join(task, remover);
      expect(found()).toEqual([]);
    }));

  test('the watch looks whenever the state lock is released', () =>
    onHost('controlled', { findings: true, leftovers: true }, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      host.vm('guest2').kvm.gisa.register(3);
      expect(host.layer.findings.list).toEqual([]);
      await host.show(task, M1, 'matrix');
      expect(host.layer.findings.list.map(({ kind, tasks }) => [kind, tasks])).toEqual([['invariant', ['test']]]);
    }));
});

describe('what is left over', () => {
  const LEAKS: Readonly<Record<string, (host: Host, task: Task) => unknown>> = {
    pins: (host, task) => host.vm('guest1').qemu.container.pin(task, 0x20000),
    iscReferences: (host) => host.vm('guest1').kvm.gisa.register(1),
    kvmReferences: (host) => host.vm('guest1').kvm.get(),
    eventfds: (host) => host.vm('guest1').qemu.configFd.get(),
    locksHeld: (host, task) => host.vm('guest1').kvm.lock.acquire(task),
    foregroundTasks: (host) => void host.rt.spawn('left', async () => undefined),
  };

  test.each(Object.keys(LEAKS))('%s are counted and reported', (name) =>
    onHost('controlled', { findings: true, leftovers: true, watch: false }, async (host, task) => {
      expect(isClean(countLeftovers(host.machine, task))).toBe(true);
      const made = await LEAKS[name]!(host, task);
      const left = countLeftovers(host.machine, task);
      expect(isClean(left)).toBe(false);
      expect(Object.entries(left).filter(([, count]) => count !== 0)).toEqual([[name, 1]]);
      expect(leakFinding(left, 5)).toEqual({
        kind: 'leak',
        key: `leak:${name}`,
        title: `left over after every guest has gone: ${name} 1`,
        tasks: [],
        time: 5,
      });
      if (made !== null && typeof made === 'object' && 'release' in made) (made as { release(): void }).release();
    }),
  );

  test('a lock that a part of the host holds in the middle of its own work is not', () =>
    onHost('controlled', { leftovers: true, watch: false, strategy: TASKS_FIRST }, async (host, task) => {
      const { lock } = host.vm('guest1').kvm;
      host.rt.spawn(
        'poll',
        async (t) => {
          using _held = await lock.acquire(t);
          await host.rt.sleep(t, 5);
        },
        { daemon: true },
      );
      await host.rt.sleep(task, 1);
      expect(lock.users().holders.map(({ name }) => name)).toEqual(['poll']);
      expect(isClean(countLeftovers(host.machine, task))).toBe(true);
    }));
});

interface Saved {
  readonly before: readonly { matrix: ApMatrix; shadow: ApMatrix; qtable: Map<number, VfioApQueue> }[];
  readonly masks: readonly ApMatrix[];
  readonly list: readonly ApMatrixMdev[];
}

/** Puts everything back that a break can have changed. */
function repair(host: Host, task: Task, { before, masks, list }: Saved): void {
  host.machine.vfioAp.matrixDev.mdevs.set(task, list);
  host.mdev(M2).pending.set(task, EMPTY_MATRIX);
  for (const [i, mdev] of hostView(host.machine).mdevs.entries()) {
    mdev.matrix.set(task, before[i]!.matrix);
    mdev.shadow.set(task, before[i]!.shadow);
    mdev.qtable.set(task, before[i]!.qtable);
  }
  for (const [i, { kvm }] of host.machine.vms.entries()) kvm.apcb.set(task, masks[i]!);
  host.vm('guest2').kvm.pqapHook.set(task, null);
  host.queue(0x0504).mdev.set(task, host.mdev(M1));
  while (host.vm('guest1').kvm.gisa.referenceCount(3) > 1) host.vm('guest1').kvm.gisa.unregister(3);
}
