/**
 * The header of SET_IRQS and what vfio checks in it for every driver (drivers/vfio/vfio_main.c: vfio_set_irqs_validate_and_prepare).
 */
import { EINVAL, OK, type Errno } from '../base/errno.ts';
import { IRQ_SET_SIZE, IrqSetFlag } from './ioctl.ts';

/** struct vfio_irq_set. */
export interface IrqSet {
  readonly argsz: number;
  readonly flags: number;
  readonly index: number;
  readonly start: number;
  readonly count: number;
}

/** What the device has: kinds of interrupts, and how many there are of one kind. */
export interface IrqKinds {
  readonly indexes: number;
  readonly ofEach: number;
}

const { DATA_NONE, DATA_BOOL, DATA_EVENTFD, ACTION_MASK, ACTION_UNMASK, ACTION_TRIGGER } = IrqSetFlag;
export const DATA_TYPES = DATA_NONE | DATA_BOOL | DATA_EVENTFD;
const ACTIONS = ACTION_MASK | ACTION_UNMASK | ACTION_TRIGGER;
const U32_MAX = 0xffff_ffff;

/** Bytes of one element, by data type; a mixture of types has none. */
const ELEMENT: ReadonlyMap<number, number> = new Map([
  [DATA_NONE, 0],
  [DATA_BOOL, 1],
  [DATA_EVENTFD, 4],
]);

export function irqSetOf(header: DataView): IrqSet {
  const word = (i: number): number => header.getUint32(i * 4);
  return { argsz: word(0), flags: word(1), index: word(2), start: word(3), count: word(4) };
}

/** -EINVAL unless the header is one that a driver may look at. It says nothing about what follows the header. */
export function validateIrqSet(set: IrqSet, kinds: IrqKinds): Errno {
  const { argsz, flags, index, start, count } = set;
  if (argsz < IRQ_SET_SIZE || index >= kinds.indexes || count >= U32_MAX - start) return EINVAL;
  if ((flags & ~(DATA_TYPES | ACTIONS)) !== 0) return EINVAL;
  if (start >= kinds.ofEach || start + count > kinds.ofEach) return EINVAL;
  const size = ELEMENT.get(flags & DATA_TYPES);
  if (size === undefined || argsz - IRQ_SET_SIZE < count * size) return EINVAL;
  return OK;
}
