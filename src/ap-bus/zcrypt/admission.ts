/**
 * What the node through which a request comes may use (struct ap_perms of drivers/s390/crypto/ap_bus.h, as zcrypt asks it).
 */
import type { MaybePromise } from '../../runtime/runtime.ts';
import type { Task } from '../../runtime/task.ts';

/** The masks as they were when a queue was chosen. */
export interface Admission {
  /** False for the node of the bus itself, which may administer any domain. */
  readonly restricted: boolean;
  card(adapter: number): boolean;
  /** Usage. */
  domain(domain: number): boolean;
  /** May this domain be administered? */
  control(domain: number): boolean;
}

export interface NodePermissions {
  /** Looked at without a lock, as in the kernel: a mask that changes now has effect on the next choice. */
  admission(task: Task): Promise<Admission>;
  /** `nr`: number of an ioctl, 0 to 255. */
  allowsIoctl(task: Task, nr: number): MaybePromise<boolean>;
}
