/**
 * What makes the bus scan by itself: the config timer with its work item, and the notification that the AP configuration changed
 * (ap_config_timer, ap_scan_bus_work, ap_bus_cfg_chg_event in drivers/s390/crypto/ap_bus.c). One daemon task does both.
 */
import { Access } from '../runtime/access.ts';
import type { Runtime, Timer } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import { OpenValue } from './open-value.ts';

export interface ScanWork {
  /** The timer has run out. */
  scan(task: Task): Promise<void>;
  /** The machine says that its configuration changed. */
  rescan(task: Task): Promise<boolean>;
}

const DEFAULT_SECONDS = 30;

export class ScanTimer {
  private readonly rt: Runtime;
  private readonly work: ScanWork;
  private daemon: Task | null = null;
  /** This and what follows is looked at and changed by tasks, by the timer and by the machine, without a lock. */
  private timer: Timer | null = null;
  private started = false;
  private expired = false;
  private changed = false;
  private readonly configTime: OpenValue<number>;

  constructor(rt: Runtime, work: ScanWork) {
    this.rt = rt;
    this.configTime = new OpenValue(rt, DEFAULT_SECONDS);
    this.work = work;
  }

  /** config_time. */
  get seconds(): number {
    return this.configTime.get();
  }

  /** Scans every `seconds` from now on. */
  start(): void {
    this.touch(Access.WRITE);
    this.started = true;
    this.rearm();
  }

  stop(): void {
    this.touch(Access.WRITE);
    this.started = false;
    this.timer?.cancel();
    this.timer = null;
  }

  setSeconds(seconds: number): void {
    this.configTime.set(seconds);
    this.rearm();
  }

  /** Full time from now on; nothing when it was not started. */
  rearm(): void {
    this.touch(Access.READ);
    if (!this.started) return;
    this.touch(Access.WRITE);
    this.timer?.cancel();
    this.timer = this.rt.timer('AP config timer', this.seconds * 1000, () => {
      this.touch(Access.WRITE);
      this.timer = null;
      this.expired = true;
      this.wake();
    });
  }

  /** Called by the hardware, outside any task. */
  configurationChanged(): void {
    this.touch(Access.WRITE);
    this.changed = true;
    this.wake();
  }

  private touch(access: typeof Access.READ | typeof Access.WRITE): void {
    this.rt.touch(this, access);
  }

  private wake(): void {
    if (this.daemon === null) this.daemon = this.rt.spawn('ap_scan', (task) => this.serve(task), { daemon: true });
    else this.rt.wake(this.daemon);
  }

  private async serve(task: Task): Promise<void> {
    for (;;) {
      this.touch(Access.WRITE);
      const { expired, changed } = this;
      this.expired = false;
      this.changed = false;
      if (changed) await this.work.rescan(task);
      else if (expired) await this.work.scan(task);
      else await this.rt.park(task);
    }
  }
}
