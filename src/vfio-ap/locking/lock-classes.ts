/**
 * Lock classes that several designs share: the one lock of the driver before 6.0 (vfio_ap_private.h: matrix_dev->lock).
 */
import { LockClass } from '../../locks/lock-class.ts';

const protects = 'the list of mdevs, every field of every mdev and of every queue bound to vfio_ap';

export const MATRIX_LOCK = new LockClass('matrix_dev->lock', { protects });
/** The same lock in designs that try it: its release is a step that others can observe, which the other designs need not pay for. */
export const TRIED_MATRIX_LOCK = new LockClass('matrix_dev->lock', { tryable: true, protects });

/** In designs that keep the vCPUs of a guest apart queue by queue. */
export const QUEUE_LOCK = new LockClass('vfio_ap queue lock', { protects: 'the interrupt of one queue' });
