/**
 * One AP queue as its driver sees it (struct ap_queue in drivers/s390/crypto/ap_queue.c): the same code for the host and for guests.
 * The lock is held around one event loop. It is a mutex because the instructions inside may sleep: a guest's may be intercepted.
 */
import type { Apqn } from '../base/apqn.ts';
import { apqnText } from '../base/apqn.ts';
import { EAGAIN, EBUSY, ENODEV, OK, type Errno } from '../base/errno.ts';
import type { Task } from '../runtime/task.ts';
import type { LockClass } from '../locks/lock-class.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { ApInstructions } from '../crypto-adapters/ap-instructions.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import type { ApMessage } from './ap-message.ts';
import type { ApWait } from './ap-wait.ts';
import { QueueLedger } from './queue-ledger.ts';
import { QueueMachine, type MachineOptions } from './queue-machine.ts';
import { QueueState, type DeviceState, type SmState } from './queue-state.ts';
import { RequestAccount } from './request-account.ts';
import { RequestTimer } from './request-timer.ts';

export interface ApQueueOptions extends MachineOptions {
  readonly lockClass: LockClass;
  /** As TAPQ showed it when the queue was found; default configured, not checkstopped. */
  readonly config?: boolean;
  readonly chkstop?: boolean;
  /** Default 12 KiB. 0: none yet, see `installReplyBuffer`. */
  readonly replyBuffer?: number;
  /** Default 900 s. */
  readonly requestTimeoutMs?: number;
  /** In a guest with Secure Execution: can the mode of the card be used there, and must the queue be bound for it? */
  readonly secureExecution?: { readonly supported: boolean; readonly needsBinding: boolean };
}

/** Usable, and usable without secure keys. */
const LAST_USABLE_BIND_STATE = 1;
const DEFAULT_REPLY_BUFFER = 12 * 1024;
const DEFAULT_REQUEST_TIMEOUT_MS = 900_000;

export class ApQueue {
  readonly apqn: Apqn;
  readonly name: string;
  /** What the owner does about a wait that arises outside of its own polling (kernel: ap_wait). Set by `ApTasklet.add`. */
  onWait: (wait: ApWait) => void = () => undefined;
  /** The request timer has run out: the owner polls the queue soon. Set by `ApTasklet.add`. */
  onTimeout: () => void = () => undefined;
  /** The requests it has accepted, for checkers. */
  readonly account = new RequestAccount();
  /** Held around one event loop. */
  readonly lock: Mutex;
  private readonly instructions: ApInstructions;
  private readonly ledger: QueueLedger;
  private readonly state: QueueState;
  private readonly timer: RequestTimer;
  private readonly machine: QueueMachine;
  private readonly secureExecution: { readonly supported: boolean; readonly needsBinding: boolean } | null;

  constructor(layer: LockLayer, instructions: ApInstructions, options: ApQueueOptions) {
    this.apqn = options.apqn;
    this.name = apqnText(options.apqn);
    this.instructions = instructions;
    this.secureExecution = options.secureExecution ?? null;
    this.lock = layer.mutex(options.lockClass, `${options.lockClass.name} of ${this.name}`);
    this.state = new QueueState(options.config ?? true, options.chkstop ?? false);
    this.timer = new RequestTimer(layer.rt, `request timeout of ${this.name}`, {
      ms: options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS,
      onExpire: () => this.onTimeout(),
    });
    const parts = { options, timer: this.timer, replyBuffer: options.replyBuffer ?? DEFAULT_REPLY_BUFFER };
    this.machine = new QueueMachine(this.state, instructions, parts);
    this.ledger = QueueLedger.of(layer.rt);
    this.ledger.add(this);
  }

  get deviceState(): DeviceState {
    return this.state.deviceState;
  }

  get smState(): SmState {
    return this.state.smState;
  }

  get lastErrRc(): number {
    return this.state.lastErrRc;
  }

  /** Bind state of Secure Execution as TAPQ showed it last, 0 to 3. */
  get bindState(): number {
    return this.state.bindState;
  }

  /** Index of the secret that is, or is being, associated; null when there is none. */
  get associationIndex(): number | null {
    return this.state.associationIndex;
  }

  get config(): boolean {
    return this.state.config;
  }

  get chkstop(): boolean {
    return this.state.chkstop;
  }

  /** Requests believed to be on the hardware. */
  get queueCount(): number {
    return this.state.queueCount;
  }

  /** Requests not sent yet. */
  get requestqCount(): number {
    return this.state.requestq.length;
  }

  /** Requests sent and not answered. */
  get pendingqCount(): number {
    return this.state.pendingq.length;
  }

  get totalRequests(): number {
    return this.state.totalRequests;
  }

  /** A write to the `request_count` attribute. */
  clearTotalRequests(): void {
    this.state.totalRequests = 0;
  }

  /** May a scheduler choose it? The state of the state machine does not matter: requests may be queued during a reset. */
  usable(): boolean {
    const { config, chkstop, deviceState, bindState } = this.state;
    if (!config || chkstop || deviceState !== 'OPERATING') return false;
    const se = this.secureExecution;
    return se === null || (se.supported && (!se.needsBinding || bindState <= LAST_USABLE_BIND_STATE));
  }

  /** Begins (again) with a reset. */
  async initState(task: Task): Promise<ApWait> {
    using _held = await this.lock.acquire(task);
    return await this.start(task);
  }

  /** Until nothing more can be done at once. The caller acts on the wait; `onWait` is not called. */
  async poll(task: Task): Promise<ApWait> {
    using _held = await this.lock.acquire(task);
    if (this.timer.takeExpired()) await this.machine.event(task, 'TIMEOUT');
    return await this.machine.loop(task);
  }

  /** One TIMEOUT event: a queue that has requests is reset; they are sent again afterwards. */
  async timeout(task: Task): Promise<ApWait> {
    using _held = await this.lock.acquire(task);
    return this.act(await this.machine.event(task, 'TIMEOUT'));
  }

  /** Makes replies possible, or grows the buffer. */
  async installReplyBuffer(task: Task, size: number): Promise<ApWait> {
    using _held = await this.lock.acquire(task);
    this.machine.replyBuffer = Math.max(this.machine.replyBuffer, size);
    return this.act(await this.machine.event(task, 'POLL'));
  }

  /** -ENODEV when the queue does not operate: the message is then untouched. Otherwise it ends with its `onDone`. */
  async queueMessage(task: Task, message: ApMessage): Promise<Errno> {
    using _held = await this.lock.acquire(task);
    let rc: Errno = ENODEV;
    if (this.state.deviceState === 'OPERATING') {
      message.enter(this.account);
      this.state.requestq.push(message);
      this.state.totalRequests++;
      rc = OK;
    }
    this.act(await this.machine.loop(task));
    return rc;
  }

  /** Ends all requests. */
  async flush(task: Task, errno: Errno): Promise<void> {
    using _held = await this.lock.acquire(task);
    this.flushAll(errno);
  }

  /** Forgets the message, its `onDone` will not run; a late reply is dropped. False when it had ended before. */
  async cancel(task: Task, message: ApMessage): Promise<boolean> {
    using _held = await this.lock.acquire(task);
    return this.state.forget(message);
  }

  /** A write to the `reset` attribute. Does not leave ERROR by itself. */
  async reset(task: Task): Promise<ApWait> {
    using _held = await this.lock.acquire(task);
    this.flushAll(EAGAIN);
    this.state.smState = 'RESET_START';
    return this.act(await this.machine.event(task, 'POLL'));
  }

  /** The adapter was configured or deconfigured; true when that is news. */
  async setConfig(task: Task, on: boolean): Promise<boolean> {
    using _held = await this.lock.acquire(task);
    if (this.state.config === on) return false;
    this.state.config = on;
    await this.follow(task, on, Rc.DECONFIGURED);
    return true;
  }

  /** The adapter was checkstopped or works again; true when that is news. */
  async setCheckstop(task: Task, on: boolean): Promise<boolean> {
    using _held = await this.lock.acquire(task);
    if (this.state.chkstop === on) return false;
    this.state.chkstop = on;
    await this.follow(task, !on, Rc.CHECKSTOPPED);
    return true;
  }

  /** A scan found the queue in ERROR and not deconfigured: it begins again. False when there was nothing to heal. */
  async heal(task: Task): Promise<boolean> {
    using _held = await this.lock.acquire(task);
    if (this.state.deviceState !== 'ERROR' || !this.state.config) return false;
    this.flushAll(EAGAIN);
    await this.start(task);
    return true;
  }

  /** For a queue that others may reset (a guest's): a registration of interrupts that got lost on the way is made again. */
  async renewInterrupts(task: Task): Promise<void> {
    using _held = await this.lock.acquire(task);
    await this.machine.renewIrq(task);
  }

  /** A binding of Secure Execution ends: all requests end, and the next reset carries the F bit. */
  async unbind(task: Task): Promise<ApWait> {
    using _held = await this.lock.acquire(task);
    this.flushAll(EAGAIN);
    this.state.unbinds = true;
    return await this.start(task);
  }

  /**
   * Binds it to a guest with Secure Execution: `issue` runs BAPQ and answers the bind state that came of it, or an errno.
   * -EBUSY before the reset, and the interrupts behind it, are done with.
   */
  async bind(task: Task, issue: (task: Task) => Promise<number>): Promise<Errno> {
    using _held = await this.lock.acquire(task);
    const { smState } = this.state;
    if (smState === 'RESET_START' || smState === 'RESET_WAIT' || smState === 'SETIRQ_WAIT') return EBUSY;
    const state = await issue(task);
    if (state < 0) return state;
    this.state.associationIndex = null;
    this.state.bindState = state;
    return OK;
  }

  /** What TAPQ has shown somebody else of the binding. */
  async noteBindState(task: Task, bindState: number): Promise<void> {
    using _held = await this.lock.acquire(task);
    this.state.bindState = bindState;
  }

  /** AAPQ with the index of a secret was accepted: polls until the secret is associated. */
  async awaitAssociation(task: Task, index: number): Promise<ApWait> {
    using _held = await this.lock.acquire(task);
    return await this.beginAssociation(task, index);
  }

  /** The same with the AAPQ, which is `issue` and answers an errno. -EBUSY unless the queue is idle. */
  async associate(task: Task, index: number, issue: (task: Task) => Promise<Errno>): Promise<Errno> {
    using _held = await this.lock.acquire(task);
    if (this.state.smState !== 'IDLE') return EBUSY;
    const rc = await issue(task);
    if (rc === OK) await this.beginAssociation(task, index);
    return rc;
  }

  /** First half of the removal: nothing is accepted any more, all requests end with -EAGAIN. */
  async prepareRemove(task: Task): Promise<void> {
    using _held = await this.lock.acquire(task);
    this.flushAll(EAGAIN);
    this.state.deviceState = 'SHUTDOWN';
  }

  /** Second half: ZAPQ drops the interrupt registration, too. */
  async remove(task: Task): Promise<void> {
    using _held = await this.lock.acquire(task);
    await this.instructions.zapq(task, this.apqn);
    this.timer.cancel();
    this.state.deviceState = 'UNINITIATED';
    this.ledger.remove(this);
  }

  private async beginAssociation(task: Task, index: number): Promise<ApWait> {
    this.state.associationIndex = index;
    this.state.smState = 'ASSOC_WAIT';
    return this.act(await this.machine.event(task, 'POLL'));
  }

  private async start(task: Task): Promise<ApWait> {
    this.state.deviceState = 'OPERATING';
    this.state.smState = 'RESET_START';
    this.state.lastErrRc = Rc.NORMAL;
    this.state.associationIndex = null;
    return this.act(await this.machine.event(task, 'POLL'));
  }

  private async follow(task: Task, works: boolean, rc: number): Promise<void> {
    if (this.state.deviceState === 'UNINITIATED') return;
    if (works) {
      await this.start(task);
      return;
    }
    this.state.fail(rc);
    this.flushAll(EAGAIN);
  }

  private flushAll(errno: Errno): void {
    this.state.flush(errno);
    this.timer.cancel();
  }

  private act(wait: ApWait): ApWait {
    this.onWait(wait);
    return wait;
  }
}
