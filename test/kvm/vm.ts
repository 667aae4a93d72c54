/**
 * One virtual machine without a driver behind its hook, for tests of KVM alone.
 */
import { ApMask } from '../../src/base/ap-mask.ts';
import { EventLog } from '../../src/base/event-log.ts';
import { Kvm, type KvmOptions } from '../../src/kvm/kvm.ts';
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

export function makeVm(rt: Runtime, options: Partial<KvmOptions> = {}): VmUnderTest {
  const layer = new LockLayer(rt);
  const events = new EventLog(() => rt.now());
  const kvm = new Kvm({ layer, hardware: machine(rt), events }, { name: 'vm', vcpus: 2, facilities: FACILITIES, ...options });
  kvm.pqapHook.guardedBy([kvm.pqapHookRwsem]);
  return { layer, kvm };
}
