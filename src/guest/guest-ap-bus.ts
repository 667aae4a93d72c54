/**
 * The AP bus of a guest's kernel: finds queues by QCI and TAPQ, follows cards that go and come back, polls by tasklet
 * (drivers/s390/crypto/ap_bus.c with default drivers only; a guest passes nothing on).
 */
import { ApMask } from '../base/ap-mask.ts';
import { adapterOf, apqnOf, domainOf, type Apqn } from '../base/apqn.ts';
import type { EventLog } from '../base/event-log.ts';
import { OPERATION_EXCEPTION, ProgramInterruption } from '../base/program-interruption.ts';
import type { Timer } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { ApInstructions, AqicOperand, QciInfo, TapqInfo } from '../crypto-adapters/ap-instructions.ts';
import type { ApStatus } from '../crypto-adapters/ap-status.ts';
import { maxMessageSize } from '../crypto-adapters/card-type.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import { ApQueue } from '../ap-driver/ap-queue.ts';
import { ApTasklet } from '../ap-driver/ap-tasklet.ts';
import { AP_ISC, type GuestInterrupts } from './guest-interrupts.ts';
import type { GuestFacilities } from './guest-port.ts';
import { GuestQueue } from './guest-queue.ts';
import { GUEST_QUEUE_LOCK, GUEST_SCAN_MUTEX } from './lock-classes.ts';

export interface GuestApBusOptions {
  /** Name of the guest. */
  readonly name: string;
  readonly instructions: ApInstructions;
  readonly interrupts: GuestInterrupts;
  readonly facilities: GuestFacilities;
  /** Address of the notification byte; 0: poll. */
  readonly nib: number;
  /** How long after a scan the next one begins; 0: never by itself. */
  readonly rescanMs: number;
  readonly requestTimeoutMs?: number;
  readonly events: EventLog;
}

/** A scan of a large configuration takes long: it shall not take more than this share of the guest's time. */
const SCAN_SHARE = 0.1;
/** Well below the retry limit of an operation. Where time jumps, as in a controlled run, the rule above would otherwise feed on itself. */
const RESCAN_MS_MAX = 2000;
/** A guest without QCI tries these. */
const ALL_ADAPTERS = ApMask.upTo(63);
const ALL_DOMAINS = ApMask.upTo(15);
/** CEX4: older cards are not supported. */
const OLDEST_TYPE = 10;
/** Response codes with which the information of TAPQ is good. */
const INFORMATIVE: ReadonlySet<number> = new Set([Rc.NORMAL, Rc.RESET_IN_PROGRESS, Rc.DECONFIGURED, Rc.CHECKSTOPPED, Rc.BUSY]);

export class GuestApBus {
  /** Completed scans. */
  scans = 0;
  readonly tasklet: ApTasklet;
  private readonly members = new Map<Apqn, GuestQueue>();
  private readonly layer: LockLayer;
  private readonly options: GuestApBusOptions;
  private readonly scanMutex: Mutex;
  private readonly aqic: AqicOperand;
  private timer: Timer | null = null;
  private scanning = false;
  private present = true;
  private down = false;

  constructor(layer: LockLayer, options: GuestApBusOptions) {
    this.layer = layer;
    this.options = options;
    this.scanMutex = layer.mutex(GUEST_SCAN_MUTEX, `${options.name} ap_scan_bus_mutex`);
    this.aqic = { ir: true, isc: AP_ISC, nib: options.nib };
    this.tasklet = new ApTasklet(layer.rt, {
      schedule: () => options.interrupts.schedulePoll(),
      useInterrupts: () => this.usesInterrupts,
      clearNotification: () => options.interrupts.clearNotification(),
    });
  }

  get usesInterrupts(): boolean {
    return this.options.interrupts.available;
  }

  /** By APQN, in the order in which they were found. */
  get queues(): ReadonlyMap<Apqn, GuestQueue> {
    return this.members;
  }

  /** Requests waiting or sent. */
  get outstanding(): number {
    let sum = 0;
    for (const { queue } of this.members.values()) sum += queue.requestqCount + queue.pendingqCount;
    return sum;
  }

  /** First scan. False: this machine has no AP instructions. */
  async boot(task: Task): Promise<boolean> {
    // No facility bit tells about AP itself: the kernel tries TAPQ and catches the operation exception.
    try {
      await this.options.instructions.tapq(task, 0);
    } catch (error) {
      if (!(error instanceof ProgramInterruption) || error.code !== OPERATION_EXCEPTION) throw error;
      this.present = false;
      return false;
    }
    this.options.interrupts.assign({
      poll: (by) => this.tasklet.run(by),
      scan: (by) => this.scan(by),
      configurationChanged: (by) => this.forceRescan(by),
    });
    await this.scan(task);
    return true;
  }

  /** Brings the queue objects in line with the configuration. */
  async scan(task: Task): Promise<void> {
    using _held = await this.scanMutex.acquire(task);
    if (this.down || !this.present) return;
    this.scanning = true;
    try {
      await this.scanHeld(task);
    } finally {
      this.scanning = false;
    }
  }

  private async scanHeld(task: Task): Promise<void> {
    const since = this.layer.rt.now();
    this.timer?.cancel();
    const { instructions, facilities, interrupts } = this.options;
    const config = facilities.qci ? await instructions.qci(task) : null;
    const { adapters, domains } = this.configured(config);
    for (const apqn of [...this.members.keys()]) {
      if (!adapters.has(adapterOf(apqn)) || !domains.has(domainOf(apqn))) await this.removeQueue(task, apqn);
    }
    for (const adapter of adapters.bits()) for (const domain of domains.bits()) await this.scanQueue(task, apqnOf(adapter, domain));
    this.scans++;
    this.armTimer(this.layer.rt.now() - since);
    // A queue that was reset from outside has lost its requests and its interrupts: only polling it tells.
    interrupts.schedulePoll();
  }

  /** Nothing before the first scan is done. While one runs, its end is waited for, and no other is made (ap_bus_force_rescan). */
  async forceRescan(task: Task): Promise<void> {
    if (this.scans === 0) return;
    if (!this.scanning) return await this.scan(task);
    using _ended = await this.scanMutex.acquire(task);
  }

  /** Interrupts off, queues given back. No request may be left. */
  async shutdown(task: Task): Promise<void> {
    using _held = await this.scanMutex.acquire(task);
    this.down = true;
    this.options.interrupts.assign(null);
    this.timer?.cancel();
    if (this.outstanding !== 0)
      throw new Error(`expected ${this.options.name} to shut down without requests, ${this.outstanding} are left`);
    for (const apqn of [...this.members.keys()]) await this.removeQueue(task, apqn);
    this.tasklet.stop();
  }

  /** What there is to look at: the masks of QCI up to the highest numbers, or all that can be addressed without it. */
  private configured(config: QciInfo | null): { adapters: ApMask; domains: ApMask } {
    const { facilities } = this.options;
    // TAPQ answers without facility bits then, and no card of a supported type can be told from others.
    if (!facilities.apft) return { adapters: ApMask.EMPTY, domains: ApMask.EMPTY };
    if (config === null) return { adapters: ALL_ADAPTERS, domains: ALL_DOMAINS };
    return { adapters: config.apm.and(ApMask.upTo(config.na)), domains: config.aqm.and(ApMask.upTo(config.nd)) };
  }

  private async scanQueue(task: Task, apqn: Apqn): Promise<void> {
    const { status, info } = await this.options.instructions.tapq(task, apqn);
    if (!INFORMATIVE.has(status.rc) && !status.asyncError) {
      await this.removeQueue(task, apqn);
      return;
    }
    // All zero: nothing is known at this moment, everything stays as it is.
    if (info === null || info.type === 0) return;
    if (info.type < OLDEST_TYPE) {
      await this.removeQueue(task, apqn);
      return;
    }
    const known = this.members.get(apqn);
    if (known !== undefined && known.sameCard(info)) {
      await this.updateQueue(task, known.queue, status);
      return;
    }
    await this.removeQueue(task, apqn);
    await this.addQueue(task, apqn, { status, info });
  }

  private async addQueue(task: Task, apqn: Apqn, found: { status: ApStatus; info: TapqInfo }): Promise<void> {
    const { status, info } = found;
    const { instructions, events, name, requestTimeoutMs } = this.options;
    const queue = new ApQueue(this.layer, instructions, {
      apqn,
      depth: info.depth + 1,
      lockClass: GUEST_QUEUE_LOCK,
      useInterrupts: () => this.usesInterrupts,
      aqic: this.aqic,
      config: status.rc !== Rc.DECONFIGURED,
      chkstop: status.rc === Rc.CHECKSTOPPED,
      replyBuffer: maxMessageSize(info.ml),
      warn: (text) => events.emit('guest.unknown-reply', name, { guest: name, text }),
      ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
    });
    this.members.set(apqn, new GuestQueue(queue, info));
    this.tasklet.add(queue);
    this.tell('guest.queue-added', queue);
    await queue.initState(task);
  }

  /** At most one change a scan, as in the kernel: the rest follows with the next one. */
  private async updateQueue(task: Task, queue: ApQueue, status: ApStatus): Promise<void> {
    const checkstop = status.rc === Rc.CHECKSTOPPED;
    if (queue.chkstop !== checkstop) {
      await queue.setCheckstop(task, checkstop);
      this.tell(checkstop ? 'guest.queue-checkstopped' : 'guest.queue-recovered', queue);
      return;
    }
    const config = status.rc !== Rc.DECONFIGURED;
    if (queue.config !== config) {
      await queue.setConfig(task, config);
      this.tell(config ? 'guest.queue-configured' : 'guest.queue-deconfigured', queue);
      return;
    }
    await queue.heal(task);
    // The hypervisor may have reset the queue, for the guest unseen, between AQIC and its effect.
    if (queue.smState === 'SETIRQ_WAIT' && !status.irqEnabled) await queue.renewInterrupts(task);
  }

  private async removeQueue(task: Task, apqn: Apqn): Promise<void> {
    const known = this.members.get(apqn);
    if (known === undefined) return;
    const { queue } = known;
    this.members.delete(apqn);
    await queue.prepareRemove(task);
    // ZAPQ alone would do; told explicitly, the hypervisor can unpin the notification page at once.
    if (this.usesInterrupts) await this.options.instructions.aqic(task, apqn, { ...this.aqic, ir: false });
    await queue.remove(task);
    this.tasklet.remove(queue);
    this.tell('guest.queue-removed', queue);
  }

  private armTimer(scanMs: number): void {
    const { rescanMs, interrupts } = this.options;
    if (rescanMs === 0) return;
    this.timer = this.layer.rt.timer(
      `${this.options.name} AP rescan`,
      Math.max(rescanMs, Math.min(scanMs / SCAN_SHARE, RESCAN_MS_MAX)),
      () => interrupts.scheduleScan(),
    );
  }

  private tell(kind: string, queue: ApQueue): void {
    this.options.events.emit(kind, this.options.name, { guest: this.options.name, queue: queue.name });
  }
}
