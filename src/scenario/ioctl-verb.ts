/**
 * The verb `ioctl`: an ioctl that QEMU does on its vfio device, with an argument that may be wrong in every field and that may lie in storage
 * which cannot be read or written. No kernel counterpart: this is the fuzzer's end of a device file.
 */
import { EBADF, type Errno } from '../base/errno.ts';
import type { Machine } from '../machine/machine.ts';
import type { Task } from '../runtime/task.ts';
import { DEVICE_INFO_SIZE, DeviceRequest, IRQ_INFO_SIZE, IRQ_SET_SIZE, IrqSetFlag, structOf, type VfioApIrq } from '../vfio/ioctl.ts';
import type { UserMemory, UserRegion } from '../vfio/user-memory.ts';
import type { Qemu } from '../vmm/qemu.ts';

export const IOCTL_NAMES = ['get-info', 'get-irq-info', 'set-irqs', 'reset'] as const;
export type IoctlName = (typeof IOCTL_NAMES)[number];

/** Fields of the argument, in the order of the structs. */
export const ARGUMENT_FIELDS = ['argsz', 'flags', 'index', 'start', 'count', 'fd'] as const;
export type ArgumentField = (typeof ARGUMENT_FIELDS)[number];

/**
 * Where the argument lies. `short`: the last word of it is not mapped any more (of set-irqs that is the descriptor). `none`: nothing is
 * mapped there.
 */
export const MEMORY_KINDS = ['whole', 'read-only', 'short', 'none'] as const;
export type MemoryKind = (typeof MEMORY_KINDS)[number];

export interface IoctlArgument {
  readonly argsz?: number;
  readonly flags?: number;
  readonly index?: number;
  readonly start?: number;
  readonly count?: number;
  /** `own`: the descriptor of QEMU's eventfd for the interrupt. */
  readonly fd?: number | 'own';
}

export interface IoctlVerb {
  readonly kind: 'ioctl';
  readonly guest: string;
  /** A number: that of the ioctl; its argument is zeroes. */
  readonly request: IoctlName | number;
  readonly argument: IoctlArgument;
  readonly memory: MemoryKind;
}

/** Fields that the struct of a request has and a caller fills in. */
export const FIELDS_OF: Readonly<Record<IoctlName, readonly ArgumentField[]>> = {
  'get-info': ['argsz'],
  'get-irq-info': ['argsz', 'index'],
  'set-irqs': ARGUMENT_FIELDS,
  reset: [],
};

const NUMBERS: Readonly<Record<IoctlName, number>> = {
  'get-info': DeviceRequest.GET_INFO,
  'get-irq-info': DeviceRequest.GET_IRQ_INFO,
  'set-irqs': DeviceRequest.SET_IRQS,
  reset: DeviceRequest.RESET,
};

const WORD = 4;
/** Where nothing is mapped. */
const NOWHERE = 0;

/** 0 or a negative errno; -EBADF when the guest has no device. */
export async function performIoctl(task: Task, machine: Machine, verb: IoctlVerb): Promise<Errno> {
  const { qemu } = machine.vm(verb.guest)!;
  return await qemu.call(task, async (file) => {
    if (file === null) return EBADF;
    const { process } = qemu;
    const region = placed(process.memory, structFor(verb, qemu), verb.memory);
    const number = typeof verb.request === 'number' ? verb.request : NUMBERS[verb.request];
    const errno = await file.device.ioctl(task, number, { process, address: region?.address ?? NOWHERE });
    if (region !== null) process.memory.unmap(region);
    return errno;
  });
}

/** `set-irqs {index: 2, fd: 99}`, for reports. */
export function ioctlText({ request, argument, memory, guest }: IoctlVerb): string {
  const fields = ARGUMENT_FIELDS.filter((field) => argument[field] !== undefined).map((field) => `${field} ${argument[field]}`);
  if (memory !== 'whole') fields.push(`memory ${memory}`);
  return `ioctl ${request} of ${guest}${fields.length === 0 ? '' : ` (${fields.join(', ')})`}`;
}

function placed(memory: UserMemory, bytes: Uint8Array, kind: MemoryKind): UserRegion | null {
  if (kind === 'none') return null;
  return memory.map(kind === 'short' ? bytes.slice(0, -WORD) : bytes, { writable: kind !== 'read-only' });
}

/** What the caller does not say is right. */
function structFor({ request, argument }: IoctlVerb, qemu: Qemu): Uint8Array {
  const { argsz, index = 0, start = 0, count = 1 } = argument;
  switch (request) {
    case 'get-info':
      return structOf(argsz ?? DEVICE_INFO_SIZE, 0, 0, 0);
    case 'get-irq-info':
      return structOf(argsz ?? IRQ_INFO_SIZE, 0, index, 0);
    case 'set-irqs': {
      const { flags = IrqSetFlag.DATA_EVENTFD | IrqSetFlag.ACTION_TRIGGER, fd = 'own' } = argument;
      const descriptor = fd === 'own' ? (qemu.descriptorOf(index as VfioApIrq) ?? -1) : fd;
      return structOf(argsz ?? IRQ_SET_SIZE + WORD, flags, index, start, count, descriptor);
    }
    default:
      return structOf(0, 0, 0, 0, 0, 0);
  }
}
