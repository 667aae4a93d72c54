/**
 * The host's AP tasklet as a task (ap_tasklet, drivers/s390/crypto/ap_bus.c): sleeps until an interrupt or the poll timer asks for it.
 */
import type { Runtime } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import { ApTasklet } from '../ap-driver/ap-tasklet.ts';
import type { AqicOperand } from '../crypto-adapters/ap-instructions.ts';

/** How the host gets AP interrupts. */
export interface HostInterrupts {
  /** Its ISC and the address of the local summary indicator. */
  readonly aqic: AqicOperand;
  clearNotification(): void;
}

/** Answers the tasklet and the function that asks for a run; the task is made when it is asked for the first time. */
export function makeHostTasklet(rt: Runtime, interrupts: HostInterrupts | null): { tasklet: ApTasklet; schedule: () => void } {
  let daemon: Task | null = null;
  let pending = false;
  const serve = async (task: Task): Promise<void> => {
    for (;;) {
      while (pending) {
        pending = false;
        await tasklet.run(task);
      }
      await rt.park(task);
    }
  };
  const schedule = (): void => {
    pending = true;
    if (daemon === null) daemon = rt.spawn('ap_tasklet', serve, { daemon: true });
    else rt.wake(daemon);
  };
  const tasklet = new ApTasklet(rt, {
    schedule,
    useInterrupts: () => interrupts !== null,
    clearNotification: () => interrupts?.clearNotification(),
  });
  return { tasklet, schedule };
}
