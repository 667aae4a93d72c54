/**
 * Masks of a VM: what the control block holds in each format, and that no vCPU runs while they change.
 */
import { describe, expect, test } from 'vitest';
import { CRYCB_FORMAT0, CRYCB_FORMAT1, CRYCB_FORMAT2, crycbBytes, storedIn } from '../../src/kvm/crycb.ts';
import { clearMasksLocked, setMasksLocked } from '../../src/kvm/crypto-masks.ts';
import type { Task } from '../../src/runtime/task.ts';
import { RUNTIMES, inTask } from '../helpers/in-task.ts';
import { makeVm, masks } from './vm.ts';

const BIG = masks([5, 6, 64], [4, 16], [4, 0xab]);

describe('the crypto control block', () => {
  test.each([
    ['0', CRYCB_FORMAT0],
    ['1', CRYCB_FORMAT1],
  ] as const)('vfio-M3: format %s holds 64 adapters and 16 domains in APCB0', (_name, format) => {
    const block = crycbBytes(format, BIG);
    expect(block).toHaveLength(256);
    expect(Buffer.from(block.subarray(0, 8)).toString('hex')).toBe('0600000000000000');
    expect(Buffer.from(block.subarray(8, 24)).toString('hex')).toBe('0800000000000000' + '0800000000000000');
    expect(block.subarray(24).every((byte) => byte === 0)).toBe(true);
    const stored = storedIn(format, BIG);
    expect([...stored.apm.bits(), ...stored.aqm.bits(), ...stored.adm.bits()]).toEqual([5, 6, 4, 4]);
  });

  test('format 2 holds 256 bits of each in APCB1, and nothing in APCB0', () => {
    const block = crycbBytes(CRYCB_FORMAT2, BIG);
    expect(block.subarray(0, 0x80).every((byte) => byte === 0)).toBe(true);
    expect(block.subarray(0x80, 0xa0)).toEqual(BIG.apm.toBytes());
    expect(block.subarray(0xa0, 0xc0)).toEqual(BIG.aqm.toBytes());
    expect(block.subarray(0xc0, 0xe0)).toEqual(BIG.adm.toBytes());
    expect(block.subarray(0xe0).every((byte) => byte === 0)).toBe(true);
    expect(storedIn(CRYCB_FORMAT2, BIG)).toEqual(BIG);
  });
});

describe.each(RUNTIMES)('on the %s runtime', (_name, make) => {
  test.each([1, 2, 3, 4, 5])('vfio-M1: the masks change while no vCPU is in SIE, and nobody enters meanwhile (%i)', async (seed) => {
    const rt = make(seed);
    await inTask(rt, async (task) => {
      const { kvm, layer } = makeVm(rt);
      const inside: Task[] = [];
      const seen: string[] = [];
      const enter = (id: number) => async (vcpuTask: Task) => {
        const vcpu = kvm.vcpus[id]!;
        using _run = await vcpu.mutex.acquire(vcpuTask);
        await vcpu.inSieLocked(vcpuTask, async () => {
          const before = kvm.apcb.inspect();
          inside.push(vcpuTask);
          await rt.park(vcpuTask);
          // The setter waits for this vCPU, so the masks are those of the entry.
          expect(kvm.apcb.inspect()).toBe(before);
        });
        seen.push('left');
        await vcpu.inSieLocked(vcpuTask, () => {
          seen.push(kvm.apcb.inspect().apm.has(5) ? 'entered with masks' : 'entered without masks');
        });
      };
      const vcpus = [0, 1].map((id) => rt.spawn(`vcpu${id}`, enter(id)));
      while (inside.length < 2) await rt.sleep(task, 1);
      const setter = rt.spawn('setter', async (t) => {
        using _lock = await kvm.lock.acquire(t);
        await setMasksLocked(t, kvm, masks([5], [4]));
        seen.push('set');
      });
      while (!kvm.sieBlocked) await rt.sleep(task, 1);
      expect(seen).toEqual([]);
      expect(kvm.apcb.inspect().apm.isEmpty()).toBe(true);
      expect(kvm.vcpus.map(({ kicks }) => kicks)).toEqual([1, 1]);
      rt.wake(inside[0]!);
      while (seen.length === 0) await rt.sleep(task, 1);
      // One vCPU is out and may not come back, the other one still holds the setter up.
      expect([seen, kvm.sieBlocked, kvm.apcb.inspect().apm.isEmpty()]).toEqual([['left'], true, true]);
      rt.wake(inside[1]!);
      for (const other of [setter, ...vcpus]) await rt.join(task, other);
      expect(seen.filter((what) => what.startsWith('entered'))).toEqual(['entered with masks', 'entered with masks']);
      expect(kvm.sieBlocked).toBe(false);
      expect(kvm.vsieRestarts).toBe(1);
      expect(layer.findings.list).toEqual([]);
    });
  });

  test('masks that are cleared are empty, and formats cut what they cannot hold', async () => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const { kvm } = makeVm(rt, { crycbFormat: CRYCB_FORMAT1 });
      using _lock = await kvm.lock.acquire(task);
      await setMasksLocked(task, kvm, BIG);
      expect([...kvm.apcb.inspect().apm.bits()]).toEqual([5, 6]);
      await clearMasksLocked(task, kvm);
      expect(kvm.apcb.inspect().apm.isEmpty() && kvm.apcb.inspect().aqm.isEmpty()).toBe(true);
    });
  });

  test('vfio-M5: without kvm->lock the change is reported', async () => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const { kvm, layer } = makeVm(rt);
      await setMasksLocked(task, kvm, masks([5], [4]));
      expect(layer.findings.list.map(({ kind }) => kind)).toEqual(['assertion', 'data-race']);
      expect(layer.findings.list[0]!.title).toContain('setting the AP masks needs vm kvm->lock');
    });
  });
});
