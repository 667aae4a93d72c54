/**
 * What sysfs asks the cards themselves: which attributes cards and queues have by their mode, and how the questions are sent
 * (cca_get_info, ep11_get_card_info and ep11_get_domain_info as drivers/s390/crypto/zcrypt_cex4.c calls them).
 */
import { apqnOf } from '../../base/apqn.ts';
import type { Task } from '../../runtime/task.ts';
import type { CardMode } from '../../crypto-adapters/card-type.ts';
import type { AttributeDef } from '../../driver-core/attribute.ts';
import { ccaCardAttributes, ccaQueueAttributes, fetchCcaInfo, type CcaPort } from './cca-info.ts';
import { cprbRequest, type CprbOrder, type CprbResult, type DomainRoles } from './cprb-request.ts';
import type { ZcryptDispatcher } from './dispatcher.ts';
import { ep11CardAttributes, ep11QueueAttributes, fetchEp11Domain, fetchEp11Module, type Ep11Port } from './ep11-info.ts';
import { ep11Request, type Ep11Order, type Ep11Result } from './ep11-request.ts';
import type { Failure } from './transfer.ts';
import type { ZcryptCard } from './zcrypt-card.ts';
import type { ZcryptList } from './zcrypt-list.ts';
import type { ZcryptOptions } from './zcrypt-options.ts';
import type { ZcryptQueue } from './zcrypt-queue.ts';

export interface QueryParts {
  readonly list: ZcryptList;
  readonly dispatcher: ZcryptDispatcher;
  readonly roles: DomainRoles;
  readonly options: ZcryptOptions;
  /** The one in which CCA cards are asked; -1: none, so that they are not. */
  defaultDomain(): number;
}

type PerMode<Owner> = Readonly<Record<CardMode, readonly AttributeDef<Owner>[]>>;

export class CardQueries implements CcaPort, Ep11Port {
  readonly ofCards: PerMode<ZcryptCard>;
  readonly ofQueues: PerMode<ZcryptQueue>;
  private readonly parts: QueryParts;

  constructor(parts: QueryParts) {
    this.parts = parts;
    this.ofCards = {
      A: [],
      C: ccaCardAttributes((task, { card }) => fetchCcaInfo(task, this, card.id, parts.defaultDomain())),
      P: ep11CardAttributes((task, { card }) => fetchEp11Module(task, this, card.id)),
    };
    this.ofQueues = {
      A: [],
      C: ccaQueueAttributes((task, { it, domain }) => fetchCcaInfo(task, this, it.card.id, domain)),
      P: ep11QueueAttributes(async (task, { it, domain, online }) => (online ? fetchEp11Domain(task, this, it.card.id, domain) : null)),
    };
  }

  has(adapter: number, domain: number): boolean {
    return domain >= 0 && this.parts.list.has(apqnOf(adapter, domain));
  }

  sendCprb(task: Task, order: CprbOrder): Promise<CprbResult | Failure> {
    const { dispatcher, roles, options } = this.parts;
    return dispatcher.submitQuietly(task, cprbRequest(order, roles, options));
  }

  sendEp11(task: Task, order: Ep11Order): Promise<Ep11Result | Failure> {
    const { dispatcher, options } = this.parts;
    return dispatcher.submitQuietly(task, ep11Request(order, options));
  }
}
