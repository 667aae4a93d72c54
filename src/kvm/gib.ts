/**
 * Guest interruption block of the host (arch/s390/kvm/interrupt.c: struct kvm_s390_gib, process_gib_alert_list): the list on which the
 * machine puts each GISA in which an alerted interruption became pending, and the interruption by which the host is told of it.
 */

/** The interruption subclass of the host on which KVM is alerted (asm/isc.h: GAL_ISC). */
const GAL_ISC = 5;

/** A GISA, as the host's handler needs it. */
export interface AlertedGisa {
  /** Lets an idle vCPU take what is pending. Must not sleep. */
  processAlert(): void;
}

export class Gib {
  /** Non-specific ISC of the host: the one that AQIC names beside the guest's. */
  readonly nisc = GAL_ISC;
  /** Interruptions of the host because of the list. */
  interruptions = 0;
  private readonly list: AlertedGisa[] = [];
  private processing = false;

  /** The machine puts a GISA on the list. Only the first one interrupts: the handler goes on until the list is empty. */
  alert(gisa: AlertedGisa): void {
    this.list.push(gisa);
    if (this.processing) return;
    this.interruptions++;
    this.processing = true;
    try {
      for (let next = this.list.shift(); next !== undefined; next = this.list.shift()) next.processAlert();
    } finally {
      this.processing = false;
    }
  }
}
