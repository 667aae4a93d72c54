/**
 * The AP hardware of one machine (LPAR): adapters, usage and control domains, and the AP instructions as its firmware executes them.
 * Every instruction is a visible operation on its queue, QCI one on the configuration.
 */
import { ApMask } from '../base/ap-mask.ts';
import { adapterOf, apqnOf, apqnText, domainOf, type Apqn } from '../base/apqn.ts';
import { EEXIST, ENODEV, OK, type Errno } from '../base/errno.ts';
import { Access } from '../runtime/access.ts';
import type { MaybePromise, Runtime } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import { Adapter } from './adapter.ts';
import { SpecificationException } from './ap-instructions.ts';
import type { DqapResult, NqapRequest, QactRequest, QactResult, QciInfo, TapqInfo, TapqResult } from './ap-instructions.ts';
import type { ApStatus } from './ap-status.ts';
import type { CardFirmware } from './card-firmware.ts';
import { CardFunction, type CardType } from './card-type.ts';
import { ConfigurationOp } from './configuration-op.ts';
import { FaultPlan } from './fault-plan.ts';
import { FaultPlaces, HARDWARE_FAULTS } from './fault-places.ts';
import type { FaultSpec } from './faults.ts';
import { QciFlag } from './qci.ts';
import type { AdapterCounters, QueueHost } from './queue-host.ts';
import { QueueOp, type HwQueue, type MachineAqic } from './queue.ts';
import type { QueueWork } from './queue-work.ts';
import { Rc } from './response-code.ts';
import type { RsaEngine } from './rsa-engine.ts';
import type { ServiceModel } from './service-model.ts';

export interface AdapterSpec {
  readonly id: number;
  readonly type: CardType;
}

/** Facilities of the machine by their STFLE numbers: qci 12, apft 15, aqic 65. */
export interface ApFacilities {
  readonly qci: boolean;
  readonly apft: boolean;
  readonly aqic: boolean;
}

export interface CryptoAdaptersOptions {
  readonly adapters: readonly AdapterSpec[];
  readonly usageDomains: ApMask;
  readonly controlDomains: ApMask;
  /** Highest adapter number, default 255. */
  readonly na?: number;
  /** Highest domain number, default 255. */
  readonly nd?: number;
  /** Default: all. */
  readonly facilities?: Partial<ApFacilities>;
  /** More than 64 adapters and 16 domains. Default true. */
  readonly apxa?: boolean;
  /** QCI flags word; APXA follows `apxa`. Default APSC, APXA, QACT. */
  readonly flags?: number;
  /** How long a reset takes, milliseconds, default 0.2. */
  readonly resetMs?: number;
  /** How long AQIC takes to have an effect, milliseconds, default 0: at once. */
  readonly irqEnableMs?: number;
  readonly service: ServiceModel;
  readonly rsa: RsaEngine;
  /** Serial numbers, master keys and random numbers of the cards are a function of it. Default 0. */
  readonly seed?: number;
  /** RSA private keys whose parts do not belong together get an error reply; otherwise they are silently repaired. Default true. */
  readonly strictKeys?: boolean;
  /** Names of places that may fail by a choice of the run (`HARDWARE_FAULTS`; others do not matter). Default: none. */
  readonly places?: ReadonlySet<string>;
}

export class CryptoAdapters {
  readonly facilities: ApFacilities;
  readonly apxa: boolean;
  readonly na: number;
  readonly nd: number;
  /** Faults that are injected, and how often they have struck. */
  readonly faults: FaultPlan;
  private readonly rt: Runtime;
  private readonly flags: number;
  private readonly host: QueueHost;
  private readonly positions: (Adapter | undefined)[] = [];
  private readonly configuration = new ConfigurationOp(() => this.currentQci());
  private readonly listeners = new Set<() => void>();
  /** Positions with a card in them. */
  private present: ApMask = ApMask.EMPTY;
  private usage: ApMask;
  private control: ApMask;

  constructor(rt: Runtime, options: CryptoAdaptersOptions) {
    this.rt = rt;
    this.facilities = { qci: true, apft: true, aqic: true, ...options.facilities };
    this.apxa = options.apxa ?? true;
    this.na = this.apxa ? (options.na ?? 255) : 63;
    this.nd = this.apxa ? (options.nd ?? 255) : 15;
    const flags = options.flags ?? QciFlag.APSC | QciFlag.APXA | QciFlag.QACT;
    this.flags = (this.apxa ? flags | QciFlag.APXA : flags & ~QciFlag.APXA) >>> 0;
    this.usage = this.checkDomains(options.usageDomains);
    this.control = this.checkDomains(options.controlDomains);
    this.faults = this.makeFaults(options.places ?? new Set());
    this.host = {
      rt,
      faults: this.faults,
      resetMs: options.resetMs ?? 0.2,
      irqEnableMs: options.irqEnableMs ?? 0,
      service: options.service,
      rsa: options.rsa,
      seed: options.seed ?? 0,
      strictKeys: options.strictKeys ?? true,
      rc8a: (this.flags & QciFlag.RC8A) !== 0,
      hasDomain: (domain) => {
        rt.touch(this.configuration, Access.READ);
        return this.usage.has(domain);
      },
      tapqInfo: (card) => this.tapqInfo(card),
    };
    for (const spec of options.adapters) {
      if (this.plug(spec) !== OK) throw new Error(`expected each adapter once, got adapter ${spec.id} twice`);
    }
  }

  // --- instructions ---

  tapq(task: Task, apqn: Apqn): MaybePromise<TapqResult> {
    return this.rt.point(task, this.queue(apqn), QueueOp.TAPQ) as MaybePromise<TapqResult>;
  }

  rapq(task: Task, apqn: Apqn): MaybePromise<ApStatus> {
    return this.rt.point(task, this.queue(apqn), QueueOp.RAPQ) as MaybePromise<ApStatus>;
  }

  zapq(task: Task, apqn: Apqn): MaybePromise<ApStatus> {
    return this.rt.point(task, this.queue(apqn), QueueOp.ZAPQ) as MaybePromise<ApStatus>;
  }

  aqic(task: Task, apqn: Apqn, operand: MachineAqic): MaybePromise<ApStatus> {
    if (!this.facilities.aqic) throw new SpecificationException('AQIC on a machine without facility 65');
    if (!(operand.isc >= 0 && operand.isc <= 7))
      throw new SpecificationException(`AQIC with an ISC from 0 to 7 expected, got ${operand.isc}`);
    return this.rt.point(task, this.queue(apqn), QueueOp.AQIC, operand) as MaybePromise<ApStatus>;
  }

  /** A newer card is compatible with whatever is asked for. */
  async qact(task: Task, apqn: Apqn, { type }: QactRequest): Promise<QactResult> {
    if (!this.facilities.qci || (this.flags & QciFlag.QACT) === 0) throw new SpecificationException('QACT on a machine without it');
    const { status, info } = await this.tapq(task, apqn);
    return { status, type: status.rc === Rc.NORMAL && info !== null ? Math.min(info.type, type) : 0 };
  }

  /** null without facility 12. */
  qci(task: Task): MaybePromise<QciInfo | null> {
    if (!this.facilities.qci) return null;
    return this.rt.point(task, this.configuration, 0) as MaybePromise<QciInfo>;
  }

  nqap(task: Task, apqn: Apqn, request: NqapRequest): MaybePromise<ApStatus> {
    if (request.message.length === 0) throw new SpecificationException(`NQAP to ${apqnText(apqn)} with a message of 0 bytes`);
    return this.rt.point(task, this.queue(apqn), QueueOp.NQAP, request) as MaybePromise<ApStatus>;
  }

  dqap(task: Task, apqn: Apqn, capacity: number): MaybePromise<DqapResult> {
    if (!(capacity > 0)) throw new SpecificationException(`DQAP from ${apqnText(apqn)} into a buffer of ${capacity} bytes`);
    return this.rt.point(task, this.queue(apqn), QueueOp.DQAP, capacity) as MaybePromise<DqapResult>;
  }

  // --- configuration: the service element, the SCLP, events of a scenario ---

  /** -ENODEV without such an adapter. Off: its messages are lost and its interrupts are off. */
  configure(adapter: number, on: boolean): Errno {
    const position = this.plugged(adapter);
    if (position === undefined) return ENODEV;
    this.rt.touch(position, Access.WRITE);
    if (position.configured === on) return OK;
    position.dropAll();
    position.configured = on;
    this.changed();
    return OK;
  }

  checkstop(adapter: number, on: boolean): Errno {
    const position = this.plugged(adapter);
    if (position === undefined) return ENODEV;
    this.rt.touch(position, Access.WRITE);
    if (position.checkstopped === on) return OK;
    position.dropAll();
    position.checkstopped = on;
    this.changed();
    return OK;
  }

  /** A new adapter, configured. -EEXIST when its number is taken. */
  plug({ id, type }: AdapterSpec): Errno {
    if (!Number.isInteger(id) || id < 0 || id > this.na) throw new RangeError(`expected an adapter number from 0 to ${this.na}, got ${id}`);
    const position = (this.positions[id] ??= new Adapter(id, this.host));
    this.reconfigured(position);
    if (position.card !== null) return EEXIST;
    position.insert(type);
    this.present = this.present.with(id);
    this.changed();
    return OK;
  }

  unplug(id: number): Errno {
    const position = this.plugged(id);
    if (position === undefined) return ENODEV;
    this.reconfigured(position);
    position.remove();
    this.present = this.present.without(id);
    this.changed();
    return OK;
  }

  setUsageDomains(mask: ApMask): void {
    this.usage = this.checkDomains(mask);
    this.rt.touch(this.configuration, Access.WRITE);
    for (const position of this.positions) position?.dropUnless((domain) => mask.has(domain));
    this.changed();
  }

  setControlDomains(mask: ApMask): void {
    this.control = this.checkDomains(mask);
    this.rt.touch(this.configuration, Access.WRITE);
    this.changed();
  }

  /** Called after each change, in the context of whoever made it. Answers the function that unsubscribes. */
  onConfigurationChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /** Something goes wrong from now on, for a time: see `FaultSpec`. -ENODEV without such an adapter, RangeError when it makes no sense. */
  inject(fault: FaultSpec): Errno {
    return this.faults.inject(fault);
  }

  /**
   * Serial number and keys of the card that is there, for administrators who load keys into the domain of this queue: what is done to it
   * counts as done to the queue. undefined without such an adapter.
   */
  firmware(apqn: Apqn): CardFirmware | undefined {
    const position = this.plugged(adapterOf(apqn));
    if (position === undefined) return undefined;
    this.rt.touch(position.queue(apqn), Access.WRITE);
    return position.unit.firmware;
  }

  // --- looking at the hardware from outside, for reports and checkers: no task of the model does this ---

  /** What QCI would answer now. */
  currentQci(): QciInfo {
    return { flags: this.flags, na: this.na, nd: this.nd, apm: this.present, aqm: this.usage, adm: this.control };
  }

  /** undefined without such an adapter. */
  adapter(id: number): { readonly type: CardType; readonly configured: boolean; readonly checkstopped: boolean } | undefined {
    const position = this.plugged(id);
    if (position !== undefined) this.rt.touch(position, Access.READ);
    return position && { type: position.card!, configured: position.configured, checkstopped: position.checkstopped };
  }

  counters(id: number): AdapterCounters | undefined {
    const position = this.plugged(id);
    return position && { ...position.counters };
  }

  /** What a queue holds now; undefined for a queue that nobody has addressed yet. */
  queueState(apqn: Apqn): Readonly<QueueWork> | undefined {
    return this.looked(this.positions[adapterOf(apqn)]?.known(domainOf(apqn)))?.state;
  }

  /** Has anybody sent a message to the queue since its last reset began, or has its interrupt enabled? */
  usedSinceReset(apqn: Apqn): boolean {
    // A queue that nobody has addressed yet is made now: whoever addresses it later must meet the one that was looked at.
    return this.looked(this.positions[adapterOf(apqn)]?.queue(apqn))?.used ?? false;
  }

  /** The step in which somebody looks at the queue depends on what is done to it. */
  private looked(queue: HwQueue | undefined): HwQueue | undefined {
    if (queue !== undefined) this.rt.touch(queue, Access.READ);
    return queue;
  }

  private queue(apqn: Apqn): HwQueue {
    const [adapter, domain] = [adapterOf(apqn), domainOf(apqn)];
    if (apqn !== apqnOf(adapter, domain) || adapter > this.na || domain > this.nd) {
      throw new SpecificationException(`expected an APQN up to adapter ${this.na}, domain ${this.nd}, got ${apqn} (${adapter}, ${domain})`);
    }
    return (this.positions[adapter] ??= new Adapter(adapter, this.host)).queue(apqn);
  }

  private plugged(id: number): Adapter | undefined {
    const position = this.positions[id];
    return position?.card ? position : undefined;
  }

  /** A card comes or goes. */
  private reconfigured(position: Adapter): void {
    this.rt.touch(position, Access.WRITE);
    this.rt.touch(this.configuration, Access.WRITE);
  }

  private makeFaults(places: ReadonlySet<string>): FaultPlan {
    const { rt } = this;
    const queuesOf = ({ adapter, domain }: FaultSpec): Iterable<HwQueue> => this.positions[adapter]?.addressed(domain) ?? [];
    return new FaultPlan(
      {
        rt,
        has: (adapter) => this.plugged(adapter) !== undefined,
        touched: (spec) => {
          const position = this.positions[spec.adapter];
          if (position !== undefined) rt.touch(position, Access.WRITE);
          // What happens in a queue by itself does not look at the position.
          for (const queue of queuesOf(spec)) rt.touch(queue, Access.WRITE);
        },
        configure: (adapter, on) => this.plugged(adapter)?.configured === !on && this.configure(adapter, on) === OK,
        checkstop: (adapter, on) => this.plugged(adapter)?.checkstopped === !on && this.checkstop(adapter, on) === OK,
        interrupt: (spec) => {
          for (const queue of queuesOf(spec)) queue.interruptAnyway();
        },
      },
      HARDWARE_FAULTS.some(({ name }) => places.has(name)) ? new FaultPlaces(rt, places) : null,
    );
  }

  private tapqInfo(card: CardType): TapqInfo | null {
    if (!this.facilities.apft) return null;
    const functions = this.apxa ? card.functions : (card.functions & ~CardFunction.APXA) >>> 0;
    return { functions, type: card.rawType, domains: this.nd, ml: card.ml, depth: card.depth - 1 };
  }

  private checkDomains(mask: ApMask): ApMask {
    if (mask.highest() > this.nd) throw new RangeError(`expected domains up to ${this.nd}, got ${mask.highest()}`);
    return mask;
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}
