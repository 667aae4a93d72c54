/**
 * A queue on the AP bus (the device half of struct ap_queue). A machine may have 65,536 of them, so the state machine is made only
 * when a driver of the host takes the queue.
 */
import { apqnOf, apqnText, type Apqn } from '../base/apqn.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Task } from '../runtime/task.ts';
import type { ApQueue } from '../ap-driver/ap-queue.ts';
import { Device } from '../driver-core/device.ts';
import type { ApCard } from './ap-card.ts';

export class ApQueueDevice {
  readonly apqn: Apqn;
  readonly card: ApCard;
  readonly device: Device;
  /** As of the last scan, written by the scan only. */
  config: boolean;
  chkstop: boolean;
  /** Null unless a driver of the host uses the queue. */
  queue: ApQueue | null = null;
  /** For its driver. */
  driverData: unknown = null;

  constructor(layer: LockLayer, card: ApCard, domain: number, state: { config: boolean; chkstop: boolean }) {
    this.apqn = apqnOf(card.id, domain);
    this.card = card;
    this.config = state.config;
    this.chkstop = state.chkstop;
    this.device = new Device(layer, { name: apqnText(this.apqn), parent: card.device, bus: card.device.bus, owner: this });
  }

  /** A scan found the adapter configured or deconfigured. */
  async setConfig(task: Task, on: boolean): Promise<void> {
    this.config = on;
    if (this.queue !== null) await this.queue.setConfig(task, on);
  }

  async setCheckstop(task: Task, on: boolean): Promise<void> {
    this.chkstop = on;
    if (this.queue !== null) await this.queue.setCheckstop(task, on);
  }
}
