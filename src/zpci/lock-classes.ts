/**
 * Lock classes of a PCI function that is passed through, but for those of the locking design (drivers/pci, drivers/vfio/pci, QEMU).
 *
 * Order, outermost first:
 *   kn->active#power             store of the slot
 *     (lock of the design)       the whole change of the slot, in every design
 *       pci_rescan_remove_lock
 *         PCI dev->mutex         probe and remove of the driver
 *           vdev->igate
 *           vfio device released (wait)
 *   vfio device released         held by QEMU from open to close, and by each call on the device
 *     QEMU big lock
 *       vcpu->mutex              not held while user space does I/O for the guest
 *       dev_set->lock, vdev->igate
 *     guest has given up (wait)  held by the guest while it deconfigures the function
 */
import { LockClass } from '../locks/lock-class.ts';

export const RESCAN_REMOVE_LOCK = new LockClass('pci_rescan_remove_lock', {
  protects: 'the tree of PCI devices: one rescan or removal at a time',
});
export const PCI_DEVICE_LOCK = new LockClass('PCI dev->mutex', { protects: 'binding of one PCI device: probe and remove run under it' });
export const IGATE = new LockClass('vdev->igate', { protects: 'the eventfds that user space has registered with a vfio-pci device' });
export const BIG_LOCK = new LockClass('QEMU big lock', { protects: 'the devices of one QEMU process' });
export const DEVICE_REQUESTED = new LockClass('device request', {
  idle: true,
  protects: 'waited for by QEMU until the host wants a device back',
});
export const AVAILABILITY_EVENT = new LockClass('availability event', {
  idle: true,
  protects: 'waited for by a guest that serves PCI events',
});
export const GUEST_GAVE_UP = new LockClass('guest has given up', { protects: 'waited for until a guest has deconfigured the function' });
