/**
 * Goal: Secure Execution takes the GISA away and gives it back as KVM does, under the locks that KVM takes, and nobody outside looks into
 * pages that the guest does not share. Method: one VM, its vCPUs held back one at a time.
 */
import { describe, expect, test } from 'vitest';
import { EAGAIN, EINVAL, ENODEV, OK } from '../../src/base/errno.ts';
import { GuestMemory } from '../../src/kvm/guest-memory.ts';
import { Kvm } from '../../src/kvm/kvm.ts';
import { secureExecution } from '../../src/kvm/secure-execution.ts';
import { createVcpu } from '../../src/kvm/vcpu-create.ts';
import { RUNTIMES, inTask } from '../helpers/in-task.ts';
import { FACILITIES, makeVm } from './vm.ts';

const NISC = 5;
const PAGE = 0x20000;
const FRAME = PAGE / 0x1000;

const aiv = (kvm: Kvm): boolean[] => kvm.vcpus.map((vcpu) => vcpu.aiv);
const known = (kvm: Kvm): boolean[] => kvm.vcpus.map((vcpu) => vcpu.isProtected);

describe.each(RUNTIMES)('on the %s runtime', (_name, make) => {
  test('the start waits for each running vCPU, switches its AIV off, and destroys the GISA behind the last one', async () => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const { kvm, layer } = makeVm(rt);
      const run = await kvm.vcpus[1]!.mutex.acquire(task);
      let done: number | null = null;
      const pv = rt.spawn('pv', async (t) => {
        done = await secureExecution(t, kvm, true);
      });
      while (kvm.vcpus[0]!.aiv) await rt.sleep(task, 1);
      // The ultravisor knows the VM already, but none of its vCPUs; who is in an AQIC still finds the GISA.
      expect([done, kvm.protectedGuest, aiv(kvm), known(kvm), kvm.gisa.enabled]).toEqual([null, true, [false, true], [false, false], true]);
      run.release();
      await rt.join(task, pv);
      expect([done, aiv(kvm), known(kvm), kvm.gisa.enabled]).toEqual([OK, [false, false], [true, true], false]);
      expect(kvm.gisa.register(3)).toBe(ENODEV);
      expect(await secureExecution(task, kvm, true)).toBe(EINVAL);
      expect(layer.findings.list).toEqual([]);
    });
  });

  test('the end brings back an empty GISA with AIV, and is refused when there is nothing to end', async () => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const { kvm } = makeVm(rt);
      expect(await secureExecution(task, kvm, false)).toBe(EINVAL);
      kvm.gisa.adapterInterruption(2);
      await secureExecution(task, kvm, true);
      expect(await secureExecution(task, kvm, false)).toBe(OK);
      expect([aiv(kvm), known(kvm), kvm.protectedGuest, kvm.gisa.enabled]).toEqual([[true, true], [false, false], false, true]);
      expect([kvm.gisa.pendingFor(0xff), kvm.gisa.register(3)]).toEqual([false, NISC]);
    });
  });

  test('registrations that outlive the GISA are told in the event log, and can be given back', async () => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const { kvm } = makeVm(rt);
      kvm.gisa.register(3);
      await secureExecution(task, kvm, true);
      const destroyed = kvm.host.events.events.filter(({ kind }) => kind === 'kvm.gisa-destroyed');
      expect(destroyed.map(({ data }) => data)).toEqual([{ guest: 'vm', unexpectedAlertMask: 0x10 }]);
      expect([kvm.gisa.unregister(3), kvm.gisa.totalReferences]).toEqual([ENODEV, 0]);
    });
  });

  test('with an ultravisor that virtualizes adapter interruptions nothing of them changes', async () => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const { kvm } = makeVm(rt);
      const own = new Kvm({ ...kvm.host, ultravisorAiv: true }, { name: 'own', vcpus: 2, facilities: FACILITIES });
      own.gisa.adapterInterruption(2);
      await secureExecution(task, own, true);
      expect([aiv(own), known(own), own.gisa.pendingFor(0x20), own.gisa.register(3)]).toEqual([[true, true], [true, true], true, NISC]);
      await secureExecution(task, own, false);
      expect([aiv(own), known(own), own.gisa.pendingFor(0x20)]).toEqual([[true, true], [false, false], true]);
    });
  });

  test('a machine without adapter interruption virtualization has no GISA before or after', async () => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const { kvm } = makeVm(rt, { gisa: false });
      expect([aiv(kvm), await secureExecution(task, kvm, true), await secureExecution(task, kvm, false)]).toEqual([[false, false], OK, OK]);
      expect([aiv(kvm), kvm.gisa.enabled]).toEqual([[false, false], false]);
    });
  });

  test('a vCPU that is plugged into a protected guest is protected, and has no AIV', async () => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const { kvm } = makeVm(rt);
      await secureExecution(task, kvm, true);
      const vcpu = await createVcpu(task, kvm);
      expect([vcpu.id, vcpu.aiv, vcpu.isProtected, kvm.vcpus.length]).toEqual([2, false, true, 3]);
      expect(kvm.vcpus.at(-1)).toBe(vcpu);
    });
  });
});

describe('pages of a protected guest', () => {
  const memory = (): GuestMemory => new GuestMemory(0x100000);

  test('are pinned shared when the guest shares them', () => {
    const { protection } = memory();
    protection.switch(true);
    protection.share(FRAME);
    protection.pin(FRAME);
    expect([protection.pinShared(FRAME), protection.isExported(FRAME)]).toEqual([OK, false]);
  });

  test('are exported by a pin when it does not, and are the guest again when it touches them without the pin', () => {
    const guest = memory();
    const { protection } = guest;
    protection.switch(true);
    guest.store(PAGE, 7);
    protection.pin(FRAME);
    expect([protection.pinShared(FRAME), protection.isExported(FRAME), protection.makeSecure(FRAME)]).toEqual([EINVAL, true, EAGAIN]);
    protection.unpin(FRAME);
    expect([guest.load(PAGE), protection.isExported(FRAME)]).toEqual([7, false]);
  });

  test('cannot be taken back while the host has them pinned', () => {
    const guest = memory();
    const { protection } = guest;
    protection.switch(true);
    guest.share(PAGE);
    protection.pin(FRAME);
    expect([guest.unshare(PAGE), guest.isPinnedShared(PAGE)]).toEqual([EAGAIN, true]);
    protection.unpin(FRAME);
    expect([guest.unshare(PAGE), guest.isPinnedShared(PAGE)]).toEqual([OK, false]);
  });

  test('that were pinned before the start are not the guest until they are unpinned or shared', () => {
    const { protection } = memory();
    protection.pin(FRAME);
    expect(protection.isExported(FRAME)).toBe(false);
    protection.switch(true);
    expect([protection.makeSecure(FRAME), protection.isExported(FRAME)]).toEqual([EAGAIN, true]);
    protection.share(FRAME);
    expect([protection.isExported(FRAME), protection.pinShared(FRAME)]).toEqual([false, OK]);
  });

  test('are open to everybody again when the guest is no longer protected', () => {
    const guest = memory();
    const { protection } = guest;
    protection.switch(true);
    protection.pin(FRAME);
    protection.switch(false);
    expect([protection.isExported(FRAME), guest.isPinnedShared(PAGE), guest.unshare(PAGE)]).toEqual([false, false, OK]);
  });

  test('take the notification of a card without being imported', () => {
    const guest = memory();
    const { protection } = guest;
    protection.switch(true);
    protection.pin(FRAME);
    protection.unpin(FRAME);
    guest.notificationByte(PAGE).set();
    expect(protection.isExported(FRAME)).toBe(true);
    expect([guest.load(PAGE), protection.isExported(FRAME)]).toEqual([1, false]);
  });
});
