/**
 * Requests to CCA coprocessors that users word themselves (_zcrypt_send_cprb of drivers/s390/crypto/zcrypt_api.c).
 */
import { ENODEV, EOPNOTSUPP, OK, type Errno } from '../../base/errno.ts';
import {
  decodeCprbReply,
  encodeCprbRequest,
  limitCprbReply,
  setCprbDomain,
  type CprbMessage,
  type CprbRequest,
} from '../../crypto-adapters/messages/cprb-request.ts';
import type { Admission } from './admission.ts';
import { ccaClass } from './request-class.ts';
import type { Transfer, ZcryptRequest } from './transfer.ts';
import type { ZcryptOptions } from './zcrypt-options.ts';

export interface CprbOrder extends CprbRequest {
  /** Number of an adapter (`user_defined`); 0xffffffff: any. */
  readonly adapter: number;
}

export interface CprbResult {
  /** CPRBX and parameters of the reply. */
  readonly control: Uint8Array;
  readonly data: Uint8Array;
}

export const ANY_ADAPTER = 0xffffffff;
const ANY_DOMAIN = 0xffff;
const DOMAINS = 256;

/** Which domains the machine may use and which it may only administer. */
export interface DomainRoles {
  uses(domain: number): boolean;
  controls(domain: number): boolean;
}

export function cprbRequest(order: CprbOrder, roles: DomainRoles, options: ZcryptOptions): ZcryptRequest<CprbResult> {
  return {
    prepare(admission, largestMessage) {
      const cprb = encodeCprbRequest(order, largestMessage);
      if (typeof cprb === 'number') return cprb;
      const rc = refusal(cprb, admission, options);
      return rc === OK ? transfer(order, cprb, { roles, options }) : rc;
    },
  };
}

/** Nodes with masks: administration needs the control domain, and what is neither usage nor administration is not known. */
function refusal({ domain, kind }: CprbMessage, admission: Admission, { kernel }: ZcryptOptions): Errno {
  if (!admission.restricted || !kernel.admask || domain >= DOMAINS) return OK;
  if (kind === 'admin') return admission.control(domain) ? OK : ENODEV;
  return kind === 'usage' ? OK : EOPNOTSUPP;
}

function transfer(
  order: CprbOrder,
  cprb: CprbMessage,
  { roles, options }: { roles: DomainRoles; options: ZcryptOptions },
): Transfer<CprbResult> {
  const { message, functionCode, domain } = cprb;
  const controlled = domain < DOMAINS && !roles.uses(domain) && roles.controls(domain);
  // Queues of a domain that can only be administered do not exist: any queue of the card will do.
  const target = controlled ? ANY_DOMAIN : domain;
  return {
    admin: cprb.kind === 'admin',
    special: cprb.special,
    weight({ mode, card, weights }) {
      if (mode !== 'C' || (order.adapter !== ANY_ADAPTER && order.adapter !== card.id) || message.length > card.maxMsgSize) return null;
      return ccaClass(functionCode) * weights.secKey;
    },
    takes: (queue) => target === ANY_DOMAIN || target === queue.domain,
    message({ card }, queue) {
      const rc = limitCprbReply(message, card.maxMsgSize);
      if (rc !== OK) return rc;
      if (options.kernel.rewritesCprbDomain || domain === ANY_DOMAIN) setCprbDomain(message, queue.domain);
      return message;
    },
    convert: (_card, reply) => decodeCprbReply(reply, order),
  };
}
