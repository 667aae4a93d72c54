/**
 * The AP configuration of this machine, from QCI or, without it, from what every machine may have (ap_test_config in ap_bus.c).
 */
import { ApMask } from '../base/ap-mask.ts';
import type { QciInfo } from '../crypto-adapters/ap-instructions.ts';
import { highestIds } from './ap-core.ts';

/** Are the two QCI blocks the same, byte by byte? Without QCI nothing ever changes. */
export function sameQci(a: QciInfo | null, b: QciInfo | null): boolean {
  if (a === null || b === null) return true;
  if (a.flags !== b.flags || a.na !== b.na || a.nd !== b.nd) return false;
  return a.apm.equals(b.apm) && a.aqm.equals(b.aqm) && a.adm.equals(b.adm);
}

/** Did the machine gain adapters or usage domains? */
export function gainedQueues(next: QciInfo, previous: QciInfo): boolean {
  return !next.apm.isSubsetOf(previous.apm) || !next.aqm.isSubsetOf(previous.aqm);
}

export const configuredAdapters = (qci: QciInfo | null): ApMask => upTo(highestIds(qci).adapter, qci?.apm);

export const configuredDomains = (qci: QciInfo | null): ApMask => upTo(highestIds(qci).domain, qci?.aqm);

const upTo = (last: number, mask: ApMask = ApMask.FULL): ApMask => (last === ApMask.BITS - 1 ? mask : mask.and(ApMask.upTo(last)));
