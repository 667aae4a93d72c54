/**
 * The AP configuration of this machine, from QCI or, without it, from what every machine may have (ap_test_config in ap_bus.c).
 */
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

export function hasAdapter(qci: QciInfo | null, adapter: number): boolean {
  return adapter <= highestIds(qci).adapter && (qci === null || qci.apm.has(adapter));
}

export function hasDomain(qci: QciInfo | null, domain: number): boolean {
  return domain <= highestIds(qci).domain && (qci === null || qci.aqm.has(domain));
}
