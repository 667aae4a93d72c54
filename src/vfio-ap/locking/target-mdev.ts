/**
 * Which mdev a change is about (vfio_ap_ops.c: get_update_locks_for_mdev, _by_apqn, _for_queue find it in three ways).
 */
import type { Task } from '../../runtime/task.ts';
import { ApMatrixMdev } from '../ap-matrix-mdev.ts';
import type { Steps, Target } from './port.ts';

/** Null when a probed or unbound queue belongs to no mdev. Needs what guards the list of mdevs and the back pointers of queues. */
export function targetMdev(task: Task, steps: Steps, target: Target): ApMatrixMdev | null {
  switch (target.kind) {
    case 'probe':
      return steps.mdevOf(task, target.apqn);
    case 'unbind':
      return ApMatrixMdev.of(target.queue.mdev.get(task));
    default:
      return target.mdev;
  }
}
