/**
 * One virtual machine without a driver behind its hook, for tests of KVM alone.
 */
import { ApMask } from '../../src/base/ap-mask.ts';
import { EventLog } from '../../src/base/event-log.ts';
import type { CryptoAdaptersOptions } from '../../src/crypto-adapters/crypto-adapters.ts';
import { CRYCB_FORMAT0, CRYCB_FORMAT1, type CrycbFormat } from '../../src/kvm/crycb.ts';
import { Kvm, type KvmHost, type KvmOptions } from '../../src/kvm/kvm.ts';
import { LockLayer } from '../../src/locks/lock-layer.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { machine } from '../crypto-adapters/hardware.ts';

export interface VmUnderTest {
  readonly layer: LockLayer;
  readonly kvm: Kvm;
}

export const FACILITIES = { apie: true, qci: true, apft: true, aqic: true };
export const masks = (apm: number[], aqm: number[], adm: number[] = []) => ({
  apm: ApMask.from(apm),
  aqm: ApMask.from(aqm),
  adm: ApMask.from(adm),
});

/** The format of the control block follows from facilities of guest and host; asking for one chooses them. */
export type VmOptions = Partial<KvmOptions> & {
  readonly crycbFormat?: CrycbFormat;
  readonly host?: Partial<KvmHost>;
  readonly hardware?: Partial<CryptoAdaptersOptions>;
};

/** As `machine` has them by default, within 16 domains. */
const SMALL = { apxa: false, usageDomains: ApMask.of(4), controlDomains: ApMask.of(4) };

export function makeVm(rt: Runtime, { crycbFormat, host, hardware, ...options }: VmOptions = {}): VmUnderTest {
  const layer = new LockLayer(rt);
  const events = new EventLog(() => rt.now());
  const cards = machine(rt, { ...(crycbFormat === CRYCB_FORMAT1 ? SMALL : {}), ...hardware });
  const facilities = { ...FACILITIES, ...options.facilities, ...(crycbFormat === CRYCB_FORMAT0 ? { msa3: false } : {}) };
  const kvm = new Kvm({ layer, hardware: cards, events, ...host }, { name: 'vm', vcpus: 2, ...options, facilities });
  kvm.pqapHook.guardedBy([kvm.pqapHookRwsem]);
  return { layer, kvm };
}
