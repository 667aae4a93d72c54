/**
 * A request that a driver accepted ends exactly once: with a reply or an errno, or its owner takes it back. Looked at whenever the lock of a
 * queue is given back: what was accepted and has not ended is on one of the lists of the queue, no count is below zero, and no request
 * is on two lists. A message is freed on every path, and only when no queue has it. At rest nothing may be left.
 */
import type { Findings } from '../locks/finding.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Task } from '../runtime/task.ts';
import { QueueLedger, type CountedQueue } from '../ap-driver/queue-ledger.ts';

const RULES = {
  'end once': 'requests end exactly once',
  counts: 'counts of a queue are never negative',
  freed: 'messages are freed, when no queue has them',
};

export class RequestWatch {
  /** Evaluations so far. */
  checks = 0;
  private readonly layer: LockLayer;
  private readonly findings: Findings;
  private readonly ledger: QueueLedger;

  /** Watches every queue of the host and of its guests that is made over this layer, or was. */
  constructor(layer: LockLayer, findings: Findings) {
    this.layer = layer;
    this.findings = findings;
    this.ledger = QueueLedger.of(layer.rt);
    for (const queue of this.ledger.queues) this.watch(queue);
    this.ledger.onQueue = (queue) => this.watch(queue);
    this.ledger.onEarlyFree = ({ psmid }) => this.report('freed', `message 0x${psmid.toString(16)} is freed while a queue has it`, null);
  }

  /** To be asked when nobody works any more: no request may be open. */
  atRest(): void {
    for (const queue of this.ledger.queues) {
      const { open } = queue.account;
      if (open !== 0) this.report('end once', `queue ${queue.name}: ${open} requests were accepted and have not ended`, null);
    }
    const { messages } = this.ledger;
    if (messages.size > 0) this.report('freed', `${messages.size} messages are left`, null);
  }

  private watch(queue: CountedQueue): void {
    queue.account.onWrong = (what) => this.report('end once', `queue ${queue.name}: ${what}`, null);
    queue.lock.onExclusiveRelease((task) => this.check(queue, task));
  }

  private check(queue: CountedQueue, task: Task): void {
    this.checks++;
    const { accepted, ended, cancelled, open } = queue.account;
    const held = queue.requestqCount + queue.pendingqCount;
    if (open !== held) {
      const books = `${accepted} accepted, ${ended} ended, ${cancelled} taken back`;
      this.report('end once', `queue ${queue.name}: ${books}, but ${held} requests are on its lists`, task);
    }
    const counts = { queue_count: queue.queueCount, request_count: queue.totalRequests, open };
    for (const [name, count] of Object.entries(counts)) {
      if (!(Number.isInteger(count) && count >= 0)) this.report('counts', `queue ${queue.name}: ${name} is ${count}`, task);
    }
  }

  private report(rule: keyof typeof RULES, what: string, task: Task | null): void {
    this.findings.report({
      kind: 'invariant',
      key: `invariant:requests:${rule}`,
      title: `invariant: ${RULES[rule]}: ${what}`,
      tasks: task === null ? [] : [task.name],
      time: this.layer.rt.now(),
    });
  }
}
