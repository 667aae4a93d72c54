/**
 * Guest interruption state area: pending adapter interruptions of a guest and who is alerted (arch/s390/kvm/interrupt.c: gisa_*).
 * The card sets a bit in the pending mask; if the ISC is in the alert mask the host wakes an idle vCPU.
 */
import { EINVAL, ENODEV, ERANGE, OK, type Errno } from '../base/errno.ts';
import type { InterruptTarget } from '../crypto-adapters/interrupts.ts';
import { Access, type AccessKind } from '../runtime/access.ts';

type Touch = (access: AccessKind) => void;

const MAX_ISC = 7;

export class Gisa implements InterruptTarget {
  /** Interruption pending mask, bit 0x80 >> isc. */
  private ipm = 0;
  private readonly references = new Array<number>(MAX_ISC + 1).fill(0);
  private readonly alert: () => void;
  private readonly touch: Touch;
  /** Off for a guest without adapter interruption virtualization. */
  enabled: boolean;
  /** Interruptions made pending so far. */
  delivered = 0;

  /** `alert` wakes an idle vCPU; `touch` is told who looks at the masks, who changes them, and who only adds to them. */
  constructor(enabled: boolean, alert: () => void, touch: Touch = () => undefined) {
    this.touch = touch;
    this.enabled = enabled;
    this.alert = alert;
  }

  /** ISCs for which the host is alerted. */
  get alertMask(): number {
    let mask = 0;
    this.references.forEach((count, isc) => {
      if (count > 0) mask |= 0x80 >> isc;
    });
    return mask;
  }

  /** -ENODEV without GISA, -ERANGE for an ISC above 7 (kvm_s390_gisc_register). */
  register(isc: number): Errno {
    if (!this.enabled) return ENODEV;
    if (isc < 0 || isc > MAX_ISC) return ERANGE;
    this.touch(Access.WRITE);
    this.references[isc]!++;
    return OK;
  }

  /** -EINVAL when the ISC has no reference left. */
  unregister(isc: number): Errno {
    if (isc < 0 || isc > MAX_ISC) return ERANGE;
    this.touch(Access.WRITE);
    if (this.references[isc] === 0) return EINVAL;
    this.references[isc]!--;
    return OK;
  }

  referenceCount(isc: number): number {
    return this.references[isc] ?? 0;
  }

  get totalReferences(): number {
    return this.references.reduce((sum, count) => sum + count, 0);
  }

  adapterInterruption(isc: number): void {
    // Interruptions come in any order: all of them are pending in the end.
    this.touch(Access.JOINT);
    this.ipm |= 0x80 >> isc;
    this.delivered++;
    if ((this.alertMask & (0x80 >> isc)) !== 0) this.alert();
  }

  pendingFor(enabledIscs: number): boolean {
    this.touch(Access.READ);
    return (this.ipm & enabledIscs) !== 0;
  }

  /** Takes the pending interruption of highest priority; null when none is enabled. */
  take(enabledIscs: number): number | null {
    const ready = this.ipm & enabledIscs;
    this.touch(ready === 0 ? Access.READ : Access.WRITE);
    if (ready === 0) return null;
    const isc = Math.clz32(ready) - 24;
    this.ipm &= ~(0x80 >> isc);
    return isc;
  }
}
