/**
 * The port between a zPCI function and a locking design: who keeps a change of its slot apart from the I/O of its user, and how.
 *
 * The bodies say what is done. The design says under what, and whether at all; it is never asked for by name.
 */
import type { Errno } from '../../base/errno.ts';
import type { LockLayer } from '../../locks/lock-layer.ts';
import type { Task } from '../../runtime/task.ts';
import type { ZpciDev } from '../zpci-dev.ts';

export interface ZpciDesign {
  readonly name: string;
  /** Declared order of the locks, outermost first, as chains of class names; a test compares it with what the validator learnt. */
  readonly order: readonly (readonly string[])[];
  /** Guards of the shared fields. Called once for each function, before anybody can reach it. */
  adopt(zdev: ZpciDev): void;
  /** The slot is switched on or off (enable_slot, disable_slot), from the first look at its state to the last. */
  transition(task: Task, zdev: ZpciDev, body: () => Promise<Errno>): Promise<Errno>;
  /** One access of the user to the function. The design may refuse without calling the body. */
  access(task: Task, zdev: ZpciDev, body: () => Errno): Promise<Errno>;
}

export type ZpciDesignFactory = (layer: LockLayer) => ZpciDesign;
