/**
 * Goal: the masks of a nested guest are those of its hypervisor AND what that wrote for it, for each pair of formats; and what cannot be
 * built ends with the validity code that the kernel gives, the first one where there are several.
 */
import { describe, expect, test } from 'vitest';
import { CRYCB_FORMAT0, CRYCB_FORMAT1, CRYCB_FORMAT2, type Apcb, type CrycbFormat } from '../../src/kvm/crycb.ts';
import type { Kvm } from '../../src/kvm/kvm.ts';
import { ECB3_AES, ECB3_DEA, ECD_ECC } from '../../src/kvm/sie-block.ts';
import { ECA_APIE, type StateDescription } from '../../src/kvm/state-description.ts';
import { setCryptoAttribute, VmCryptoAttribute } from '../../src/kvm/vm-attributes.ts';
import { shadowCrycb, Validity, type Shadowing } from '../../src/kvm/vsie-shadow.ts';
import { LiveRuntime } from '../../src/runtime/live.ts';
import type { Task } from '../../src/runtime/task.ts';
import { RUNTIMES, inTask } from '../helpers/in-task.ts';
import { CRYCB, setMasks, storeNested } from './nested-vm.ts';
import { makeVm, masks, type VmOptions } from './vm.ts';

const OWN = masks([1, 5, 63, 64, 200], [0, 4, 15, 16, 255], [0, 15, 16]);
const THEIRS = masks([5, 6, 63, 64, 201], [4, 5, 15, 16, 254], [15, 16, 17]);
const SMALL = { apm: [5, 63], aqm: [4, 15], adm: [15] };
const LARGE = { apm: [5, 63, 64], aqm: [4, 15, 16], adm: [15, 16] };

const F0 = CRYCB_FORMAT0;
const F1 = CRYCB_FORMAT1;
const F2 = CRYCB_FORMAT2;
/** The end of the storage of the VM, 64 MiB. */
const END = 64 * 1024 * 1024;

const block = (crycbd: number, more: Partial<StateDescription> = {}): StateDescription => ({
  ...{ eca: ECA_APIE, ecb3: 0, ecd: 0, crycbd, pswAddress: 0 },
  ...more,
});

const ids = ({ apm, aqm, adm }: Apcb) => ({ apm: [...apm.bits()], aqm: [...aqm.bits()], adm: [...adm.bits()] });

async function withVm(options: VmOptions, body: (task: Task, kvm: Kvm) => Promise<void>, rt = new LiveRuntime(1)): Promise<void> {
  await inTask(rt, async (task) => {
    const { kvm, layer } = makeVm(rt, { sief2: true, ...options });
    await setMasks(task, kvm, OWN);
    await body(task, kvm);
    expect(layer.findings.list).toEqual([]);
  });
}

const shadow = (task: Task, kvm: Kvm, state: StateDescription): Promise<Shadowing> =>
  shadowCrycb(task, { kvm, vcpu: kvm.vcpus[0]! }, state);

async function validityOf(own: CrycbFormat, state: StateDescription): Promise<number | null> {
  let found: Shadowing | null = null;
  await withVm({ crycbFormat: own }, async (task, kvm) => {
    found = await shadow(task, kvm, state);
  });
  return 'validity' in found! ? (found as { validity: number }).validity : null;
}

describe('the masks of a nested guest', () => {
  test.each([
    [2, F2, 2, F2, LARGE],
    [1, F1, 2, F2, SMALL],
    [1, F1, 1, F1, SMALL],
    [0, F0, 2, F2, SMALL],
    [0, F0, 1, F1, SMALL],
    [0, F0, 0, F0, SMALL],
  ] as const)('in format %i under format %i are what both have', async (_theirs, nested, _own, own, expected) => {
    await withVm({ crycbFormat: own }, async (task, kvm) => {
      storeNested(kvm, { format: nested, masks: THEIRS });
      const found = await shadow(task, kvm, block(CRYCB | nested));
      expect('ap' in found && found.ap !== null ? ids(found.ap.masks) : found).toEqual(expected);
    });
  });

  test.each([
    [2, F2, 1, F1],
    [2, F2, 0, F0],
    [1, F1, 0, F0],
  ] as const)('in format %i under format %i do not go together: 0022', async (_theirs, nested, _own, own) => {
    expect(await validityOf(own, block(CRYCB | nested))).toBe(Validity.INCOMPATIBLE);
  });

  test.each([
    [2, F2],
    [1, F1],
    [0, F0],
  ] as const)('in what is no format go together with no other, format %i neither', async (_name, own) => {
    expect(await validityOf(own, block(CRYCB | 2))).toBe(Validity.INCOMPATIBLE);
  });

  test('in a small block have 64 adapters and 16 domains, whatever else is in it', async () => {
    await withVm({ crycbFormat: F2 }, async (task, kvm) => {
      await setMasks(task, kvm, masks([0, 63, 64], [0, 15, 16, 63], [15, 16, 63]));
      kvm.memory.write(CRYCB, new Uint8Array(0x100).fill(0xff));
      const found = await shadow(task, kvm, block(CRYCB | F1));
      expect('ap' in found && ids(found.ap!.masks)).toEqual({ apm: [0, 63], aqm: [0, 15], adm: [15] });
    });
  });

  test('of a guest without any are none', async () => {
    await withVm({}, async (task, kvm) => {
      await setMasks(task, kvm, masks([], []));
      storeNested(kvm, { masks: THEIRS });
      const found = await shadow(task, kvm, block(CRYCB | F2));
      expect('ap' in found && ids(found.ap!.masks)).toEqual({ apm: [], aqm: [], adm: [] });
    });
  });
});

describe('a CRYCB', () => {
  test.each([
    [2, F2, 0x100],
    [1, F1, 0x80],
    [0, F0, 0x20],
  ] as const)('in format %i may not leave its page: 003c, as when it ends exactly with it', async (_name, nested, length) => {
    for (const address of [CRYCB + 0x1000 - length, CRYCB + 0x1000 - 8]) {
      expect(await validityOf(F2, block(address | nested))).toBe(Validity.PAGE_CROSSING);
    }
    expect(await validityOf(F2, block((CRYCB + 0x1000 - length - 8) | nested))).toBeNull();
  });

  test.each([
    [2, F2],
    [1, F1],
    [0, F0],
  ] as const)('in format %i at address 0 has no address: 0039', async (_name, nested) => {
    expect(await validityOf(F2, block(nested))).toBe(Validity.NO_ADDRESS);
    // The first bit and bit 29 of the designation belong to no address.
    expect(await validityOf(F2, block((0x80000000 | 4 | nested) >>> 0))).toBe(Validity.NO_ADDRESS);
  });

  test.each([
    [2, F2],
    [1, F1],
    [0, F0],
  ] as const)('in format %i outside of the storage is not readable: 0035', async (_name, nested) => {
    expect(await validityOf(F2, block(END | nested))).toBe(Validity.UNREADABLE);
    expect(await validityOf(F2, block((END - 0x1000) | nested))).toBeNull();
  });

  test.each([
    ['no address before an unfit format', F1, F2, 0, Validity.NO_ADDRESS],
    ['a page that is left before an unfit format', F1, CRYCB_FORMAT2, CRYCB + 0xf80, Validity.PAGE_CROSSING],
    ['the same for format 1', F0, F1, CRYCB + 0xfc0, Validity.PAGE_CROSSING],
    ['an unfit format before a block that is not readable', F0, F1, END, Validity.INCOMPATIBLE],
    ['the same for format 2', F1, F2, END, Validity.INCOMPATIBLE],
    ['a page that is left before a block that is not readable', F2, F2, END + 0xf80, Validity.PAGE_CROSSING],
  ] as const)('is refused for one reason: %s', async (_name, own, nested, address, expected) => {
    expect(await validityOf(own, block(address | nested))).toBe(expected);
  });
});

describe('without APIE', () => {
  const OFF = { eca: 0 };
  const NONE = { apie: false, qci: true, apft: true, aqic: true };

  test.each([
    ['of the nested guest', {}, OFF],
    ['of the guest', { facilities: NONE }, {}],
  ] as const)('%s there are no masks, but the address of a block in format 1 or 2 counts', async (_name, options, off) => {
    await withVm(options, async (task, kvm) => {
      storeNested(kvm);
      expect(await shadow(task, kvm, block(CRYCB | F2, off))).toEqual({ ap: null, keys: null });
      expect(await shadow(task, kvm, block(F2, off))).toEqual({ validity: Validity.NO_ADDRESS });
      expect(await shadow(task, kvm, block(F1, off))).toEqual({ validity: Validity.NO_ADDRESS });
      expect(await shadow(task, kvm, block((CRYCB + 0xf80) | F1, off))).toEqual({ validity: Validity.PAGE_CROSSING });
      // Of a block in format 2 the keys are read only, and there are none to be read.
      expect(await shadow(task, kvm, block((CRYCB + 0xf80) | F2, off))).toEqual({ ap: null, keys: null });
      expect(await shadow(task, kvm, block(F0, off))).toEqual({ ap: null, keys: null });
    });
  });

  test('and without facility 76 nothing is looked at', async () => {
    await withVm({ crycbFormat: F0 }, async (task, kvm) => {
      for (const state of [block(F2, OFF), block((CRYCB + 0xf80) | F1, OFF)]) {
        expect(await shadow(task, kvm, state)).toEqual({ ap: null, keys: null });
      }
    });
  });
});

describe('key wrapping', () => {
  const WRAPPED = { eca: 0, ecb3: ECB3_AES | ECB3_DEA, ecd: ECD_ECC };

  test('takes both masks together', async () => {
    await withVm({}, async (task, kvm) => {
      storeNested(kvm);
      kvm.memory.write(CRYCB + 0x48, new Uint8Array(56).fill(0x0f));
      const found = await shadow(task, kvm, block(CRYCB | F2, WRAPPED));
      const { dea, aes } = kvm.crypto.wrappingKeys;
      expect(found).toEqual({ ap: null, keys: Uint8Array.from([...dea, ...aes], (byte) => byte ^ 0x0f) });
    });
  });

  test('of keys that cannot be read is 0035', async () => {
    await withVm({}, async (task, kvm) => {
      expect(await shadow(task, kvm, block(END | F2, WRAPPED))).toEqual({ validity: Validity.UNREADABLE });
      expect(await shadow(task, kvm, block(END | F2, { eca: 0 }))).toEqual({ ap: null, keys: null });
    });
  });

  test('is there only if it is for the guest, too', async () => {
    await withVm({}, async (task, kvm) => {
      expect(await setCryptoAttribute(task, kvm, VmCryptoAttribute.DISABLE_AES_KW)).toBe(0);
      expect(await setCryptoAttribute(task, kvm, VmCryptoAttribute.DISABLE_DEA_KW)).toBe(0);
      expect(await shadow(task, kvm, block(END | F2, WRAPPED))).toEqual({ ap: null, keys: null });
    });
  });
});

test.each(RUNTIMES)('the masks are read without kvm->lock, and nobody is told off for it, on the %s runtime', async (_name, make) => {
  const rt = make(1);
  await inTask(rt, async (task) => {
    const { kvm, layer } = makeVm(rt, { sief2: true });
    storeNested(kvm, { masks: THEIRS });
    await setMasks(task, kvm, OWN);
    using _lock = await kvm.lock.acquire(task);
    const reader = rt.spawn('reader', async (other) => void (await shadow(other, kvm, block(CRYCB | F2))));
    await rt.join(task, reader);
    expect(layer.findings.list).toEqual([]);
  });
});
