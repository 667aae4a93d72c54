/**
 * Machine-check handling of a guest's kernel for channel reports (drivers/s390/cio/crw.c: crw_collect_info; chsc.c: chsc_process_crw,
 * chsc_process_event_information): stores every channel report word, then all event information there is, and tells the AP bus of each
 * change of its configuration.
 */
import { RSC_CSS, SEI_CC_AP_CONFIG, SEI_MORE, SEI_RS_AP, SEI_STORED, type EventInformation } from '../base/channel-report.ts';
import type { Task } from '../runtime/task.ts';
import type { GuestCpu } from './guest-port.ts';

export class ChannelReports {
  /** Words stored, those of them that came after a loss, and AP configuration changes among the event information. */
  words = 0;
  overflows = 0;
  changes = 0;
  private readonly apChanged: (task: Task) => Promise<unknown>;
  private requested = false;
  private collecting = false;

  /** `apChanged` is waited for: nothing else is stored before. */
  constructor(apChanged: (task: Task) => Promise<unknown>) {
    this.apChanged = apChanged;
  }

  /** A machine check says that a report is pending. */
  request(): void {
    this.requested = true;
  }

  /** Somebody should call `collect`. Where it runs already, it goes round again by itself. */
  get due(): boolean {
    return this.requested && !this.collecting;
  }

  /** One at a time: in the kernel it is one thread. */
  async collect(task: Task, cpu: GuestCpu): Promise<void> {
    if (!this.due) return;
    this.collecting = true;
    try {
      while (this.requested) {
        this.requested = false;
        await this.storeWords(task, cpu);
      }
    } finally {
      this.collecting = false;
    }
  }

  private async storeWords(task: Task, cpu: GuestCpu): Promise<void> {
    for (let word = await cpu.storeChannelReportWord(task); word !== null; word = await cpu.storeChannelReportWord(task)) {
      this.words++;
      // After a loss the kernel looks at every subchannel again. AP has none: its bus finds out by itself.
      if (word.overflow) this.overflows++;
      else if (word.rsc === RSC_CSS) await this.storeEvents(task, cpu);
    }
  }

  private async storeEvents(task: Task, cpu: GuestCpu): Promise<void> {
    let event: EventInformation;
    do {
      event = await cpu.storeEventInformation(task);
      if (event.code !== SEI_STORED) return;
      if (event.nt !== 0 || event.rs !== SEI_RS_AP || event.cc !== SEI_CC_AP_CONFIG) continue;
      this.changes++;
      await this.apChanged(task);
    } while ((event.flags & SEI_MORE) !== 0);
  }
}
