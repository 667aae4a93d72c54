/**
 * What QCI says inside SIE: of the host's configuration what the masks allow; without room for more than 64 adapters and 16 domains the
 * guest does not hear of more.
 */
import type { QciInfo } from '../crypto-adapters/ap-instructions.ts';
import { QciFlag } from '../crypto-adapters/qci.ts';
import { bothApcbs, hasApxa, type Apcb, type CrycbFormat } from './crycb.ts';

export function seenInside(host: QciInfo, { masks, format }: { readonly masks: Apcb; readonly format: CrycbFormat }): QciInfo {
  const seen = bothApcbs(host, masks);
  if (hasApxa(format)) return { ...host, ...seen };
  return { flags: (host.flags & ~QciFlag.APXA) >>> 0, na: Math.min(host.na, 63), nd: Math.min(host.nd, 15), ...seen };
}
