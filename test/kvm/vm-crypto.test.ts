/**
 * Goal: the crypto configuration of a VM: format and place of its control block, key wrapping masks, attributes, and what the vCPUs are
 * set up with.
 */
import { describe, expect, test } from 'vitest';
import { EINVAL, ENXIO, OK } from '../../src/base/errno.ts';
import { KERNELS } from '../../src/base/kernel-profile.ts';
import { Prng } from '../../src/base/prng.ts';
import { OPERATION_EXCEPTION } from '../../src/base/program-interruption.ts';
import { CRYCB_FORMAT0, CRYCB_FORMAT1, CRYCB_FORMAT2, crycbBytes } from '../../src/kvm/crycb.ts';
import { setMasksLocked } from '../../src/kvm/crypto-masks.ts';
import { InterpretiveAp } from '../../src/kvm/interpretive-ap.ts';
import type { Kvm } from '../../src/kvm/kvm.ts';
import { NO_HOOK } from '../../src/kvm/pqap-port.ts';
import { ECA_AIV, ECB3_AES, ECB3_DEA, ECD_ECC, ECD_HMAC } from '../../src/kvm/sie-block.ts';
import { ECA_APIE } from '../../src/kvm/state-description.ts';
import { VmCryptoAttribute, hasCryptoAttribute, setCryptoAttribute } from '../../src/kvm/vm-attributes.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import type { Task } from '../../src/runtime/task.ts';
import { RUNTIMES, inTask } from '../helpers/in-task.ts';
import { FACILITIES, makeVm, masks, type VmOptions } from './vm.ts';

const WITHOUT_MSA3: VmOptions = { facilities: { ...FACILITIES, msa3: false } };
const SMALL_HOST: VmOptions = { crycbFormat: CRYCB_FORMAT1 };
const vm = (options: VmOptions = {}): Kvm => makeVm(new ControlledRuntime({ seed: 1 }), options).kvm;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const DEA = [0x48, 0x60] as const;
const AES = [0x60, 0x80] as const;

describe('the format of the control block', () => {
  test.each([
    ['2 with facility 76 on a host with APXA', {}, CRYCB_FORMAT2],
    ['1 with facility 76 on a host without APXA', SMALL_HOST, CRYCB_FORMAT1],
    ['1 with facility 76 on a host whose QCI cannot be asked', { hardware: { facilities: { qci: false } } }, CRYCB_FORMAT1],
    ['1 with facility 76 on a host without AP instructions', { host: { apInstructions: false } }, CRYCB_FORMAT1],
    ['0 without facility 76', WITHOUT_MSA3, CRYCB_FORMAT0],
    ['0 without facility 76 on a host without APXA', { ...SMALL_HOST, ...WITHOUT_MSA3 }, CRYCB_FORMAT0],
  ] as const)('is %s', (_what, options, format) => {
    const { crycbFormat, crypto } = vm(options);
    expect([crycbFormat, crypto.crycbd & 7]).toEqual([format, format]);
  });

  test('is in the designation beside an address below 2 GiB at which the block crosses no page', () => {
    for (let seed = 0; seed < 50; seed++) {
      const address = vm({ random: new Prng(seed) }).crypto.crycbd & ~7;
      expect(address).toBeGreaterThan(0);
      expect(address + 0x100).toBeLessThan(0x80000000);
      expect(address % 4096).toBeLessThanOrEqual(4096 - 0x100);
      expect(address % 128).toBe(0);
    }
  });
});

describe('the control block', () => {
  test('has random key wrapping masks between APCB0 and APCB1, the same for the same seed', () => {
    const block = vm({ random: new Prng(5) }).crycb();
    expect(block).toHaveLength(0x100);
    const parts = [block.subarray(0, 0x48), block.subarray(...DEA), block.subarray(...AES), block.subarray(0x80)];
    expect(parts.map((part) => part.some((byte) => byte !== 0))).toEqual([false, true, true, false]);
    expect(hex(block.subarray(0x60, 0x78))).not.toBe(hex(block.subarray(...DEA)));
    expect(hex(vm({ random: new Prng(5) }).crycb())).toBe(hex(block));
    expect(hex(vm({ random: new Prng(6) }).crycb())).not.toBe(hex(block));
  });

  test('is zero but for its masks without facility 76', async () => {
    const { kvm } = makeVm(new ControlledRuntime({ seed: 1 }), WITHOUT_MSA3);
    expect([kvm.crypto.aesKw, kvm.crypto.deaKw]).toEqual([false, false]);
    expect(kvm.crycb().every((byte) => byte === 0)).toBe(true);
  });

  test('keeps its key wrapping masks when the AP masks change', async () => {
    const rt = new ControlledRuntime({ seed: 1 });
    await inTask(rt, async (task) => {
      const { kvm } = makeVm(rt);
      const before = kvm.crycb();
      using _lock = await kvm.lock.acquire(task);
      await setMasksLocked(task, kvm, masks([5], [4], [4]));
      const after = kvm.crycb();
      expect(hex(after.subarray(0x48, 0x80))).toBe(hex(before.subarray(0x48, 0x80)));
      expect(hex(after.subarray(0x80))).toBe(hex(crycbBytes(CRYCB_FORMAT2, masks([5], [4], [4])).subarray(0x80)));
    });
  });
});

/** Of the first vCPU, as all have the same. */
function setUp({ vcpus, crypto }: Kvm): Record<string, unknown> {
  const [first] = vcpus.map(({ sie: { crycbd, eca, ecb3, ecd } }) => ({ crycbd: crycbd === crypto.crycbd, eca, ecb3, ecd }));
  return first!;
}

describe('a vCPU', () => {
  test.each([
    ['has everything by default', {}, { crycbd: true, eca: ECA_APIE | ECA_AIV, ecb3: ECB3_AES | ECB3_DEA, ecd: ECD_ECC | ECD_HMAC }],
    [
      'has key wrapping without AP',
      { facilities: { ...FACILITIES, apie: false } },
      { crycbd: true, eca: ECA_AIV, ecb3: ECB3_AES | ECB3_DEA, ecd: ECD_ECC | ECD_HMAC },
    ],
    ['has AP without facility 76', WITHOUT_MSA3, { crycbd: true, eca: ECA_APIE | ECA_AIV, ecb3: 0, ecd: 0 }],
    [
      'has nothing without both',
      { facilities: { ...FACILITIES, apie: false, msa3: false }, gisa: false },
      { crycbd: false, eca: 0, ecb3: 0, ecd: 0 },
    ],
    ['has no AIV without GISA', { gisa: false }, { crycbd: true, eca: ECA_APIE, ecb3: ECB3_AES | ECB3_DEA, ecd: ECD_ECC | ECD_HMAC }],
    [
      'has no AP on a host without AP instructions',
      { host: { apInstructions: false } },
      { crycbd: true, eca: ECA_AIV, ecb3: ECB3_AES | ECB3_DEA, ecd: ECD_ECC | ECD_HMAC },
    ],
    [
      'has no HMAC keys in older kernels',
      { host: { kernel: KERNELS['6.0'] } },
      { crycbd: true, eca: ECA_APIE | ECA_AIV, ecb3: ECB3_AES | ECB3_DEA, ecd: ECD_ECC },
    ],
  ] as const)('%s', (_what, options, expected) => {
    expect(setUp(vm(options))).toEqual(expected);
  });
});

describe.each(RUNTIMES)('attributes on the %s runtime', (_name, make) => {
  const withVm = async (options: VmOptions, body: (kvm: Kvm, task: Task) => Promise<void>): Promise<void> => {
    const rt = make(1);
    await inTask(rt, async (task) => {
      const { kvm, layer } = makeVm(rt, options);
      await body(kvm, task);
      expect(layer.findings.list).toEqual([]);
    });
  };
  const A = VmCryptoAttribute;

  test('key wrapping is switched off to a mask of zeros, and on to a new one', () =>
    withVm({}, async (kvm, task) => {
      const before = kvm.crycb();
      expect(await setCryptoAttribute(task, kvm, A.DISABLE_AES_KW)).toBe(OK);
      expect([kvm.crypto.aesKw, kvm.crypto.deaKw]).toEqual([false, true]);
      expect(setUp(kvm)).toMatchObject({ ecb3: ECB3_DEA, ecd: 0 });
      expect(
        kvm
          .crycb()
          .subarray(...AES)
          .every((byte) => byte === 0),
      ).toBe(true);
      expect(hex(kvm.crycb().subarray(...DEA))).toBe(hex(before.subarray(...DEA)));
      expect(await setCryptoAttribute(task, kvm, A.ENABLE_AES_KW)).toBe(OK);
      expect(await setCryptoAttribute(task, kvm, A.DISABLE_DEA_KW)).toBe(OK);
      expect(setUp(kvm)).toMatchObject({ ecb3: ECB3_AES, ecd: ECD_ECC | ECD_HMAC });
      const again = kvm.crycb();
      expect(again.subarray(...AES).some((byte) => byte !== 0)).toBe(true);
      expect(hex(again.subarray(...AES))).not.toBe(hex(before.subarray(...AES)));
      expect(await setCryptoAttribute(task, kvm, A.ENABLE_DEA_KW)).toBe(OK);
      const first = hex(kvm.crycb().subarray(...DEA));
      // Also where it is on.
      expect(await setCryptoAttribute(task, kvm, A.ENABLE_DEA_KW)).toBe(OK);
      expect(hex(kvm.crycb().subarray(...DEA))).not.toBe(first);
    }));

  test('APIE decides whether AP instructions are interpreted', () =>
    withVm({}, async (kvm, task) => {
      const cpu = new InterpretiveAp(kvm, kvm.vcpus[1]!, { intercept: () => Promise.resolve(NO_HOOK) });
      expect((await cpu.tapq(task, 0x0504)).status.rc).toBe(1);
      expect(await setCryptoAttribute(task, kvm, A.DISABLE_APIE)).toBe(OK);
      expect(kvm.vcpus.map(({ apie }) => apie)).toEqual([false, false]);
      await expect(cpu.tapq(task, 0x0504)).rejects.toMatchObject({ code: OPERATION_EXCEPTION });
      await expect(cpu.pqap(task, { gr0: 0x04000000n, gr1: 0n, gr2: 8n })).rejects.toMatchObject({ code: OPERATION_EXCEPTION });
      expect(await setCryptoAttribute(task, kvm, A.ENABLE_APIE)).toBe(OK);
      expect((await cpu.tapq(task, 0x0504)).status.rc).toBe(1);
      expect(setUp(kvm)).toMatchObject({ crycbd: true, eca: ECA_APIE | ECA_AIV });
    }));

  test('without facility 76 there is no key wrapping to switch, and a vCPU that has APIE keeps it', () =>
    withVm(WITHOUT_MSA3, async (kvm, task) => {
      for (const attribute of [A.ENABLE_AES_KW, A.ENABLE_DEA_KW, A.DISABLE_AES_KW, A.DISABLE_DEA_KW]) {
        expect(hasCryptoAttribute(kvm, attribute)).toBe(OK);
        expect(await setCryptoAttribute(task, kvm, attribute)).toBe(EINVAL);
      }
      expect(kvm.vsieRestarts).toBe(0);
      expect(await setCryptoAttribute(task, kvm, A.DISABLE_APIE)).toBe(OK);
      expect([kvm.crypto.apie, kvm.vcpus[0]!.apie]).toEqual([false, true]);
    }));

  test('a host without AP instructions has no APIE attributes', () =>
    withVm({ host: { apInstructions: false } }, async (kvm, task) => {
      for (const attribute of [A.ENABLE_APIE, A.DISABLE_APIE]) {
        expect(hasCryptoAttribute(kvm, attribute)).toBe(ENXIO);
        expect(await setCryptoAttribute(task, kvm, attribute)).toBe(ENXIO);
      }
      expect(await setCryptoAttribute(task, kvm, A.DISABLE_AES_KW)).toBe(OK);
      expect(kvm.vcpus[0]!.apie).toBe(false);
    }));

  test('another number is no attribute', () =>
    withVm({}, async (kvm, task) => {
      expect([hasCryptoAttribute(kvm, 6), hasCryptoAttribute(kvm, -1), await setCryptoAttribute(task, kvm, 6)]).toEqual([
        ENXIO,
        ENXIO,
        ENXIO,
      ]);
      expect(kvm.lock.heldBy(task)).toBe(false);
    }));

  test('a vCPU is set up again only when it is out of SIE, and nested guests begin anew', () =>
    withVm({}, async (kvm, task) => {
      const { rt } = kvm.host.layer;
      const vcpu = kvm.vcpus[0]!;
      let seen: readonly boolean[] = [];
      const inside = rt.spawn('vcpu0', async (t) => {
        using _run = await vcpu.mutex.acquire(t);
        await vcpu.inSieLocked(t, async () => {
          await rt.park(t);
          seen = [vcpu.apie];
        });
        await vcpu.inSieLocked(t, () => {
          seen = [...seen, vcpu.apie];
        });
      });
      while (!vcpu.inSie) await rt.sleep(task, 1);
      const setter = rt.spawn('setter', async (t) => void (await setCryptoAttribute(t, kvm, A.DISABLE_APIE)));
      while (!kvm.sieBlocked) await rt.sleep(task, 1);
      expect(vcpu.apie).toBe(true);
      rt.wake(inside);
      for (const other of [setter, inside]) await rt.join(task, other);
      expect([seen, kvm.vsieRestarts]).toEqual([[true, false], 1]);
    }));
});
