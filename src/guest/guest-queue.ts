/**
 * A queue of the guest: the driver's queue object with what TAPQ told about the card behind it, and the load that spreads requests
 * (struct zcrypt_queue and zcrypt_card in one: a guest's cards need no objects of their own here).
 */
import { CardFunction, modulusLimits, sizeClass, speedWeights, type CardMode, type Generation } from '../crypto-adapters/card-type.ts';
import type { TapqInfo } from '../crypto-adapters/ap-instructions.ts';
import type { RsaMode } from '../crypto-adapters/messages/rsa-request.ts';
import type { RsaRequest } from '../crypto-adapters/messages/rsa-types.ts';
import type { ApQueue } from '../ap-driver/ap-queue.ts';

/** The class and bind bits of the function word change while a card works; the others say which card it is. */
const CARD_FUNCTIONS = 0xffff0000;

export class GuestQueue {
  readonly queue: ApQueue;
  readonly info: TapqInfo;
  readonly mode: CardMode;
  /** Sum of the weights of the requests under way. */
  load = 0;
  /** Taken offline: the card answered something that is no reply. */
  offline = false;
  private readonly generation: Generation;

  constructor(queue: ApQueue, info: TapqInfo) {
    this.queue = queue;
    this.info = info;
    this.mode = modeOf(info.functions);
    // A card newer than the newest one known here is used like that one (the kernel's compatible type).
    this.generation = (Math.min(info.type, 14) - 6) as Generation;
  }

  /** Is the card that TAPQ shows now still the one that this object was made for? */
  sameCard(info: TapqInfo): boolean {
    return info.type === this.info.type && ((info.functions ^ this.info.functions) & CARD_FUNCTIONS) === 0;
  }

  /** The mode when this queue can do the request now, else null. */
  rsaMode(request: RsaRequest): RsaMode | null {
    const { mode } = this;
    if (mode === 'P' || this.offline || !this.queue.usable()) return null;
    const { min, max } = modulusLimits({ mode, functions: this.info.functions });
    return request.input.length >= min && request.input.length <= max ? mode : null;
  }

  /** Lower is faster. */
  weight(request: RsaRequest): number {
    return speedWeights({ generation: this.generation, mode: this.mode })[request.kind][sizeClass(request.input.length * 8)];
  }
}

function modeOf(functions: number): CardMode {
  if ((functions & CardFunction.ACCEL) !== 0) return 'A';
  return (functions & CardFunction.CCA) !== 0 ? 'C' : 'P';
}
