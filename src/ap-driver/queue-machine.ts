/**
 * The state machine of a queue: which instruction a POLL or TIMEOUT event issues and what its response code leads to
 * (the ap_sm_* handlers and the jump table of drivers/s390/crypto/ap_queue.c). Runs under the lock of the queue.
 */
import { apqnText, type Apqn } from '../base/apqn.ts';
import { EINVAL, EMSGSIZE, OK } from '../base/errno.ts';
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { ApInstructions, AqicOperand } from '../crypto-adapters/ap-instructions.ts';
import type { ApStatus } from '../crypto-adapters/ap-status.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import { moreUrgent, type ApWait } from './ap-wait.ts';
import type { QueueState } from './queue-state.ts';
import type { RequestTimer } from './request-timer.ts';

export type ApEvent = 'POLL' | 'TIMEOUT';

export interface MachineOptions {
  readonly apqn: Apqn;
  /** Real depth, not the depth minus one that TAPQ reports. */
  readonly depth: number;
  /** Does the bus use interrupts now? Else the queue is polled. */
  useInterrupts(): boolean;
  /** Operand of the AQIC that enables interrupts. */
  readonly aqic: AqicOperand;
  /** Told about replies nobody waits for. */
  warn?(text: string): void;
}

/** AQIC will not be accepted later either. */
const IRQ_REFUSED: ReadonlySet<number> = new Set([Rc.Q_NOT_AVAIL, Rc.DECONFIGURED, Rc.CHECKSTOPPED, Rc.INVALID_ADDRESS]);
/** Bind states of Secure Execution: usable, usable without secure keys. */
const SE_ASSOCIATED = 0;
const SE_BOUND = 1;

export class QueueMachine {
  /** Bytes that one DQAP can store; 0: no reply buffer yet. */
  replyBuffer: number;
  private readonly state: QueueState;
  private readonly instructions: ApInstructions;
  private readonly options: MachineOptions;
  private readonly timer: RequestTimer;

  constructor(
    state: QueueState,
    instructions: ApInstructions,
    parts: { options: MachineOptions; timer: RequestTimer; replyBuffer: number },
  ) {
    this.state = state;
    this.instructions = instructions;
    this.options = parts.options;
    this.timer = parts.timer;
    this.replyBuffer = parts.replyBuffer;
  }

  /** One event. Dropped while the queue is deconfigured, checkstopped or not initiated. */
  event(task: Task, event: ApEvent): MaybePromise<ApWait> {
    if (!this.state.listening) return 'none';
    return event === 'POLL' ? this.poll(task) : this.timeout(task);
  }

  /** POLL events until the queue has nothing more to do at once. */
  async loop(task: Task): Promise<ApWait> {
    for (;;) {
      const wait = await this.event(task, 'POLL');
      if (wait !== 'again') return wait;
    }
  }

  private async poll(task: Task): Promise<ApWait> {
    switch (this.state.smState) {
      case 'RESET_START':
        return this.reset(task);
      case 'RESET_WAIT':
        return this.resetWait(task);
      case 'SETIRQ_WAIT':
        return this.setIrqWait(task);
      case 'IDLE':
        return this.write(task);
      case 'WORKING': {
        const afterRead = await this.read(task);
        return moreUrgent(afterRead, await this.write(task));
      }
      case 'QUEUE_FULL':
        return this.read(task);
      case 'ASSOC_WAIT':
        return this.assocWait(task);
    }
  }

  private timeout(task: Task): MaybePromise<ApWait> {
    const { smState } = this.state;
    return smState === 'WORKING' || smState === 'QUEUE_FULL' || smState === 'ASSOC_WAIT' ? this.reset(task) : 'none';
  }

  private async reset(task: Task): Promise<ApWait> {
    const status = await this.instructions.rapq(task, this.options.apqn, this.state.unbinds);
    if (status.asyncError) return 'none';
    if (status.rc !== Rc.NORMAL && status.rc !== Rc.RESET_IN_PROGRESS) return this.fail(status.rc);
    this.state.smState = 'RESET_WAIT';
    this.state.unbinds = false;
    return 'low-timeout';
  }

  private async resetWait(task: Task): Promise<ApWait> {
    const { status, info } = await this.instructions.tapq(task, this.options.apqn);
    if (status.rc === Rc.BUSY || status.rc === Rc.RESET_IN_PROGRESS) return 'low-timeout';
    if (status.rc !== Rc.NORMAL) return this.fail(status.rc);
    this.state.bindState = bindStateOf(info?.functions ?? 0);
    if (this.options.useInterrupts() && (await this.enableIrq(task))) this.state.smState = 'SETIRQ_WAIT';
    else this.state.settle();
    return 'again';
  }

  /** False means polling: a queue without interrupts works, only slower. */
  private async enableIrq(task: Task): Promise<boolean> {
    const status = await this.instructions.aqic(task, this.options.apqn, this.options.aqic);
    return !status.asyncError && (status.rc === Rc.NORMAL || status.rc === Rc.OTHERWISE_CHANGED);
  }

  /** In SETIRQ_WAIT: asks again. A reset by somebody else may have lost what was accepted, and no later poll would tell. */
  async renewIrq(task: Task): Promise<void> {
    if (this.state.smState !== 'SETIRQ_WAIT' || !this.state.listening) return;
    const status = await this.instructions.aqic(task, this.options.apqn, this.options.aqic);
    if (!status.asyncError && IRQ_REFUSED.has(status.rc)) this.state.settle();
  }

  private async setIrqWait(task: Task): Promise<ApWait> {
    const { state } = this;
    const receives = state.queueCount > 0 && this.replyBuffer > 0;
    const status = receives ? await this.receive(task) : (await this.instructions.tapq(task, this.options.apqn)).status;
    if (status.irqEnabled) state.settle();
    if (status.rc === Rc.NORMAL && state.queueCount > 0) return 'again';
    if (status.rc === Rc.NORMAL || status.rc === Rc.NO_PENDING_REPLY) return 'low-timeout';
    return this.fail(status.rc);
  }

  private async write(task: Task): Promise<ApWait> {
    const { state, options } = this;
    const message = state.requestq[0];
    if (message === undefined) return 'none';
    const status = await this.instructions.nqap(task, options.apqn, {
      psmid: message.psmid,
      message: message.request,
      special: message.special,
    });
    if (status.asyncError) return 'none';
    switch (status.rc) {
      case Rc.NORMAL:
        state.requestq.shift();
        state.pendingq.push(message);
        state.queueCount = Math.max(1, state.queueCount + 1);
        if (state.queueCount === 1) this.timer.restart();
        if (state.queueCount >= options.depth) return this.full(status);
        state.smState = 'WORKING';
        return 'again';
      case Rc.Q_FULL:
        return this.full(status);
      case Rc.RESET_IN_PROGRESS:
        state.smState = 'RESET_WAIT';
        return 'low-timeout';
      case Rc.INVALID_DOMAIN:
      case Rc.MESSAGE_TOO_BIG:
      case Rc.REQ_FAC_NOT_INST:
        state.requestq.shift();
        message.complete(EINVAL, null);
        return 'again';
      default:
        return this.fail(status.rc);
    }
  }

  private full(status: ApStatus): ApWait {
    this.state.smState = 'QUEUE_FULL';
    return status.irqEnabled ? 'interrupt' : 'high-timeout';
  }

  private async read(task: Task): Promise<ApWait> {
    if (this.replyBuffer === 0) return 'none';
    const { state } = this;
    const status = await this.receive(task);
    if (status.asyncError) return 'none';
    if (status.rc !== Rc.NORMAL && status.rc !== Rc.NO_PENDING_REPLY) return this.fail(status.rc);
    if (state.queueCount > 0) {
      if (status.rc === Rc.NO_PENDING_REPLY) return status.irqEnabled ? 'interrupt' : 'high-timeout';
      state.smState = 'WORKING';
      return 'again';
    }
    state.smState = 'IDLE';
    // A reset by somebody else (the hypervisor, the owner before us) has switched the interrupts off behind our back.
    if (status.irqEnabled || !status.queueEmpty || !this.options.useInterrupts() || !(await this.enableIrq(task))) return 'none';
    state.smState = 'SETIRQ_WAIT';
    return 'again';
  }

  /** DQAP until a whole reply, or none, has come; ends the request it belongs to. */
  private async receive(task: Task): Promise<ApStatus> {
    const { state, options } = this;
    let parts = 1;
    let result = await this.instructions.dqap(task, options.apqn, this.replyBuffer);
    while (result.status.rc === Rc.PARTIAL && result.residual > 0) {
      result = await this.instructions.dqap(task, options.apqn, this.replyBuffer);
      parts++;
    }
    const { status, psmid, reply } = result;
    if (status.asyncError) return status;
    if (status.rc === Rc.NORMAL) {
      state.queueCount = Math.max(0, state.queueCount - 1);
      if (!status.queueEmpty && state.queueCount === 0) state.queueCount = 1;
      this.answer(psmid, parts === 1 ? reply : null);
    }
    if (status.rc === Rc.NORMAL || status.rc === Rc.NO_PENDING_REPLY) {
      if (status.queueEmpty && state.queueCount > 0) state.resendPending();
      if (state.queueCount === 0) this.timer.cancel();
      else if (status.rc === Rc.NORMAL) this.timer.restart();
    }
    return status;
  }

  private answer(psmid: bigint, reply: Uint8Array | null): void {
    const message = this.state.takePending(psmid);
    if (message === null) this.options.warn?.(`${apqnText(this.options.apqn)}: reply with unknown psmid 0x${psmid.toString(16)} discarded`);
    else if (reply === null || reply.length > message.replyCapacity) message.complete(EMSGSIZE, null);
    else message.complete(OK, reply);
  }

  private async assocWait(task: Task): Promise<ApWait> {
    const { status, info } = await this.instructions.tapq(task, this.options.apqn);
    if ((status.asyncError && status.rc !== Rc.NORMAL) || status.rc > Rc.BUSY) return this.fail(status.rc);
    this.state.bindState = bindStateOf(info?.functions ?? 0);
    if (this.state.bindState === SE_BOUND) return 'low-timeout';
    if (this.state.bindState !== SE_ASSOCIATED) {
      this.state.associationIndex = null;
      return this.fail(status.rc);
    }
    this.state.smState = 'IDLE';
    return 'none';
  }

  private fail(rc: number): ApWait {
    this.state.fail(rc);
    return 'none';
  }
}

const bindStateOf = (functions: number): number => (functions >>> 14) & 3;
