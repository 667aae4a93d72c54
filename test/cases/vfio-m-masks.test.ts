/**
 * Cases M of vfio_ap on a whole host: pushes to vCPUs that run, control blocks of each format, and what the machine answers inside and
 * outside of the masks. Blocking alone is in test/kvm, nested guests are in vfio-m-nested.test.ts.
 */
import { describe, expect, test } from 'vitest';
import { SPECIFICATION_EXCEPTION } from '../../src/base/program-interruption.ts';
import { writeCprbx } from '../../src/crypto-adapters/messages/cprbx.ts';
import { encodeType6 } from '../../src/crypto-adapters/messages/type6.ts';
import { TYPE6_HEADER } from '../../src/crypto-adapters/messages/type6-header.ts';
import { setMasksLocked } from '../../src/kvm/crypto-masks.ts';
import type { GuestSpec } from '../../src/machine/host-spec.ts';
import type { Task } from '../../src/runtime/task.ts';
import { M1, RUNTIMES, onHost, type Host, type HostOptions } from '../helpers/host.ts';

const MODEL = { apft: true, apqci: true, apqi: true, msa3: true };
const guest = (cpu: Partial<typeof MODEL>): GuestSpec => ({
  ...{ name: 'guest1', mdev: null, vcpus: 2, workload: null, apie: true, interrupts: true, attach: false },
  cpu: { ...MODEL, ...cpu },
});
const WITHOUT_MSA3: HostOptions = { spec: { guests: [guest({ msa3: false })] } };
const SMALL_HOST: HostOptions = {
  spec: {
    apxa: false,
    adapters: [
      { id: 5, type: 'CEX5C' },
      { id: 6, type: 'CEX5A' },
    ],
    domains: [4, 7],
    controlDomains: [4, 7],
    guests: [guest({})],
  },
};
const BIG_HOST: HostOptions = {
  spec: {
    adapters: [
      { id: 5, type: 'CEX5C' },
      { id: 6, type: 'CEX5A' },
      { id: 64, type: 'CEX5C' },
    ],
    domains: [4, 16],
    controlDomains: [4, 16],
    apmask: '-5,-6,-64',
    guests: [guest({ msa3: false })],
  },
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const block = (host: Host): Uint8Array => host.vm('guest1').kvm.crycb();

async function attached(host: Host, task: Task, adapters: readonly number[], domains: readonly number[]): Promise<void> {
  await host.create(task, M1, { adapters, domains, control: domains });
  expect(await host.attach(task, 'guest1', M1)).toBe(0);
}

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('vfio-M1: a push waits for both vCPUs that run to leave SIE; each sees the masks of before or of after; both go on', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4, 0x47] });
      await host.attach(task, 'guest1', M1);
      const { rt } = host;
      const { kvm } = host.vm('guest1');
      const seen: string[] = [];
      const inside: Task[] = [];
      const look = (): string => {
        const { apm, aqm } = kvm.apcb.inspect();
        return `${[...apm.bits()].join()}/${[...aqm.bits()].join()}`;
      };
      const running = kvm.vcpus.map((vcpu) =>
        rt.spawn(vcpu.name, async (t) => {
          using _run = await vcpu.mutex.acquire(t);
          await vcpu.inSieLocked(t, async () => {
            inside.push(t);
            await rt.park(t);
            seen.push(`before ${look()}`);
          });
          await vcpu.inSieLocked(t, () => void seen.push(`after ${look()}`));
        }),
      );
      while (inside.length < 2) await rt.sleep(task, 1);
      const push = rt.spawn('admin', async (t) => {
        expect(await host.store(t, M1, 'unassign_domain', '0x47')).toBeGreaterThan(0);
        seen.push('pushed');
      });
      while (!kvm.sieBlocked) await rt.sleep(task, 1);
      rt.wake(inside[0]!);
      while (seen.length === 0) await rt.sleep(task, 1);
      // The second one keeps the masks as they were, and the first one out.
      expect([seen, look(), kvm.sieBlocked]).toEqual([['before 5/4,71'], '5/4,71', true]);
      rt.wake(inside[1]!);
      for (const other of [push, ...running]) await rt.join(task, other);
      expect(seen.slice(0, 2)).toEqual(['before 5/4,71', 'before 5/4,71']);
      expect(seen.slice(2).toSorted()).toEqual(['after 5/4', 'after 5/4', 'pushed']);
      expect((await host.cpu('guest1').tapq(task, 0x0504)).status.rc).toBe(0);
      expect((await host.cpu('guest1', 1).tapq(task, 0x0547)).status.rc).toBe(1);
    }));

  test('a push lets no vCPU into SIE while another one is in it still', () =>
    onHost(kind, {}, async (host, task) => {
      await attached(host, task, [5], [4]);
      const { rt } = host;
      const { kvm } = host.vm('guest1');
      const [first, second] = [kvm.vcpus[0]!, kvm.vcpus[1]!];
      const order: string[] = [];
      const inside = rt.spawn(first.name, async (t) => {
        using _run = await first.mutex.acquire(t);
        await first.inSieLocked(t, () => rt.park(t) as Promise<void>);
        order.push('left');
      });
      while (!first.inSie) await rt.sleep(task, 1);
      const push = rt.spawn('admin', async (t) => void (await host.store(t, M1, 'unassign_adapter', '5')));
      while (!kvm.sieBlocked) await rt.sleep(task, 1);
      const late = rt.spawn(second.name, async (t) => {
        order.push(`answer ${(await host.cpu('guest1', 1).tapq(t, 0x0504)).status.rc}`);
      });
      while (!second.mutex.heldBy(late)) await rt.sleep(task, 1);
      expect([order, second.inSie]).toEqual([[], false]);
      rt.wake(inside);
      for (const other of [push, inside, late]) await rt.join(task, other);
      expect(order.toSorted()).toEqual(['answer 1', 'left']);
    }));

  test.each([
    ['1', SMALL_HOST, 1],
    ['0', WITHOUT_MSA3, 0],
  ] as const)('vfio-M3: a VM with format %s has adapters {5,6} and domain {4} in APCB0', (_format, options, value) =>
    onHost(kind, options, async (host, task) => {
      await attached(host, task, [5, 6], [4]);
      expect(host.vm('guest1').kvm.crypto.crycbd & 3).toBe(value);
      expect(hex(block(host).subarray(0, 0x20))).toBe('0600000000000000' + '0800000000000000' + '0800000000000000' + '0000000000000000');
      expect(
        block(host)
          .subarray(0x80)
          .every((byte) => byte === 0),
      ).toBe(true);
      await host.detach(task, 'guest1');
      expect(
        block(host)
          .subarray(0, 0x48)
          .every((byte) => byte === 0),
      ).toBe(true);
    }),
  );

  test('vfio-M3: adapter 64 and domain 16 are not stored where there is no room for them, and cannot be addressed', () =>
    onHost(kind, BIG_HOST, async (host, task) => {
      await attached(host, task, [5, 6, 64], [4, 16]);
      expect(await host.show(task, M1, 'guest_matrix')).toContain('40.0010');
      expect(hex(block(host).subarray(0, 0x18))).toBe('0600000000000000' + '0800000000000000' + '0800000000000000');
      expect(
        block(host)
          .subarray(0x80)
          .every((byte) => byte === 0),
      ).toBe(true);
      expect((await host.cpu('guest1').tapq(task, 0x0504)).status.rc).toBe(0);
      for (const apqn of [0x4004, 0x0510]) {
        await expect(host.cpu('guest1').tapq(task, apqn)).rejects.toMatchObject({ code: SPECIFICATION_EXCEPTION });
        const aqic = host.cpu('guest1').aqic(task, apqn, { ir: true, isc: 3, nib: 0x20000 });
        await expect(aqic).rejects.toMatchObject({ code: SPECIFICATION_EXCEPTION });
      }
    }));

  test('with format 2 all of them are in APCB1, and APCB0 stays zero', () =>
    onHost(kind, { spec: { ...BIG_HOST.spec, guests: [guest({})] } }, async (host, task) => {
      await attached(host, task, [5, 6, 64], [4, 16]);
      expect(
        block(host)
          .subarray(0, 0x48)
          .every((byte) => byte === 0),
      ).toBe(true);
      expect(hex(block(host).subarray(0x80, 0xa0))).toBe(`0600000000000000${'8'.padEnd(48, '0')}`);
      expect(hex(block(host).subarray(0xa0, 0xc0))).toBe('08008'.padEnd(64, '0'));
      expect(hex(block(host).subarray(0xc0, 0xe0))).toBe('08008'.padEnd(64, '0'));
      await host.detach(task, 'guest1');
      expect(
        block(host)
          .subarray(0x80)
          .every((byte) => byte === 0),
      ).toBe(true);
    }));

  test('vfio-M5: masks that are set without kvm->lock are set, and reported', () =>
    onHost(kind, { findings: true, watch: false }, async (host, task) => {
      await attached(host, task, [5], [4]);
      const { kvm } = host.vm('guest1');
      await setMasksLocked(task, kvm, kvm.apcb.inspect());
      expect(host.layer.findings.list.map(({ kind: found, title }) => [found, title.includes('kvm->lock')])).toEqual([
        ['assertion', true],
        ['data-race', true],
      ]);
    }));

  test('vfio-M9: an APQN inside the masks answers as the machine does: deconfigured 03, checkstopped 04, gone 01', () =>
    onHost(kind, {}, async (host, task) => {
      await attached(host, task, [5], [4]);
      const answer = async (apqn: number): Promise<number> => (await host.cpu('guest1').tapq(task, apqn)).status.rc;
      host.hardware.configure(5, false);
      expect([await answer(0x0504), await answer(0x0604)]).toEqual([3, 1]);
      host.hardware.configure(5, true);
      host.hardware.checkstop(5, true);
      expect(await answer(0x0504)).toBe(4);
      host.hardware.checkstop(5, false);
      expect(await answer(0x0504)).toBe(0);
      host.hardware.unplug(5);
      expect(await answer(0x0504)).toBe(1);
    }));

  test('an APQN outside of the masks answers 01 whatever the state of its card', () =>
    onHost(kind, {}, async (host, task) => {
      await attached(host, task, [5], [4]);
      host.hardware.configure(6, false);
      const cpu = host.cpu('guest1');
      for (const apqn of [0x0604, 0x0547, 0x0704, 0x05fe]) {
        expect([(await cpu.tapq(task, apqn)).status.rc, host.vm('guest1').kvm.vcpus[0]!.conditionCode]).toEqual([1, 3]);
        expect((await cpu.zapq(task, apqn)).rc).toBe(1);
        expect((await cpu.nqap(task, apqn, { psmid: 1n, message: new Uint8Array(8) })).rc).toBe(1);
        expect((await cpu.dqap(task, apqn, 100)).status.rc).toBe(1);
      }
    }));

  test('QCI of a guest shows the masks of its control block, and hot unplug from the next instruction on', () =>
    onHost(kind, {}, async (host, task) => {
      await attached(host, task, [5, 6], [4, 0xab]);
      const cpu = host.cpu('guest1');
      const shown = async (): Promise<number[][]> => {
        const { apm, aqm, adm } = (await cpu.qci(task))!;
        return [[...apm.bits()], [...aqm.bits()], [...adm.bits()]];
      };
      expect(await shown()).toEqual([
        [5, 6],
        [4, 0xab],
        [4, 0xab],
      ]);
      await host.store(task, M1, 'unassign_adapter', '6');
      expect(await shown()).toEqual([[5], [4, 0xab], [4, 0xab]]);
      expect((await cpu.tapq(task, 0x0604)).status.rc).toBe(1);
      await host.store(task, M1, 'unassign_control_domain', '4');
      expect(await shown()).toEqual([[5], [4, 0xab], [0xab]]);
    }));
});

describe('control domains', () => {
  /** Asks for the administration of a domain, through the queue of domain 4. */
  function command(domain: number): Uint8Array {
    const message = encodeType6({ agent: 'CA', functionCode: 'XX', domain, parameters: new Uint8Array(4) });
    writeCprbx(message, TYPE6_HEADER, { functionId: 'T5', domain, requestParameters: 4 });
    return message;
  }

  test.each(RUNTIMES)('a command for a domain that the guest does not control is refused with 42, on the %s runtime', (kind) =>
    onHost(kind, {}, async (host, task) => {
      await attached(host, task, [5], [4, 0xab]);
      await host.store(task, M1, 'unassign_control_domain', '4');
      const rc = async (domain: number): Promise<number> =>
        (await host.cpu('guest1').nqap(task, 0x0504, { psmid: 1n, message: command(domain) })).rc;
      expect([await rc(4), await rc(0x47), await rc(0xab)]).toEqual([0x42, 0x42, 0]);
      expect(await host.store(task, M1, 'assign_control_domain', '0x47')).toBeGreaterThan(0);
      expect([await rc(4), await rc(0x47)]).toEqual([0x42, 0]);
    }),
  );
});

describe('CPU model words', () => {
  test('without apft TAPQ has no hardware information', () =>
    onHost('live', { spec: { guests: [guest({ apft: false })] } }, async (host, task) => {
      await attached(host, task, [5], [4]);
      expect((await host.cpu('guest1').tapq(task, 0x0504)).info).toBeNull();
    }));

  test('without apqci QCI is a specification exception, without apqi AQIC is one', () =>
    onHost('live', { spec: { guests: [guest({ apqci: false, apqi: false })] } }, async (host, task) => {
      await attached(host, task, [5], [4]);
      const cpu = host.cpu('guest1');
      await expect(cpu.qci(task)).rejects.toMatchObject({ code: SPECIFICATION_EXCEPTION });
      await expect(cpu.aqic(task, 0x0504, { ir: true, isc: 3, nib: 0x20000 })).rejects.toMatchObject({ code: SPECIFICATION_EXCEPTION });
      expect((await cpu.tapq(task, 0x0504)).status.rc).toBe(0);
    }));
});
