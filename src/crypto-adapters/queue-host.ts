/**
 * The two ports through which a queue sees its surroundings: the machine, and the adapter position it belongs to.
 */
import type { Runtime } from '../runtime/runtime.ts';
import type { TapqInfo } from './ap-instructions.ts';
import type { CardUnit } from './card-firmware.ts';
import type { CardType } from './card-type.ts';
import type { FaultPlan } from './fault-plan.ts';
import type { RsaEngine } from './rsa-engine.ts';
import type { ServiceModel } from './service-model.ts';

/** What a queue needs from the machine it is in. */
export interface QueueHost {
  readonly rt: Runtime;
  readonly resetMs: number;
  readonly irqEnableMs: number;
  readonly service: ServiceModel;
  readonly rsa: RsaEngine;
  /** What serial numbers, keys and random numbers of the cards are made of. */
  readonly seed: number;
  readonly strictKeys: boolean;
  readonly faults: FaultPlan;
  /** The machine answers a wrong domain with reply code 0x8A. */
  readonly rc8a: boolean;
  /** Is the domain assigned to this machine? */
  hasDomain(domain: number): boolean;
  /** What TAPQ tells about a card; null without facility 15. */
  tapqInfo(card: CardType): TapqInfo | null;
}

export interface AdapterCounters {
  readonly requests: number;
  readonly replies: number;
  readonly resets: number;
  readonly irqs: number;
}

/** What a queue needs to know of its adapter position. */
export interface QueuePosition {
  /** null: nothing is plugged in. */
  readonly card: CardType | null;
  readonly configured: boolean;
  readonly checkstopped: boolean;
  readonly counters: { -readonly [name in keyof AdapterCounters]: number };
  /** What computes in the card that is there. */
  readonly unit: CardUnit;
}
