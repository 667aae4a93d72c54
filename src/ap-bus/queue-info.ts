/**
 * What TAPQ says about an APQN, as the scan uses it (ap_queue_info in drivers/s390/crypto/ap_bus.c).
 */
import { apqnOf } from '../base/apqn.ts';
import type { Task } from '../runtime/task.ts';
import type { ApInstructions, TapqInfo } from '../crypto-adapters/ap-instructions.ts';
import { Rc } from '../crypto-adapters/response-code.ts';

export interface QueueInfo {
  readonly info: TapqInfo;
  readonly deconfigured: boolean;
  readonly checkstopped: boolean;
}

/** `absent`: the configuration has no such queue; `silent`: it has, but nothing is known about it now. */
export type QueueAnswer = QueueInfo | 'absent' | 'silent';

export async function queueInfo(task: Task, instructions: ApInstructions, adapter: number, domain: number): Promise<QueueAnswer> {
  const { status, info } = await instructions.tapq(task, apqnOf(adapter, domain));
  // Up to BUSY the queue is there and described, whatever state it is in; so it is when the code belongs to something earlier.
  const known = status.rc !== Rc.Q_NOT_AVAIL && status.rc <= Rc.BUSY;
  if (!known && !status.asyncError) return 'absent';
  if (info === null || isBlank(info)) return 'silent';
  return { info, deconfigured: status.rc === Rc.DECONFIGURED, checkstopped: status.rc === Rc.CHECKSTOPPED };
}

/** Not one bit of the word is set. */
const isBlank = ({ functions, type, domains, ml, depth }: TapqInfo): boolean => (functions | type | domains | ml | depth) === 0;
