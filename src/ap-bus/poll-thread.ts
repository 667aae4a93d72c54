/**
 * The poll thread of a host without interrupts (ap_poll_thread, kapd or appoll, in drivers/s390/crypto/ap_bus.c): of the lowest priority,
 * polls as long as the hardware has a request, sleeps otherwise. Attribute `poll_thread`.
 */
import type { Runtime } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { ApTasklet } from '../ap-driver/ap-tasklet.ts';
import { OpenValue } from './open-value.ts';

export class PollThread {
  private readonly rt: Runtime;
  private readonly tasklet: ApTasklet;
  private readonly useInterrupts: () => boolean;
  /** Started and stopped without a lock. */
  private readonly thread: OpenValue<Task | null>;

  constructor(rt: Runtime, tasklet: ApTasklet, useInterrupts: () => boolean) {
    this.rt = rt;
    this.tasklet = tasklet;
    this.useInterrupts = useInterrupts;
    this.thread = new OpenValue<Task | null>(rt, null);
  }

  get running(): boolean {
    return this.thread.get() !== null;
  }

  /** Success without effect while interrupts are used, or when it runs already. */
  start(): void {
    if (this.useInterrupts() || this.running) return;
    this.thread.set(this.rt.spawn('appoll', (task) => this.serve(task), { daemon: true }));
  }

  /** It ends with its round. */
  stop(): void {
    const thread = this.thread.get();
    if (thread === null) return;
    this.thread.set(null);
    this.rt.wake(thread);
  }

  /** False when there is no thread. */
  wake(): boolean {
    const thread = this.thread.get();
    if (thread !== null) this.rt.wake(thread);
    return thread !== null;
  }

  private async serve(task: Task): Promise<void> {
    while (this.thread.get() === task) {
      if (!this.tasklet.pending) await this.rt.park(task);
      // Everybody else comes first.
      else await this.rt.sleep(task, 0);
      if (this.thread.get() === task) await this.tasklet.run(task);
    }
  }
}
