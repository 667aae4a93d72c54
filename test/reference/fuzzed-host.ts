/**
 * The product under the fuzz: one operation done through sysfs, QEMU, the vfio device or a vCPU, and what can be seen of the host
 * afterwards, in the words of the reference.
 */
import { ProgramInterruption } from '../../src/base/program-interruption.ts';
import { ApMask } from '../../src/base/ap-mask.ts';
import { OK } from '../../src/base/errno.ts';
import { parseCardType } from '../../src/crypto-adapters/card-type.ts';
import { mdevPath } from '../../src/machine/machine.ts';
import type { ControlledRuntime } from '../../src/runtime/controlled.ts';
import type { Task } from '../../src/runtime/task.ts';
import { Eventfd } from '../../src/vfio/eventfd.ts';
import { structOf } from '../../src/vfio/ioctl.ts';
import type { VfioDevice } from '../../src/vfio/vfio-device.ts';
import { CREATE, type Host } from '../helpers/host.ts';
import type { Answer } from './apply.ts';
import { Err } from './errnos.ts';
import { fdText, guestText, queueText, type Observed } from './observed.ts';
import { FDS, GUESTS, type IoctlOperation, type Operation } from './operations.ts';

const MATRIX = '/sys/devices/vfio_ap/matrix';
const TYPE = `${MATRIX}/mdev_supported_types/vfio_ap-passthrough`;
const BUS = '/sys/bus/ap';
const SHOWN = ['matrix', 'guest_matrix', 'control_domains', 'ap_config'];

export class FuzzedHost {
  private readonly host: Host;
  private readonly fds = FDS.map((name) => new Eventfd(name, () => undefined));
  private readonly writes = new Map<string, number>();
  /** By eventfd; readers clear its own count. */
  private readonly signals = new Map<Eventfd, number>();
  private seen: number;

  constructor(host: Host) {
    this.host = host;
    this.seen = host.machine.events.events.length;
    for (const fd of this.fds) this.count(fd);
    for (const { qemu } of host.machine.vms) {
      this.count(qemu.requestFd);
      this.count(qemu.configFd);
      for (const fd of this.fds) qemu.process.files.open(fd);
    }
  }

  /** Bytes, 0, a response code or a negative errno. */
  async perform(task: Task, operation: Operation): Promise<Answer> {
    const { host } = this;
    switch (operation.op) {
      case 'create':
        return await host.write(task, CREATE, operation.text);
      case 'store':
        return operation.attribute === 'remove' ? await this.remove(task, operation) : await this.store(task, operation);
      case 'read': {
        const text = await host.show(task, operation.uuid, operation.attribute);
        return typeof text === 'number' ? text : OK;
      }
      case 'mask':
        return await host.write(task, `${BUS}/${operation.which}ask`, operation.text);
      case 'bind':
      case 'unbind':
        return await host.write(task, `${BUS}/drivers/${operation.driver}/${operation.op}`, operation.text);
      case 'aqic':
        return await this.aqic(task, operation);
      case 'ioctl':
        return await this.ioctl(task, operation);
      case 'attach':
      case 'open':
      case 'detach':
      case 'unmap':
      case 'map':
        return await this.onGuest(task, operation);
      default:
        return await this.onHardware(task, operation);
    }
  }

  /** Until nothing is under way: no task but the caller, no timer. */
  async settle(task: Task): Promise<void> {
    const rt = this.host.rt as ControlledRuntime;
    for (;;) {
      const other = rt.tasks.find((each) => each !== task && !each.daemon);
      if (other !== undefined) await rt.join(task, other);
      // Behind the timer: at the same time the caller would be first, again and again.
      else if (rt.timers.length > 0) await rt.sleep(task, Math.max(0, rt.timers[0]!.due - rt.now()) + 1);
      else return;
    }
  }

  async observe(task: Task): Promise<Observed> {
    const { machine } = this.host;
    const read = async (path: string): Promise<string> => String(await machine.sysfs.read(task, path));
    const seen: Record<string, string> = {
      apmask: await read(`${BUS}/apmask`),
      aqmask: await read(`${BUS}/aqmask`),
      instances: await read(`${TYPE}/available_instances`),
      ...this.happened(),
    };
    for (const { device, apqn } of machine.bus.queues()) {
      const { name } = device;
      const status = await machine.sysfs.read(task, `${BUS}/devices/${name}/status`);
      const irq = machine.hardware.queueState(apqn)?.irq ?? null;
      seen[`queue ${name}`] = queueText(this.host.driverOf(name), status, irq !== null);
    }
    for (const name of machine.sysfs.list(MATRIX) as string[]) {
      if (!/^[0-9a-f]{8}-/.test(name)) continue;
      for (const attribute of SHOWN) seen[`${name} ${attribute}`] = await read(mdevPath(name, attribute));
    }
    for (const guest of GUESTS) this.observeGuest(guest, seen);
    for (const [fd, signals] of this.signals) seen[`eventfd ${fd.name}`] = fdText(signals, fd.referenceCount);
    return seen;
  }

  private count(fd: Eventfd): void {
    this.signals.set(fd, 0);
    const signal = fd.signal.bind(fd);
    fd.signal = () => {
      this.signals.set(fd, this.signals.get(fd)! + 1);
      signal();
    };
  }

  private observeGuest(name: string, seen: Record<string, string>): void {
    const { kvm, qemu } = this.host.vm(name);
    const { apm, aqm, adm } = kvm.apcb.inspect();
    seen[name] = guestText({
      masks: [apm, aqm, adm].map(String),
      writes: this.writes.get(name) ?? 0,
      device: qemu.attached?.name ?? null,
      iscs: [0, 1, 2, 3, 4, 5, 6, 7].flatMap((isc) => Array<number>(kvm.gisa.referenceCount(isc)).fill(isc)),
      pins: qemu.container.pins,
    });
  }

  /** Resets and warnings about APQNs since the last look; writes to the masks of a guest are counted. */
  private happened(): { resets: string; warnings: string } {
    const { events } = this.host.machine.events;
    const recent = events.slice(this.seen);
    this.seen = events.length;
    const resets: string[] = [];
    for (const { kind, data } of recent) {
      if (kind === 'vfio_ap.reset') resets.push(`${String(data['queue'])} ${String(data['rc'])}`);
      if (kind === 'kvm.masks') this.writes.set(String(data['guest']), (this.writes.get(String(data['guest'])) ?? 0) + 1);
    }
    const lines = this.host.log.splice(0).map((line) => JSON.parse(line) as Record<string, unknown>);
    const warnings = lines.filter(({ queue, mdev }) => queue !== undefined && mdev !== undefined);
    const text = warnings.map(({ queue, owner, mdev }) => `${String(queue)} ${String(owner ?? mdev)}`);
    return { resets: resets.toSorted().join(), warnings: text.toSorted().join() };
  }

  private async store(task: Task, { uuid, attribute, text }: Extract<Operation, { op: 'store' }>): Promise<number> {
    return await this.host.store(task, uuid, attribute, text);
  }

  /** A removal waits for the guest, which gives the device back once it has been asked, whether it listens or not. */
  private async remove(task: Task, operation: Extract<Operation, { op: 'store' }>): Promise<number> {
    const { rt, machine } = this.host;
    const device = this.device(operation.uuid);
    const user = machine.vms.find(({ qemu }) => device !== undefined && qemu.attached === device);
    const { length: before } = machine.events.events;
    let result = 0;
    const remover = rt.spawn('remover', async (own) => {
      result = await this.store(own, operation);
    });
    const asked = (): boolean => machine.events.events.slice(before).some(({ kind }) => kind === 'kvm.masks');
    while (!remover.ended && !asked()) await rt.sleep(task, 1);
    if (user !== undefined && !remover.ended) await user.qemu.detach(task, device!);
    await rt.join(task, remover);
    return result;
  }

  private device(uuid: string): VfioDevice | undefined {
    return this.host.machine.vfioAp.findMdev(uuid)?.device;
  }

  /** By whoever has the device open. */
  private async ioctl(task: Task, { uuid, request, words, mapped, writable }: IoctlOperation): Promise<Answer> {
    const device = this.device(uuid);
    const user = this.host.machine.vms.find(({ kvm }) => device?.kvm === kvm);
    if (device === undefined || user === undefined) return Err.ENODEV;
    const bytes = structOf(...words);
    const { process } = user.qemu;
    const region = process.memory.map(bytes.subarray(0, mapped), { writable });
    const result = await device.ioctl(task, request, { process, address: region.address });
    process.memory.unmap(region);
    const view = new DataView(bytes.buffer);
    return `${result}: ${words.map((_, at) => view.getUint32(at * 4).toString(16)).join(' ')}`;
  }

  private async onGuest(
    task: Task,
    operation: Extract<Operation, { guest: string; op: Exclude<Operation['op'], 'aqic'> }>,
  ): Promise<number> {
    const { qemu } = this.host.vm(operation.guest);
    switch (operation.op) {
      case 'attach': {
        const device = this.device(operation.uuid);
        return device === undefined ? Err.ENODEV : await qemu.attach(task, device);
      }
      case 'open': {
        const device = this.device(operation.uuid);
        if (device === undefined) return Err.ENODEV;
        const errno = await device.open(task, qemu);
        if (errno === OK) await device.close(task);
        return errno;
      }
      case 'detach':
        return (await qemu.detach(task)) ? OK : Err.ENODEV;
      case 'unmap':
        return await qemu.container.unmap(task);
      case 'map':
        return await qemu.container.map(task);
    }
  }

  private async aqic(task: Task, { guest, adapter, domain, enable, isc, nib }: Extract<Operation, { op: 'aqic' }>): Promise<number> {
    try {
      return (await this.host.cpu(guest).aqic(task, (adapter << 8) | domain, { ir: enable, isc, nib })).rc;
    } catch (error) {
      if (error instanceof ProgramInterruption) return -1000;
      throw error;
    }
  }

  private async onHardware(
    task: Task,
    operation: Extract<Operation, { op: 'plug' | 'unplug' | 'checkstop' | 'config' | 'domains' | 'scan' }>,
  ): Promise<number> {
    const { hardware, machine } = this.host;
    switch (operation.op) {
      case 'plug':
        return hardware.plug({ id: operation.id, type: parseCardType(operation.type)! });
      case 'unplug':
        return hardware.unplug(operation.id);
      case 'checkstop':
        return hardware.checkstop(operation.id, operation.on);
      case 'config': {
        const card = `card${operation.id.toString(16).padStart(2, '0')}`;
        return await this.host.write(task, `${BUS}/devices/${card}/config`, operation.text);
      }
      case 'domains': {
        const mask = ApMask.from(operation.ids);
        if (operation.use === 'usage') hardware.setUsageDomains(mask);
        else hardware.setControlDomains(mask);
        return OK;
      }
      case 'scan':
        await machine.bus.scan(task);
        return OK;
    }
  }
}
