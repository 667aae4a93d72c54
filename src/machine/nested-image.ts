/**
 * What lies in the storage of a guest that is a hypervisor: the CRYCB of its nested guest, and a state description for each vCPU. No kernel
 * counterpart: the hypervisor's own kernel would write it.
 */
import { ApMask } from '../base/ap-mask.ts';
import { CRYCB_FORMAT0, CRYCB_FORMAT1, CRYCB_FORMAT2, crycbBytes } from '../kvm/crycb.ts';
import type { Kvm } from '../kvm/kvm.ts';
import { ECA_APIE, storePswAddress, storeStateDescription } from '../kvm/state-description.ts';
import type { NestedPart } from '../guest/nested-guest.ts';
import type { NestedSpec } from './host-spec.ts';

const FORMATS = [
  { value: CRYCB_FORMAT0, bytes: 0x20 },
  { value: CRYCB_FORMAT1, bytes: 0x80 },
  { value: CRYCB_FORMAT2, bytes: 0x100 },
] as const;
/** Where the program of a nested guest begins. */
const START = 0x10000;

/** One part a vCPU, all with the same CRYCB. A CRYCB that is said to lie at address 0 or outside of the storage is not written. */
export function loadNested(kvm: Kvm, spec: NestedSpec): NestedPart[] {
  const { memory } = kvm;
  const { value: format, bytes } = FORMATS[spec.format];
  const crycb = spec.crycb ?? memory.allocatePage();
  // Else the state descriptions, and the pages of the program that runs it, would lie where the CRYCB was wanted.
  memory.reserve(crycb, bytes);
  const masks = { apm: ApMask.from(spec.adapters), aqm: ApMask.from(spec.domains), adm: ApMask.from(spec.controlDomains) };
  if (crycb !== 0) memory.write(crycb, crycbBytes(format, masks).subarray(0, bytes));
  return kvm.vcpus.map(() => {
    const origin = memory.allocatePage();
    const restart = (): void => storePswAddress(memory, origin, START);
    const eca = spec.apie ? ECA_APIE : 0;
    storeStateDescription(memory, origin, { eca, ecb3: 0, ecd: 0, crycbd: crycb | format, pswAddress: START });
    return { origin, start: START, apie: spec.apie, instructions: spec.instructions, restart };
  });
}
