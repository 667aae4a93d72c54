/**
 * AP matrix (drivers/s390/crypto/vfio_ap_private.h: struct ap_matrix): adapters, domains and control domains. A value: never changed in
 * place. Each mdev has two: what was assigned, and what its guest is given.
 */
import { ApMask } from '../base/ap-mask.ts';
import { apqnOf, type Apqn } from '../base/apqn.ts';
import type { Apcb } from '../kvm/crycb.ts';

export type ApMatrix = Apcb;

export const EMPTY_MATRIX: ApMatrix = { apm: ApMask.EMPTY, aqm: ApMask.EMPTY, adm: ApMask.EMPTY };

/** Highest ids that may be assigned. */
export interface MatrixLimits {
  readonly adapter: number;
  readonly domain: number;
  readonly controlDomain: number;
}

/** Without APXA: 64 adapters, 16 domains. */
export const SMALL_LIMITS: MatrixLimits = { adapter: 63, domain: 15, controlDomain: 15 };

/** The APQNs of a matrix, adapters ascending, domains ascending within. */
export function apqnsOf({ apm, aqm }: ApMatrix): Apqn[] {
  const apqns: Apqn[] = [];
  for (const adapter of apm.bits()) for (const domain of aqm.bits()) apqns.push(apqnOf(adapter, domain));
  return apqns;
}

export const hasApqn = (matrix: ApMatrix, adapter: number, domain: number): boolean => matrix.apm.has(adapter) && matrix.aqm.has(domain);

/** One line an APQN (`05.0004`), `05.` without domains, `.0004` without adapters; empty without both. At most `limit` whole lines. */
export function matrixText({ apm, aqm }: ApMatrix, limit = Number.POSITIVE_INFINITY): string {
  const adapters = [...apm.bits()].map((id) => `${id.toString(16).padStart(2, '0')}.`);
  const domains = [...aqm.bits()].map(domainText);
  if (adapters.length === 0) adapters.push('.');
  if (adapters[0] === '.' && domains.length === 0) return '';
  if (domains.length === 0) domains.push('\n');
  let text = '';
  let lines = 0;
  for (const adapter of adapters) {
    for (const domain of domains) {
      if (lines++ >= limit) return text;
      text += adapter + domain;
    }
  }
  return text;
}

/** One line a control domain: `0004`. */
export const controlDomainsText = ({ adm }: ApMatrix): string => [...adm.bits()].map(domainText).join('');

/** Adapters, domains and control domains as three masks, 201 characters: what `ap_config` shows. */
export const configText = ({ apm, aqm, adm }: ApMatrix): string => `${apm.toString()},${aqm.toString()},${adm.toString()}\n`;

const domainText = (id: number): string => `${id.toString(16).padStart(4, '0')}\n`;
