/**
 * What a program does with an open vfio device: builds the structs in its own storage and calls the ioctls (QEMU: hw/vfio/device.c and
 * helpers.c, vfio_set_irq_signaling).
 */
import type { Errno } from '../base/errno.ts';
import type { Task } from '../runtime/task.ts';
import { DEVICE_INFO_SIZE, DeviceRequest, IRQ_INFO_SIZE, IRQ_SET_SIZE, IrqSetFlag, structOf } from '../vfio/ioctl.ts';
import type { UserProcess } from '../vfio/user-process.ts';
import type { VfioDevice } from '../vfio/vfio-device.ts';

export interface DeviceInfo {
  readonly flags: number;
  readonly regions: number;
  readonly irqs: number;
}

export interface IrqInfo {
  readonly flags: number;
  readonly count: number;
}

/** Words that follow what the driver fills in: QEMU's struct has the offset of capabilities, too. */
const CAPABILITIES = [0, 0];

export class DeviceFile {
  readonly device: VfioDevice;
  readonly process: UserProcess;

  constructor(device: VfioDevice, process: UserProcess) {
    this.device = device;
    this.process = process;
  }

  /** GET_INFO. */
  async info(task: Task): Promise<DeviceInfo | Errno> {
    const words = await this.exchange(task, DeviceRequest.GET_INFO, [DEVICE_INFO_SIZE + 4 * CAPABILITIES.length, 0, 0, 0, ...CAPABILITIES]);
    return typeof words === 'number' ? words : { flags: words[1]!, regions: words[2]!, irqs: words[3]! };
  }

  /** GET_IRQ_INFO. */
  async irqInfo(task: Task, index: number): Promise<IrqInfo | Errno> {
    const words = await this.exchange(task, DeviceRequest.GET_IRQ_INFO, [IRQ_INFO_SIZE, 0, index, 0]);
    return typeof words === 'number' ? words : { flags: words[1]!, count: words[3]! };
  }

  /** SET_IRQS: the eventfd is signalled from now on when the interrupt occurs; null takes back what is registered. */
  async setIrq(task: Task, index: number, fd: number | null): Promise<Errno> {
    const flags = IrqSetFlag.DATA_EVENTFD | IrqSetFlag.ACTION_TRIGGER;
    const words = await this.exchange(task, DeviceRequest.SET_IRQS, [IRQ_SET_SIZE + 4, flags, index, 0, 1, fd ?? -1]);
    return typeof words === 'number' ? words : 0;
  }

  /** The struct as the driver has left it, in 32-bit words, or the errno. */
  private async exchange(task: Task, request: number, words: readonly number[]): Promise<number[] | Errno> {
    const { device, process } = this;
    const region = process.memory.map(structOf(...words));
    const errno = await device.ioctl(task, request, { process, address: region.address });
    process.memory.unmap(region);
    if (errno < 0) return errno;
    const view = new DataView(region.bytes.buffer);
    return words.map((_, i) => view.getUint32(i * 4));
  }
}
