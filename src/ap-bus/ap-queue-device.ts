/**
 * A queue on the AP bus (the device half of struct ap_queue). A machine may have 65,536 of them, so the state machine is made only
 * when a driver of the host takes the queue. What changes is read and written without a lock, and an explorer is told.
 */
import { apqnOf, apqnText, type Apqn } from '../base/apqn.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import { Access } from '../runtime/access.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { ApQueue } from '../ap-driver/ap-queue.ts';
import { Device } from '../driver-core/device.ts';
import type { ApCard } from './ap-card.ts';
import type { DriverOverrides } from './driver-overrides.ts';

/** How a scan found it, on which bus. */
interface QueueFound {
  readonly config: boolean;
  readonly chkstop: boolean;
  readonly overrides: DriverOverrides;
}

export class ApQueueDevice {
  readonly apqn: Apqn;
  readonly card: ApCard;
  readonly device: Device;
  readonly overrides: DriverOverrides;
  /** For its driver. */
  driverData: unknown = null;
  private readonly rt: Runtime;
  private configured: boolean;
  private checkstopped: boolean;
  private machine: ApQueue | null = null;
  private past = 0;

  constructor(layer: LockLayer, { card, domain }: { card: ApCard; domain: number }, found: QueueFound) {
    this.rt = layer.rt;
    this.overrides = found.overrides;
    this.apqn = apqnOf(card.id, domain);
    this.card = card;
    this.configured = found.config;
    this.checkstopped = found.chkstop;
    this.device = new Device(layer, {
      name: apqnText(this.apqn),
      parent: card.device,
      bus: card.device.bus,
      type: 'ap_queue',
      owner: this,
    });
  }

  /** As of the last scan, written by the scan only. */
  get config(): boolean {
    this.rt.touch(this, Access.READ);
    return this.configured;
  }

  /** Likewise. */
  get chkstop(): boolean {
    this.rt.touch(this, Access.READ);
    return this.checkstopped;
  }

  /** Null unless a driver of the host uses the queue. */
  get queue(): ApQueue | null {
    this.rt.touch(this, Access.READ);
    return this.machine;
  }

  set queue(queue: ApQueue | null) {
    this.rt.touch(this, Access.WRITE);
    this.machine = queue;
  }

  /** Requests under drivers that it had before. */
  get pastRequests(): number {
    this.rt.touch(this, Access.READ);
    return this.past;
  }

  set pastRequests(count: number) {
    this.rt.touch(this, Access.WRITE);
    this.past = count;
  }

  /** What `request_count` reads; the lock of the state machine, where there is one, is not asked for. */
  get totalRequests(): number {
    return this.pastRequests + (this.queue?.totalRequests ?? 0);
  }

  /** A scan found the adapter configured or deconfigured. */
  async setConfig(task: Task, on: boolean): Promise<void> {
    this.rt.touch(this, Access.WRITE);
    this.configured = on;
    if (this.machine !== null) await this.machine.setConfig(task, on);
  }

  async setCheckstop(task: Task, on: boolean): Promise<void> {
    this.rt.touch(this, Access.WRITE);
    this.checkstopped = on;
    if (this.machine !== null) await this.machine.setCheckstop(task, on);
  }
}
