/**
 * Lock classes of vfio, the mdev core and type1 (drivers/vfio).
 *
 * Order, outermost first:
 *   mdev_list_lock              alone: list and instances
 *   unreg_sem                   (R) create and remove of a mediated device, tried only; (W) their parent goes, and they with it
 *     mdev dev->mutex           probe and remove of a mediated device
 *       device released (wait)  removal waits for the last user, without a lock of the driver
 *   dev_set->lock               open and close of a device
 *     (locks of the driver)
 *       iommu->lock             pin and unpin, the innermost one
 *     device_list_lock          a device enters or leaves the list of those that are asked
 *   device_list_lock            DMA unmap, without iommu->lock; the kernel takes it under iommu->lock, which closes a circle
 *     (locks of the driver)
 *       iommu->lock             unpin
 */
import { LockClass } from '../locks/lock-class.ts';

export const MDEV_LIST_LOCK = new LockClass('mdev_list_lock', {
  protects: 'the list of mediated devices and the free instances of their parent',
});
export const UNREG_SEM = new LockClass('unreg_sem', {
  protects: 'the parent of mediated devices from going while one of them is created or removed',
  tryable: true,
});
export const MDEV_DEVICE_LOCK = new LockClass('mdev dev->mutex', {
  protects: 'binding of one mediated device: its probe and remove run under it',
});
export const DEV_SET_LOCK = new LockClass('dev_set->lock', {
  protects: 'open count of a vfio device; held across open_device and close_device',
});
export const IOMMU_LOCK = new LockClass('iommu->lock', { protects: 'mappings and pinned pages of a container' });
export const DEVICE_LIST_LOCK = new LockClass('device_list_lock', {
  protects: 'the devices of a container that are asked for their pins when storage is unmapped',
});
export const DEVICE_RELEASED = new LockClass('vfio device released', {
  protects: 'waited for by removal until the last user has closed the device',
});
