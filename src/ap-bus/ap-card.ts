/**
 * A card on the AP bus (struct ap_card, drivers/s390/crypto/ap_card.c): an adapter as its first usable queue described it.
 */
import { cardText } from '../base/apqn.ts';
import type { Errno } from '../base/errno.ts';
import type { KernelProfile } from '../base/kernel-profile.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Task } from '../runtime/task.ts';
import type { ApQueue } from '../ap-driver/ap-queue.ts';
import type { ApInstructions, TapqInfo } from '../crypto-adapters/ap-instructions.ts';
import { CardFunction, maxMessageSize, type CardMode } from '../crypto-adapters/card-type.ts';
import { Device, type DeviceBus } from '../driver-core/device.ts';
import { OpenValue } from './open-value.ts';

/** What the files of a card and of its queues need of the bus. */
export interface CardPort {
  readonly instructions: ApInstructions;
  readonly kernel: KernelProfile;
  /** The state machines of those queues of the adapter that have one: they are bound to a driver of the host. */
  activeQueues(adapter: number): Iterable<ApQueue>;
  /** A guest with Secure Execution whose machine can bind queues. */
  readonly secureBinding: boolean;
  /** The active queues of the adapter forget how many requests they have had. */
  clearRequestCounts(adapter: number): void;
  /** A write to `config`. */
  configure(task: Task, card: ApCard, on: boolean): Promise<Errno>;
}

/** The bits of the function word by which cards differ; the rest belongs to single queues. */
const CARD_FUNCTIONS = 0xffff0000;

export const cardFunctions = (info: TapqInfo): number => (info.functions & CARD_FUNCTIONS) >>> 0;

const MODE_TEXT: Readonly<Record<CardMode, string>> = { A: 'accel', C: 'cca', P: 'ep11' };

const CHUNK = 4096;

/** In bytes. Older kernels took a card at its word, even where it said less than what every card can do. */
const messageLimit = (ml: number, { smallestMl }: KernelProfile): number => (ml >= smallestMl ? ml * CHUNK : maxMessageSize(0));

/** How a scan found the adapter. */
export interface CardOptions {
  readonly id: number;
  readonly info: TapqInfo;
  /** The type whose drivers fit. */
  readonly hwtype: number;
  readonly config: boolean;
  readonly chkstop: boolean;
  readonly root: Device;
  readonly bus: DeviceBus;
}

export class ApCard {
  readonly id: number;
  readonly port: CardPort;
  readonly device: Device;
  readonly rawType: number;
  /** The type whose drivers fit: 10 (CEX4) to 14 (CEX8); of a newer card one that it is compatible with. */
  readonly hwtype: number;
  readonly functions: number;
  /** Real depth. */
  readonly depth: number;
  readonly maxMsgSize: number;
  driverData: unknown = null;
  private readonly configValue: OpenValue<boolean>;
  private readonly chkstopValue: OpenValue<boolean>;
  private readonly past: OpenValue<number>;

  constructor(layer: LockLayer, port: CardPort, options: CardOptions) {
    const { id, info, root, bus } = options;
    this.id = id;
    this.port = port;
    this.rawType = info.type;
    this.hwtype = options.hwtype;
    this.functions = cardFunctions(info);
    this.depth = info.depth + 1;
    this.maxMsgSize = messageLimit(info.ml, port.kernel);
    this.configValue = new OpenValue(layer.rt, options.config);
    this.chkstopValue = new OpenValue(layer.rt, options.chkstop);
    this.past = new OpenValue(layer.rt, 0);
    this.device = new Device(layer, { name: cardText(id), parent: root, bus, type: 'ap_card', owner: this });
  }

  /** Written by the scan, and by a write to `config`. */
  get config(): boolean {
    return this.configValue.get();
  }

  set config(on: boolean) {
    this.configValue.set(on);
  }

  /** As of the last scan. */
  get chkstop(): boolean {
    return this.chkstopValue.get();
  }

  set chkstop(on: boolean) {
    this.chkstopValue.set(on);
  }

  /** Requests that its queues do not count any more. */
  get pastRequests(): number {
    return this.past.get();
  }

  set pastRequests(count: number) {
    this.past.set(count);
  }

  /** In the order in which cex4card asks; null when it is none of them. */
  get mode(): CardMode | null {
    if ((this.functions & CardFunction.ACCEL) !== 0) return 'A';
    if ((this.functions & CardFunction.CCA) !== 0) return 'C';
    return (this.functions & CardFunction.EP11) !== 0 ? 'P' : null;
  }

  /** Value of `MODE=` in uevents. */
  get modeText(): string | null {
    return this.mode === null ? null : MODE_TEXT[this.mode];
  }
}
