/**
 * The host's AP tasklet as a task (ap_tasklet, drivers/s390/crypto/ap_bus.c): sleeps until an interrupt or the poll timer asks for it.
 */
import type { Runtime } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import { ApTasklet } from '../ap-driver/ap-tasklet.ts';
import type { AqicOperand } from '../crypto-adapters/ap-instructions.ts';
import { OpenValue } from './open-value.ts';
import { PollThread } from './poll-thread.ts';

/** How the host gets AP interrupts. */
export interface HostInterrupts {
  /** Its ISC and the address of the local summary indicator. */
  readonly aqic: AqicOperand;
  clearNotification(): void;
}

export interface PollTimes {
  /** poll_timeout at boot; default 0.25 ms. */
  readonly highTimeoutMs?: number;
  /** False: what takes long is polled as often as replies. Default true. */
  readonly slow?: boolean;
}

export interface HostTasklet {
  readonly tasklet: ApTasklet;
  readonly pollThread: PollThread;
  /** Asks for a run of the tasklet. */
  readonly schedule: () => void;
}

/** The task of the tasklet is made when it is asked for the first time; the poll thread does not run yet. */
export function makeHostTasklet(rt: Runtime, interrupts: HostInterrupts | null, polling: PollTimes = {}): HostTasklet {
  let daemon: Task | null = null;
  // Asked for by timers and interrupts, whatever the task is at.
  const pending = new OpenValue(rt, false);
  const serve = async (task: Task): Promise<void> => {
    for (;;) {
      while (pending.get()) {
        pending.set(false);
        await tasklet.run(task);
      }
      await rt.park(task);
    }
  };
  const schedule = (): void => {
    pending.set(true);
    if (daemon === null) daemon = rt.spawn('ap_tasklet', serve, { daemon: true });
    else rt.wake(daemon);
  };
  const tasklet = new ApTasklet(rt, {
    schedule,
    useInterrupts: () => interrupts !== null,
    wakePollThread: () => pollThread.wake(),
    clearNotification: () => interrupts?.clearNotification(),
    ...(polling.highTimeoutMs === undefined ? {} : { highTimeoutMs: polling.highTimeoutMs }),
    ...(polling.slow === false ? { lowTimeoutMs: null } : {}),
  });
  const pollThread = new PollThread(rt, tasklet, () => interrupts !== null);
  return { tasklet, pollThread, schedule };
}
