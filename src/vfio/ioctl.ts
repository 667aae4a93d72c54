/**
 * The ioctls of a vfio device file as numbers and structs (include/uapi/linux/vfio.h). Structs are sequences of 32-bit words.
 */

/** _IO(';', 100 + n): no direction, no size. */
const request = (nr: number): number => (0x3b << 8) | nr;

export const DeviceRequest = {
  GET_INFO: request(107),
  GET_IRQ_INFO: request(109),
  SET_IRQS: request(110),
  RESET: request(111),
} as const;

/** struct vfio_device_info up to num_irqs: argsz, flags, num_regions, num_irqs. */
export const DEVICE_INFO_SIZE = 16;
/** struct vfio_irq_info: argsz, flags, index, count. */
export const IRQ_INFO_SIZE = 16;
/** struct vfio_irq_set up to count: argsz, flags, index, start, count. The data follow. */
export const IRQ_SET_SIZE = 20;

export const DeviceFlag = { RESET: 1 << 0, AP: 1 << 5 } as const;
export const IrqInfoFlag = { EVENTFD: 1 << 0 } as const;
export const IrqSetFlag = {
  DATA_NONE: 1 << 0,
  DATA_BOOL: 1 << 1,
  DATA_EVENTFD: 1 << 2,
  ACTION_MASK: 1 << 3,
  ACTION_UNMASK: 1 << 4,
  ACTION_TRIGGER: 1 << 5,
} as const;

/** The interrupts of a vfio-ap device by index (VFIO_AP_REQ_IRQ_INDEX, VFIO_AP_CFG_CHG_IRQ_INDEX). */
export const VfioApIrq = { REQUEST: 0, CONFIG_CHANGE: 1 } as const;
export type VfioApIrq = (typeof VfioApIrq)[keyof typeof VfioApIrq];

/** Words in the order of the struct, as the bytes of s390. */
export function structOf(...words: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(words.length * 4));
  words.forEach((word, i) => view.setUint32(i * 4, word));
  return new Uint8Array(view.buffer);
}
