/**
 * A guest that has the function (its own arch/s390/pci and a driver like ISM's): a workload that stores blocks, and a shutdown that
 * stores some more before the function is deconfigured. Sees instructions and events only.
 */
import { OK, type Errno } from '../base/errno.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { WaitQueue } from '../locks/wait-queue.ts';
import type { Task } from '../runtime/task.ts';
import { AVAILABILITY_EVENT } from './lock-classes.ts';
import type { QemuPci } from './qemu-pci.ts';

type Vcpu = QemuPci['user']['kvm']['vcpus'][number];

/** Where the driver has its blocks. */
const BLOCK_ADDRESS = 0x10000;
const BLOCK_SIZE = 64;

export interface ZpciWorkload {
  /** Blocks that each vCPU but the first stores. */
  readonly stores: number;
  /** Blocks that the driver stores when it is shut down, on the first vCPU. */
  readonly shutdownStores: number;
}

export class ZpciGuest {
  readonly workload: ZpciWorkload;
  /** How the stores ended, by errno. */
  readonly results = new Map<Errno, number>();
  private readonly layer: LockLayer;
  private readonly qemu: QemuPci;
  private readonly event: WaitQueue;
  private unplugged = false;

  constructor(layer: LockLayer, qemu: QemuPci, workload: ZpciWorkload) {
    const { name } = qemu.user;
    this.layer = layer;
    this.qemu = qemu;
    this.workload = workload;
    this.event = layer.waitQueue(layer.map(AVAILABILITY_EVENT, `${name} availability event`));
    qemu.onUnplug = (task) => {
      this.unplugged = true;
      this.event.wakeAll(task);
    };
  }

  /** A task for each vCPU: the first one serves events and goes on as long as the guest does, the others end with their workload. */
  run(): void {
    const { rt } = this.layer;
    const { name, kvm } = this.qemu.user;
    for (const vcpu of kvm.vcpus) {
      if (vcpu.id === 0) rt.spawn(`${name}/vcpu0`, (task) => this.serveEvents(task, vcpu), { daemon: true });
      else if (this.workload.stores > 0) rt.spawn(`${name}/vcpu${vcpu.id}`, (task) => this.work(task, vcpu));
    }
  }

  private async work(task: Task, vcpu: Vcpu): Promise<void> {
    for (let i = 0; i < this.workload.stores; i++) await this.storeBlock(task, vcpu);
  }

  /** "Deconfiguration requested": the driver goes first, then the function (zpci_event_availability). */
  private async serveEvents(task: Task, vcpu: Vcpu): Promise<void> {
    await this.event.wait(task, () => this.unplugged);
    using _owed = this.qemu.gaveUp.promise(task);
    // A driver that is shut down does not care how its last words are taken.
    for (let i = 0; i < this.workload.shutdownStores; i++) await this.storeBlock(task, vcpu);
    await this.leaveSie(task, vcpu);
    this.qemu.gaveUp.completeAll(task);
  }

  /** PCI STORE BLOCK. */
  private async storeBlock(task: Task, vcpu: Vcpu): Promise<void> {
    await this.leaveSie(task, vcpu);
    const data = new Uint8Array(BLOCK_SIZE).fill(vcpu.id + 1);
    const errno = await this.qemu.store(task, { gaddr: BLOCK_ADDRESS, data, offset: vcpu.id * BLOCK_SIZE });
    this.results.set(errno, this.stored(errno) + 1);
  }

  /** How many stores ended like this. */
  stored(errno: Errno = OK): number {
    return this.results.get(errno) ?? 0;
  }

  /** A KVM_RUN that ends at an instruction which user space has to do: what follows does not hold vcpu->mutex. */
  private async leaveSie(task: Task, vcpu: Vcpu): Promise<void> {
    using _run = await vcpu.mutex.acquire(task);
  }
}
