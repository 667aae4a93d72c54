/**
 * A queue object over scripted instructions, and requests for it whose end is recorded.
 */
import { apqnOf } from '../../src/base/apqn.ts';
import { errnoName } from '../../src/base/errno.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import type { Strategy } from '../../src/runtime/strategy.ts';
import { Task } from '../../src/runtime/task.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import { LockLayer } from '../../src/locks/lock-layer.ts';
import { ApMessage } from '../../src/ap-driver/ap-message.ts';
import { ApQueue, type ApQueueOptions } from '../../src/ap-driver/ap-queue.ts';
import type { ApWait } from '../../src/ap-driver/ap-wait.ts';
import { inTask } from './in-task.ts';
import { ScriptedInstructions } from './scripted-instructions.ts';

const TEST_QUEUE_LOCK = new LockClass('test aq->lock');

/** Time passes only when no task can go on: what a test does between two sleeps happens at one moment. */
const PATIENT: Strategy = {
  choose: (candidates, n) => {
    const ready = candidates.slice(0, n).findIndex((one) => one instanceof Task && one.op?.enabled(one) === true);
    return Math.max(0, ready);
  },
  chooseValue: () => 0,
};

export class QueueUnderTest {
  readonly rt: ControlledRuntime;
  readonly layer: LockLayer;
  readonly ap = new ScriptedInstructions();
  readonly queue: ApQueue;
  /** What `onWait` was told. */
  readonly waits: ApWait[] = [];
  readonly warnings: string[] = [];
  /** `psmid: ok` or `psmid: errno`, in the order of the ends. */
  readonly ends: string[] = [];
  interrupts = true;

  constructor(options: Partial<ApQueueOptions> = {}, rt = new ControlledRuntime({ seed: 1, strategy: PATIENT })) {
    this.rt = rt;
    this.layer = new LockLayer(rt);
    this.queue = new ApQueue(this.layer, this.ap, {
      apqn: apqnOf(5, 4),
      depth: 8,
      lockClass: TEST_QUEUE_LOCK,
      useInterrupts: () => this.interrupts,
      aqic: { ir: true, isc: 6, nib: 0x1000 },
      warn: (text) => this.warnings.push(text),
      ...options,
    });
    this.queue.onWait = (wait) => this.waits.push(wait);
  }

  message(psmid: number, replyCapacity = 1000): ApMessage {
    return new ApMessage(BigInt(psmid), new Uint8Array(16), replyCapacity, ({ rc }) => {
      this.ends.push(`${psmid}: ${errnoName(rc!)}`);
    });
  }

  /** Initialises the queue up to IDLE, with nothing left in the call list. */
  async makeIdle(task: Task): Promise<void> {
    await this.queue.initState(task);
    this.ap.irqEnabled = this.interrupts;
    await this.queue.poll(task);
    if (this.queue.smState !== 'IDLE') throw new Error(`expected a fresh queue to become IDLE, got ${this.queue.smState}`);
    this.ap.calls.length = 0;
    this.waits.length = 0;
  }

  async send(task: Task, ...psmids: number[]): Promise<void> {
    for (const psmid of psmids) await this.queue.queueMessage(task, this.message(psmid));
  }

  /** Runs the test's steps as a task. */
  run(body: (task: Task) => Promise<void>): Promise<void> {
    return inTask(this.rt, body);
  }
}
