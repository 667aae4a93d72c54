/**
 * One AP queue of the hardware and what each AP instruction does to it. It is the visible operation of its own instructions:
 * two instructions on different queues do not see each other.
 */
import { apqnText, domainOf, type Apqn } from '../base/apqn.ts';
import { Access, type AccessKind } from '../runtime/access.ts';
import type { Op, Task } from '../runtime/task.ts';
import type { DqapResult, NqapRequest, TapqResult } from './ap-instructions.ts';
import { bareStatus, type ApStatus } from './ap-status.ts';
import { isInvalidDomain, jobFor } from './card-job.ts';
import { CardFunction, maxMessageSize } from './card-type.ts';
import type { FaultStatus } from './fault-plan.ts';
import type { InterruptTarget, NotificationByte } from './interrupts.ts';
import type { QueueHost, QueuePosition } from './queue-host.ts';
import { QueueWork, type Irq } from './queue-work.ts';
import { Rc } from './response-code.ts';

/** AQIC with the address already translated: whose storage the byte is in and who is interrupted. */
export interface MachineAqic {
  readonly ir: boolean;
  readonly isc: number;
  /** null: there is nobody to interrupt, as when disabling. */
  readonly target: InterruptTarget | null;
  /** null: the address is not usable. */
  readonly nib: NotificationByte | null;
}

/** `task.mode` of a queue operation. */
export const QueueOp = { TAPQ: 0, RAPQ: 1, ZAPQ: 2, AQIC: 3, NQAP: 4, DQAP: 5 } as const;

const NO_WORK = new QueueWork();

export class HwQueue implements Op {
  readonly apqn: Apqn;
  private readonly adapter: QueuePosition;
  private readonly host: QueueHost;
  /** null until there is something to remember: a machine may have 65,536 queues. */
  private work: QueueWork | null = null;

  constructor(apqn: Apqn, adapter: QueuePosition, host: QueueHost) {
    this.apqn = apqn;
    this.adapter = adapter;
    this.host = host;
  }

  get opName(): string {
    return 'AP instruction';
  }

  /** `05.0004`, for reports. */
  get name(): string {
    return apqnText(this.apqn);
  }

  /** What the queue holds now, for checkers and reports. */
  get state(): Readonly<QueueWork> {
    return this.work ?? NO_WORK;
  }

  /** A message was sent since the last reset began, or an interrupt is enabled: somebody's traces are in the queue. */
  get used(): boolean {
    return this.work !== null && (this.work.sent || this.work.irq !== null);
  }

  enabled(): boolean {
    return true;
  }

  /** TAPQ only looks; whatever else is done to the queue changes it, if only who gets the next reply. */
  access(task: Task): AccessKind {
    return task.mode === QueueOp.TAPQ ? Access.READ : Access.WRITE;
  }

  perform(task: Task): unknown {
    this.host.rt.touch(this.adapter, Access.READ);
    const { faults } = this.host;
    const fault = !faults.quiet && this.refusal() === Rc.NORMAL ? faults.instruction(this.apqn, task.mode) : null;
    if (fault !== null) return this.failing(task.mode, fault);
    switch (task.mode) {
      case QueueOp.TAPQ:
        return this.tapq();
      case QueueOp.RAPQ:
      case QueueOp.ZAPQ:
        return this.reset();
      case QueueOp.AQIC:
        return this.aqic(task.arg as MachineAqic);
      case QueueOp.NQAP:
        return this.nqap(task.arg as NqapRequest);
      case QueueOp.DQAP:
        return this.dqap(task.arg as number);
      default:
        throw new Error(`expected an AP instruction of queue ${this.name}, got operation ${task.mode}`);
    }
  }

  /** The instruction is not executed. */
  private failing(mode: number, { rc, asyncError }: FaultStatus): unknown {
    const status = { ...this.status(rc), asyncError };
    if (mode === QueueOp.DQAP) return { ...this.noReply(rc), status };
    if (mode !== QueueOp.TAPQ) return status;
    return { status, info: rc === Rc.Q_NOT_AVAIL ? null : this.host.tapqInfo(this.adapter.card!) };
  }

  /** Everything is lost: messages, interrupts, a running reset. */
  drop(): void {
    if (this.work === null) return;
    this.changed();
    this.work.cancelTimers();
    this.work = null;
  }

  /** Something happens to it that is no instruction: a timer, a change of the configuration. */
  private changed(): void {
    this.host.rt.touch(this, Access.WRITE);
  }

  private tapq(): TapqResult {
    const status = this.status(this.refusal());
    const card = this.adapter.card;
    return { status, info: status.rc === Rc.Q_NOT_AVAIL || card === null ? null : this.host.tapqInfo(card) };
  }

  private reset(): ApStatus {
    const rc = this.refusal();
    if (rc !== Rc.NORMAL) return this.status(rc);
    this.drop();
    const work = new QueueWork();
    this.work = work;
    this.adapter.counters.resets++;
    const ms = Math.max(this.host.resetMs, this.host.faults.resetMs(this.apqn));
    work.resetting = this.host.rt.timer(`reset of ${this.name}`, ms, () => {
      this.changed();
      if (this.work === work) this.work = null;
    });
    return this.status(Rc.NORMAL);
  }

  private aqic({ ir, isc, target, nib }: MachineAqic): ApStatus {
    let rc = this.refusal();
    if (rc === Rc.NORMAL && this.state.irqChange !== null) rc = Rc.BUSY;
    if (rc === Rc.NORMAL && ir && (nib === null || target === null)) rc = Rc.INVALID_ADDRESS;
    if (rc === Rc.NORMAL && ir === (this.state.irq !== null)) rc = Rc.OTHERWISE_CHANGED;
    if (rc === Rc.NORMAL) this.changeIrq(ir ? { isc, target: target!, nib: nib! } : null);
    return this.status(rc);
  }

  private changeIrq(irq: Irq | null): void {
    const work = (this.work ??= new QueueWork());
    const { rt, irqEnableMs } = this.host;
    if (irqEnableMs === 0) {
      work.irq = irq;
      return;
    }
    work.irqChange = rt.timer(`interrupts of ${this.name}`, irqEnableMs, () => {
      this.changed();
      if (this.work !== work) return;
      work.irqChange = null;
      work.irq = irq;
    });
  }

  private nqap(request: NqapRequest): ApStatus {
    const { psmid, message } = request;
    const controls = this.host.rc8a ? (request.controls ?? null) : null;
    const rc = this.refusal() || this.messageRefusal(request);
    if (rc !== Rc.NORMAL) return this.status(rc);
    const work = (this.work ??= new QueueWork());
    // The sender may use its buffer for something else from now on.
    work.sent = true;
    work.pending.push({ psmid, message: new Uint8Array(message), controls });
    this.adapter.counters.requests++;
    if (work.serving === null) this.serve(work);
    return this.status(Rc.NORMAL);
  }

  private messageRefusal({ message, special = false, controls }: NqapRequest): number {
    const card = this.adapter.card!;
    if (special && (card.functions & CardFunction.APSC) === 0) return Rc.REQ_FAC_NOT_INST;
    if (message.length > maxMessageSize(card.ml)) return Rc.MESSAGE_TOO_BIG;
    if (!this.host.rc8a && isInvalidDomain(card, domainOf(this.apqn), message, controls)) return Rc.INVALID_DOMAIN;
    return this.state.outstanding >= card.depth ? Rc.Q_FULL : Rc.NORMAL;
  }

  /** Starts on the first pending request. */
  private serve(work: QueueWork): void {
    const { rt, service, faults } = this.host;
    const card = this.adapter.card!;
    const { psmid, message, controls } = work.pending[0]!;
    const job = jobFor(card, domainOf(this.apqn), message, controls ?? undefined);
    const served = (): void => {
      this.changed();
      if (this.work !== work) return;
      const muteMs = faults.muteMs(this.apqn);
      work.serving = muteMs === 0 ? null : rt.timer(`service of ${this.name}`, muteMs, served);
      if (muteMs === 0) this.answer(work, { psmid, bytes: job.reply(this.adapter.unit) });
    };
    work.serving = rt.timer(`service of ${this.name}`, service(card, job), served);
  }

  /** The first pending request has got its reply. */
  private answer(work: QueueWork, { psmid, bytes }: { psmid: bigint; bytes: Uint8Array }): void {
    const { faults } = this.host;
    const spoilt = faults.quiet ? null : faults.reply(this.apqn, psmid, bytes);
    if (spoilt?.again !== true) work.pending.shift();
    work.replies.push({ psmid: spoilt?.psmid ?? psmid, bytes: spoilt?.bytes ?? bytes, read: 0 });
    this.adapter.counters.replies++;
    if (work.pending.length > 0) this.serve(work);
    if (work.irq === null || faults.quiet) {
      this.interrupt(work);
      return;
    }
    const { ms, times } = faults.interruption(this.apqn);
    if (ms === 0) this.interrupt(work);
    for (let n = ms === 0 ? 1 : 0; n < times; n++) this.interruptLater(work, ms);
  }

  private interruptLater(work: QueueWork, ms: number): void {
    this.host.rt.timer(`interruption of ${this.name}`, ms, () => {
      this.changed();
      if (this.work === work) this.interrupt(work);
    });
  }

  /** The byte first: whoever is interrupted looks at it. */
  private interrupt({ irq }: QueueWork): void {
    if (irq === null) return;
    this.adapter.counters.irqs++;
    irq.nib.set();
    irq.target.adapterInterruption(irq.isc);
  }

  /** Interrupts without a reply: something that was hidden can be seen again. */
  interruptAnyway(): void {
    this.changed();
    if (this.work !== null) this.interrupt(this.work);
  }

  private dqap(capacity: number): DqapResult {
    const rc = this.refusal();
    if (rc !== Rc.NORMAL) return this.noReply(rc);
    const { replies } = this.state;
    const reply = replies[0];
    if (reply === undefined) return this.noReply(Rc.NO_PENDING_REPLY);
    const part = new Uint8Array(reply.bytes.subarray(reply.read, reply.read + capacity));
    reply.read += part.length;
    const residual = reply.bytes.length - reply.read;
    if (residual === 0) replies.shift();
    return { status: this.status(residual === 0 ? Rc.NORMAL : Rc.PARTIAL), psmid: reply.psmid, reply: part, residual };
  }

  private noReply(rc: number): DqapResult {
    return { status: this.status(rc), psmid: 0n, reply: null, residual: 0 };
  }

  /** The response code that every instruction gets in the state the queue is in, NORMAL when there is none. */
  private refusal(): number {
    const { card, configured, checkstopped } = this.adapter;
    if (card === null || !this.host.hasDomain(domainOf(this.apqn))) return Rc.Q_NOT_AVAIL;
    if (!configured) return Rc.DECONFIGURED;
    if (checkstopped) return Rc.CHECKSTOPPED;
    return this.state.resetting === null ? Rc.NORMAL : Rc.RESET_IN_PROGRESS;
  }

  private status(rc: number): ApStatus {
    if (rc === Rc.Q_NOT_AVAIL) return bareStatus(rc);
    const { state } = this;
    return {
      queueEmpty: state.outstanding === 0,
      repliesWaiting: state.replies.length > 0,
      queueFull: state.outstanding >= this.adapter.card!.depth,
      asyncError: false,
      irqEnabled: state.irq !== null,
      rc,
    };
  }
}
