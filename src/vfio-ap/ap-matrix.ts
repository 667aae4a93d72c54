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
export function apqnsOf(matrix: ApMatrix): Apqn[] {
  const domains = [...matrix.aqm.bits()];
  const apqns: Apqn[] = [];
  for (const adapter of matrix.apm.bits()) for (const domain of domains) apqns.push(apqnOf(adapter, domain));
  return apqns;
}

export const hasApqn = (matrix: ApMatrix, adapter: number, domain: number): boolean => matrix.apm.has(adapter) && matrix.aqm.has(domain);

/** One line an APQN (`05.0004`), `05.` without domains, `.0004` without adapters; empty without both. */
export function matrixText(matrix: ApMatrix): string {
  const adapters = [...matrix.apm.bits()].map((id) => id.toString(16).padStart(2, '0'));
  const domains = [...matrix.aqm.bits()].map((id) => id.toString(16).padStart(4, '0'));
  if (adapters.length === 0) return domains.map((domain) => `.${domain}\n`).join('');
  if (domains.length === 0) return adapters.map((adapter) => `${adapter}.\n`).join('');
  return adapters.flatMap((adapter) => domains.map((domain) => `${adapter}.${domain}\n`)).join('');
}
