/**
 * What the vCPUs of a guest do besides their own work: take interruptions, run the poll tasklet, handle channel reports, scan the AP bus
 * when that is due (in the kernel: interrupt entry, softirq, the machine-check thread and the work item of the scan). Whichever vCPU gets to it first does it.
 */
import type { Runtime } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import { ChannelReports } from './channel-reports.ts';
import type { GuestCpu, GuestPlatform } from './guest-port.ts';

/** The interruption subclass of AP interrupts in Linux. */
export const AP_ISC = 6;

export interface GuestDuties {
  /** The tasklet, one round. */
  poll(task: Task): Promise<void>;
  scan(task: Task): Promise<unknown>;
  /** The machine said that its AP configuration has changed. */
  configurationChanged(task: Task): Promise<unknown>;
}

export class GuestInterrupts {
  /** Adapter interruptions taken whose notification byte was set, and those whose was not. */
  taken = 0;
  spurious = 0;
  readonly reports = new ChannelReports(async (task) => {
    await this.duties?.configurationChanged(task);
  });
  private readonly rt: Runtime;
  private readonly platform: GuestPlatform;
  /** Address of the notification byte; 0: interrupts are not used. */
  private readonly nib: number;
  private readonly idlers = new Set<GuestCpu>();
  private duties: GuestDuties | null = null;
  private pollPending = false;
  private scanPending = false;
  private scanning = false;

  constructor(rt: Runtime, platform: GuestPlatform, nib: number) {
    this.rt = rt;
    this.platform = platform;
    this.nib = nib;
  }

  /** Before that, and after null, nobody polls and scans. */
  assign(duties: GuestDuties | null): void {
    this.duties = duties;
    if (duties !== null) this.platform.openChannelReports();
  }

  /** Interruptions for replies are to be had. */
  get available(): boolean {
    return this.nib !== 0 && (this.platform.deliversInterruptions?.() ?? true);
  }

  schedulePoll(): void {
    this.pollPending = true;
    this.kickOne();
  }

  scheduleScan(): void {
    this.scanPending = true;
    this.kickOne();
  }

  /** Resets the notification byte, so that the next reply is noticed. */
  clearNotification(): void {
    if (this.nib !== 0) this.platform.storage.store(this.nib, 0);
  }

  /** Everything that is due now. Called by each vCPU between its own operations and whenever it waits. */
  async serve(task: Task, cpu: GuestCpu): Promise<void> {
    for (;;) {
      this.takeInterruptions(task, cpu);
      if (this.platform.takeMachineCheck()) this.reports.request();
      const { duties } = this;
      if (duties === null) return;
      if (this.pollPending) {
        this.pollPending = false;
        await duties.poll(task);
      } else if (this.reports.due) {
        await this.reports.collect(task, cpu);
      } else if (this.scanPending && !this.scanning) {
        await this.scan(task, duties);
      } else return;
    }
  }

  /** Serves until `until` or the deadline; false when that came first. Whoever makes `until` true kicks this vCPU. */
  async wait(task: Task, cpu: GuestCpu, until: () => boolean, deadline = Number.POSITIVE_INFINITY): Promise<boolean> {
    const stir = (): boolean => until() || this.dutyCalls;
    for (;;) {
      await this.serve(task, cpu);
      if (until()) return true;
      const left = deadline - this.rt.now();
      if (left <= 0) return false;
      this.idlers.add(cpu);
      await (left === Number.POSITIVE_INFINITY ? cpu.idle(task, stir) : cpu.idle(task, stir, left));
      this.idlers.delete(cpu);
    }
  }

  private get dutyCalls(): boolean {
    return this.duties !== null && (this.pollPending || this.reports.due || (this.scanPending && !this.scanning));
  }

  private takeInterruptions(task: Task, cpu: GuestCpu): void {
    for (let isc = cpu.takeInterruption(task); isc !== null; isc = cpu.takeInterruption(task)) {
      // The tasklet of an earlier interruption may have seen to this one: then the byte is zero.
      if (isc === AP_ISC && this.nib !== 0 && this.platform.storage.load(this.nib) !== 0) {
        this.taken++;
        this.pollPending = true;
      } else this.spurious++;
    }
  }

  private async scan(task: Task, duties: GuestDuties): Promise<void> {
    this.scanPending = false;
    this.scanning = true;
    try {
      await duties.scan(task);
    } finally {
      this.scanning = false;
    }
  }

  /** One waiting vCPU is enough; without one, those that work come by in `serve` before they wait. */
  private kickOne(): void {
    for (const cpu of this.idlers) {
      cpu.kick();
      return;
    }
  }
}
