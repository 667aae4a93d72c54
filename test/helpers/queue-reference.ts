/**
 * The state machine of a queue written down once more, from the tables of the specification (ap-bus.md 6.1 to 6.4) and from nothing else:
 * what the product's machine is compared with. It knows no locks, timers and promises.
 */
import type { Answer, Instruction } from './scripted-instructions.ts';

export type RefWait = 'again' | 'high-timeout' | 'low-timeout' | 'interrupt' | 'none';
const URGENCY: readonly RefWait[] = ['again', 'high-timeout', 'low-timeout', 'interrupt', 'none'];

export type RefSm = 'RESET_START' | 'RESET_WAIT' | 'SETIRQ_WAIT' | 'IDLE' | 'WORKING' | 'QUEUE_FULL' | 'ASSOC_WAIT';
export const SM_STATES: readonly RefSm[] = ['RESET_START', 'RESET_WAIT', 'SETIRQ_WAIT', 'IDLE', 'WORKING', 'QUEUE_FULL', 'ASSOC_WAIT'];

type Handler = 'reset' | 'reset-wait' | 'setirq-wait' | 'write' | 'read-write' | 'read' | 'assoc-wait' | 'nothing';

/** 6.2: for each state what POLL and TIMEOUT do. */
const JUMP: Readonly<Record<RefSm, readonly [poll: Handler, timeout: Handler]>> = {
  RESET_START: ['reset', 'nothing'],
  RESET_WAIT: ['reset-wait', 'nothing'],
  SETIRQ_WAIT: ['setirq-wait', 'nothing'],
  IDLE: ['write', 'nothing'],
  WORKING: ['read-write', 'reset'],
  QUEUE_FULL: ['read', 'reset'],
  ASSOC_WAIT: ['assoc-wait', 'reset'],
};

/** 6.3: which codes a handler knows, and what it does then; every other one means ERROR. */
const RESET: Readonly<Record<number, string>> = { 0x00: 'wait', 0x02: 'wait' };
const RESET_WAIT: Readonly<Record<number, string>> = { 0x00: 'ready', 0x02: 'stay', 0x05: 'stay' };
const ENABLE: Readonly<Record<number, boolean>> = { 0x00: true, 0x07: true };
const SETIRQ_WAIT: Readonly<Record<number, string>> = { 0x00: 'normal', 0x10: 'low' };
const WRITE: Readonly<Record<number, string>> = {
  ...{ 0x00: 'sent', 0x10: 'full', 0x02: 'reset', 0x42: 'refused', 0x15: 'refused', 0x16: 'refused' },
};
const READ: Readonly<Record<number, string>> = { 0x00: 'reply', 0x10: 'nothing' };

export interface RefOptions {
  readonly depth: number;
  readonly interrupts: () => boolean;
  /** Executes an instruction. `detail`: of NQAP the psmid, of DQAP the capacity, of RAPQ whether it has the F bit. */
  readonly ask: (instruction: Instruction, detail: number) => Answer & { readonly bindState?: number };
}

export class QueueReference {
  device: 'UNINITIATED' | 'OPERATING' | 'SHUTDOWN' | 'ERROR' = 'UNINITIATED';
  sm: RefSm = 'RESET_START';
  lastErr = 0;
  config = true;
  chkstop = false;
  count = 0;
  total = 0;
  buffer = 0;
  bindState = 0;
  unbinds = false;
  association: number | null = null;
  requestq: number[] = [];
  pendingq: number[] = [];
  /** `psmid: how`. */
  readonly ends: string[] = [];
  private readonly options: RefOptions;

  constructor(options: RefOptions) {
    this.options = options;
  }

  event(event: 'POLL' | 'TIMEOUT'): RefWait {
    if (!this.config || this.chkstop || this.device === 'UNINITIATED') return 'none';
    return this.handle(JUMP[this.sm][event === 'POLL' ? 0 : 1]);
  }

  loop(): RefWait {
    let wait: RefWait;
    do wait = this.event('POLL');
    while (wait === 'again');
    return wait;
  }

  init(): RefWait {
    this.device = 'OPERATING';
    this.sm = 'RESET_START';
    this.lastErr = 0;
    this.association = null;
    return this.event('POLL');
  }

  send(psmid: number): boolean {
    const taken = this.device === 'OPERATING';
    if (taken) {
      this.requestq.push(psmid);
      this.total++;
    }
    this.loop();
    return taken;
  }

  cancel(psmid: number): boolean {
    const there = this.requestq.includes(psmid) || this.pendingq.includes(psmid);
    this.requestq = this.requestq.filter((one) => one !== psmid);
    this.pendingq = this.pendingq.filter((one) => one !== psmid);
    return there;
  }

  flush(): void {
    for (const psmid of [...this.pendingq, ...this.requestq]) this.ends.push(`${psmid}: EAGAIN`);
    this.pendingq = [];
    this.requestq = [];
    this.count = 0;
  }

  fail(rc: number): RefWait {
    this.device = 'ERROR';
    this.lastErr = rc;
    return 'none';
  }

  private ask(instruction: Instruction, detail = 0): Required<Pick<Answer, 'rc' | 'irqEnabled' | 'queueEmpty' | 'asyncError'>> & Answer {
    return { rc: 0, irqEnabled: false, queueEmpty: true, asyncError: false, ...this.options.ask(instruction, detail) };
  }

  private handle(handler: Handler): RefWait {
    switch (handler) {
      case 'reset':
        return this.reset();
      case 'reset-wait':
        return this.resetWait();
      case 'setirq-wait':
        return this.setIrqWait();
      case 'write':
        return this.write();
      case 'read':
        return this.read();
      case 'read-write': {
        const [one, other] = [this.read(), this.write()];
        return URGENCY[Math.min(URGENCY.indexOf(one), URGENCY.indexOf(other))]!;
      }
      case 'assoc-wait':
        return this.assocWait();
      case 'nothing':
        return 'none';
    }
  }

  private reset(): RefWait {
    const { rc, asyncError } = this.ask('rapq', this.unbinds ? 1 : 0);
    if (asyncError) return 'none';
    if (RESET[rc] === undefined) return this.fail(rc);
    this.sm = 'RESET_WAIT';
    this.unbinds = false;
    return 'low-timeout';
  }

  private resetWait(): RefWait {
    const { rc, bindState } = this.ask('tapq') as { rc: number; bindState?: number };
    if (RESET_WAIT[rc] === undefined) return this.fail(rc);
    if (RESET_WAIT[rc] === 'stay') return 'low-timeout';
    this.bindState = bindState ?? 0;
    if (this.options.interrupts() && this.enable()) this.sm = 'SETIRQ_WAIT';
    else this.settle();
    return 'again';
  }

  private enable(): boolean {
    const { rc, asyncError } = this.ask('aqic');
    return !asyncError && (ENABLE[rc] ?? false);
  }

  private settle(): void {
    this.sm = this.count > 0 ? 'WORKING' : 'IDLE';
  }

  private setIrqWait(): RefWait {
    const answer = this.count > 0 && this.buffer > 0 ? this.receive() : this.ask('tapq');
    if (answer.irqEnabled) this.settle();
    const way = SETIRQ_WAIT[answer.rc];
    if (way === undefined) return this.fail(answer.rc);
    return way === 'normal' && this.count > 0 ? 'again' : 'low-timeout';
  }

  private write(): RefWait {
    const psmid = this.requestq[0];
    if (psmid === undefined) return 'none';
    const { rc, asyncError, irqEnabled } = this.ask('nqap', psmid);
    if (asyncError) return 'none';
    const full = irqEnabled ? 'interrupt' : 'high-timeout';
    switch (WRITE[rc]) {
      case 'sent':
        this.count = Math.max(1, this.count + 1);
        this.pendingq.push(this.requestq.shift()!);
        this.sm = this.count < this.options.depth ? 'WORKING' : 'QUEUE_FULL';
        return this.sm === 'WORKING' ? 'again' : full;
      case 'full':
        this.sm = 'QUEUE_FULL';
        return full;
      case 'reset':
        this.sm = 'RESET_WAIT';
        return 'low-timeout';
      case 'refused':
        this.ends.push(`${this.requestq.shift()!}: EINVAL`);
        return 'again';
      default:
        return this.fail(rc);
    }
  }

  private receive(): ReturnType<QueueReference['ask']> {
    let answer = this.ask('dqap', this.buffer);
    let parts = 1;
    for (; answer.rc === 0xff && (answer.residual ?? 0) > 0; parts++) answer = this.ask('dqap', this.buffer);
    const { rc, asyncError, queueEmpty } = answer;
    if (asyncError || READ[rc] === undefined) return answer;
    if (READ[rc] === 'reply') {
      this.count = Math.max(0, this.count - 1);
      if (!queueEmpty && this.count === 0) this.count = 1;
      const psmid = Number(answer.psmid ?? 0n);
      const at = this.pendingq.indexOf(psmid);
      if (at >= 0) {
        this.pendingq.splice(at, 1);
        this.ends.push(`${psmid}: ${parts > 1 ? 'EMSGSIZE' : 'ok'}`);
      }
    }
    if (queueEmpty && this.count > 0) {
      this.requestq = [...this.pendingq, ...this.requestq];
      this.pendingq = [];
      this.count = 0;
    }
    return answer;
  }

  private read(): RefWait {
    if (this.buffer === 0) return 'none';
    const { rc, asyncError, irqEnabled, queueEmpty } = this.receive();
    if (asyncError) return 'none';
    if (READ[rc] === undefined) return this.fail(rc);
    if (this.count > 0) {
      if (READ[rc] === 'nothing') return irqEnabled ? 'interrupt' : 'high-timeout';
      this.sm = 'WORKING';
      return 'again';
    }
    this.sm = 'IDLE';
    if (irqEnabled || !queueEmpty || !this.options.interrupts() || !this.enable()) return 'none';
    this.sm = 'SETIRQ_WAIT';
    return 'again';
  }

  private assocWait(): RefWait {
    const { rc, asyncError, bindState } = this.ask('tapq') as { rc: number; asyncError: boolean; bindState?: number };
    if ((asyncError && rc !== 0) || rc > 5) return this.fail(rc);
    this.bindState = bindState ?? 0;
    if (this.bindState === 1) return 'low-timeout';
    if (this.bindState === 0) {
      this.sm = 'IDLE';
      return 'none';
    }
    this.association = null;
    return this.fail(rc);
  }
}
