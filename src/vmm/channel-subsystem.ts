/**
 * The channel subsystem that QEMU shows a guest, as far as AP needs it (hw/s390x/css.c: css_queue_crw, css_generate_css_crws, css_do_stcrw,
 * css_clear_sei_pending; target/s390x/ioinst.c: ioinst_handle_chsc_sei; hw/vfio/ap.c: cfg_chg_events). A changed AP configuration is an
 * event of its own; one channel report word stands for all of them until the guest has stored the last one.
 */
import { ERC_EVENT, RSC_CSS, SEI_CC_AP_CONFIG, SEI_MORE, SEI_NONE, SEI_RS_AP, SEI_STORED } from '../base/channel-report.ts';
import type { ChannelReportWord, EventInformation } from '../base/channel-report.ts';
import { Access } from '../runtime/access.ts';
import type { Runtime } from '../runtime/runtime.ts';

export interface ChannelSubsystemParts {
  readonly rt: Pick<Runtime, 'touch'>;
  /** Presents a machine check to the guest: any vCPU may take it. */
  readonly machineCheck: () => void;
}

const NOTHING_STORED: EventInformation = { code: SEI_NONE, nt: 0, flags: 0, rs: 0, cc: 0 };

export class ChannelSubsystem {
  readonly name: string;
  private readonly parts: ChannelSubsystemParts;
  private readonly words: ChannelReportWord[] = [];
  /** AP configuration changes that the guest has not stored. */
  private changes = 0;
  /** The guest has been told that event information is pending, and has not stored all of it. */
  private seiPending = false;
  private wordsLost = false;
  /** The next word is announced by a machine check; on again when the guest has found that no word is left. */
  private announces = true;
  private checkPending = false;
  /** Words queued so far. */
  queued = 0;
  /** How many words can wait: QEMU loses one when it gets no memory for it. */
  room = Number.POSITIVE_INFINITY;

  constructor(name: string, parts: ChannelSubsystemParts) {
    this.name = `${name} channel subsystem`;
    this.parts = parts;
  }

  get pendingChanges(): number {
    return this.changes;
  }

  get pendingWords(): number {
    return this.words.length;
  }

  apConfigurationChanged(): void {
    this.parts.rt.touch(this, Access.WRITE);
    this.changes++;
    if (!this.seiPending) this.queue({ rsc: RSC_CSS, erc: ERC_EVENT, rsid: 0 });
    this.seiPending = true;
  }

  /** True once for each machine check. */
  takeMachineCheck(): boolean {
    const taken = this.checkPending;
    this.parts.rt.touch(this, taken ? Access.WRITE : Access.READ);
    this.checkPending = false;
    return taken;
  }

  /** STCRW: the oldest word; null (condition code 1) when none is left. */
  storeChannelReportWord(): ChannelReportWord | null {
    this.parts.rt.touch(this, Access.WRITE);
    const word = this.words.shift();
    if (word !== undefined) return word;
    this.announces = true;
    return null;
  }

  /** CHSC(SEI) for notification type 0, which cannot be masked. */
  storeEventInformation(): EventInformation {
    this.parts.rt.touch(this, Access.WRITE);
    if (this.changes === 0) return NOTHING_STORED;
    this.changes--;
    const more = this.changes > 0;
    if (!more) this.seiPending = false;
    return { code: SEI_STORED, nt: 0, flags: more ? SEI_MORE : 0, rs: SEI_RS_AP, cc: SEI_CC_AP_CONFIG };
  }

  private queue(word: Omit<ChannelReportWord, 'overflow'>): void {
    if (this.words.length >= this.room) {
      this.wordsLost = true;
      return;
    }
    this.words.push({ ...word, overflow: this.wordsLost });
    this.wordsLost = false;
    this.queued++;
    if (!this.announces) return;
    this.announces = false;
    this.checkPending = true;
    this.parts.machineCheck();
  }
}
