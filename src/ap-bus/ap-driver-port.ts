/**
 * What a driver of the AP bus implements (struct ap_driver, drivers/s390/crypto/ap_bus.h).
 */
import type { ApMask } from '../base/ap-mask.ts';
import type { Errno } from '../base/errno.ts';
import type { Task } from '../runtime/task.ts';
import type { QciInfo } from '../crypto-adapters/ap-instructions.ts';
import type { ApCard } from './ap-card.ts';
import type { ApQueueDevice } from './ap-queue-device.ts';

export interface ApDriver {
  readonly name: string;
  /** The kernel module that it is in; default: one of its own name. */
  readonly moduleName?: string;
  /** Of the host: gets the queues that both masks reserve, the others get the rest. */
  readonly isDefault: boolean;
  matches(device: ApCard | ApQueueDevice): boolean;
  /** Under dev->mutex. */
  probe(task: Task, device: ApCard | ApQueueDevice): Promise<Errno>;
  /** Under dev->mutex. */
  remove(task: Task, device: ApCard | ApQueueDevice): Promise<void>;
  /** Under the attribute mutex: is any of these APQNs in use? Then an errno, and the masks stay as they are. */
  inUse?(task: Task, apm: ApMask, aqm: ApMask): Promise<Errno>;
  /** Under the scan mutex, before devices come and go. */
  onConfigChanged?(task: Task, next: QciInfo, previous: QciInfo): Promise<void>;
  /** Under the scan mutex, after devices came and went. */
  onScanComplete?(task: Task, next: QciInfo, previous: QciInfo): Promise<void>;
}
