/**
 * Guest interruption state area: pending adapter interruptions of a guest and who is alerted (arch/s390/kvm/interrupt.c: gisa_*,
 * kvm_s390_gisa_*, kvm_s390_gisc_*). The card sets a bit in the pending mask; if the ISC is in the alert mask, the GISA goes on the alert
 * list of the host, which kicks one idle vCPU that would take it, and looks again every 50 microseconds until somebody has.
 */
import { EINVAL, ENODEV, ERANGE, OK, type Errno } from '../base/errno.ts';
import type { InterruptTarget } from '../crypto-adapters/interrupts.ts';
import { Access } from '../runtime/access.ts';
import type { Runtime, Timer } from '../runtime/runtime.ts';
import type { AlertedGisa, Gib } from './gib.ts';

const MAX_ISC = 7;
const KICK_INTERVAL_MS = 0.05;
const ALL_ISCS = 0xff;

/** A vCPU, as its GISA needs it. */
export interface GisaVcpu {
  readonly id: number;
  /** Subclasses that it takes from the GISA now, bit 0x80 >> isc: those of CR6 while its PSW allows I/O interruptions; none without AIV. */
  readonly openIscs: number;
  kick(by: null): void;
}

export interface GisaParts {
  readonly name: string;
  readonly gib: Gib;
  /** The machine virtualizes adapter interruptions; without it there never is a GISA. */
  readonly aiv: boolean;
  readonly rt: Pick<Runtime, 'timer' | 'touch'>;
}

export class Gisa implements InterruptTarget, AlertedGisa {
  readonly name: string;
  private readonly parts: GisaParts;
  /** There is one: not for a guest without adapter interruption virtualization. */
  private present: boolean;
  /** Interruption pending mask, bit 0x80 >> isc. */
  private ipm = 0;
  /** On the alert list, or being seen to: the machine has cleared the alert mask, and does not alert again before it is restored. */
  private alerted = false;
  private readonly references = new Array<number>(MAX_ISC + 1).fill(0);
  /** Idle vCPUs, and which of them were kicked and have not run yet. */
  private readonly idle = new Map<GisaVcpu, { kicked: boolean }>();
  private timer: Timer | null = null;
  /** Interruptions made pending so far; those that came while there was no GISA; kicks of idle vCPUs. */
  delivered = 0;
  lost = 0;
  kicks = 0;

  constructor(parts: GisaParts) {
    this.parts = parts;
    this.name = parts.name;
    this.present = parts.aiv;
  }

  get enabled(): boolean {
    this.parts.rt.touch(this, Access.READ);
    return this.present;
  }

  /** ISCs for which the host wants to be alerted: those that somebody has registered. */
  get alertMask(): number {
    let mask = 0;
    this.references.forEach((count, isc) => {
      if (count > 0) mask |= 0x80 >> isc;
    });
    return mask;
  }

  /** ISCs for which the machine alerts now (IAM). */
  get interruptionAlertMask(): number {
    return this.alerted ? 0 : this.alertMask;
  }

  /** vCPUs in the wait state. */
  get idleVcpus(): number {
    return this.idle.size;
  }

  /** The repeat is armed: something is pending that a kicked vCPU has not taken yet. */
  get repeats(): boolean {
    return this.timer !== null;
  }

  /** The non-specific ISC of the host; -ENODEV without GISA, -ERANGE for an ISC above 7 (kvm_s390_gisc_register). */
  register(isc: number): Errno {
    if (!this.enabled) return ENODEV;
    if (!isIsc(isc)) return ERANGE;
    this.parts.rt.touch(this, Access.WRITE);
    this.parts.rt.touch(this.references, Access.WRITE);
    this.references[isc]!++;
    return this.parts.gib.nisc;
  }

  /**
   * -ENODEV without GISA, -ERANGE, -EINVAL when the ISC has no reference left (kvm_s390_gisc_unregister). Without GISA the reference is
   * given back all the same: the kernel keeps the count, and after the next registration alerts nobody for that ISC any more.
   */
  unregister(isc: number): Errno {
    const absent = !this.enabled;
    this.parts.rt.touch(this, Access.WRITE);
    const registered = isIsc(isc) && this.references[isc]! > 0;
    if (registered) {
      this.parts.rt.touch(this.references, Access.WRITE);
      this.references[isc]!--;
    }
    if (absent) return ENODEV;
    if (!isIsc(isc)) return ERANGE;
    if (!registered) return EINVAL;
    this.restoreAlertMask();
    return OK;
  }

  /** A checker that counts has nothing to do with what is pending. */
  referenceCount(isc: number): number {
    this.parts.rt.touch(this.references, Access.READ);
    return this.references[isc] ?? 0;
  }

  get totalReferences(): number {
    this.parts.rt.touch(this.references, Access.READ);
    return this.references.reduce((sum, count) => sum + count, 0);
  }

  /** From now on there is none: nothing is delivered, nobody is kicked. Answers the alert mask, which should have been empty (the kernel warns). */
  destroy(): number {
    this.parts.rt.touch(this, Access.WRITE);
    this.present = false;
    this.disarm();
    return this.alertMask;
  }

  /** A new one, with nothing pending. False when there is one already, or the machine has no such thing. */
  init(): boolean {
    this.parts.rt.touch(this, Access.WRITE);
    if (this.present || !this.parts.aiv) return false;
    this.present = true;
    this.ipm = 0;
    return true;
  }

  adapterInterruption(isc: number): void {
    // Interruptions come in any order: all of them are pending in the end, and where the idle vCPUs do not differ, the same one is kicked.
    const alike = [...this.idle.keys()].every(({ openIscs }) => openIscs === ALL_ISCS);
    this.parts.rt.touch(this, alike ? Access.JOINT : Access.WRITE);
    if (!this.present) {
      this.lost++;
      return;
    }
    this.delivered++;
    this.ipm |= 0x80 >> isc;
    if ((this.interruptionAlertMask & (0x80 >> isc)) === 0) return;
    this.alerted = true;
    this.parts.gib.alert(this);
  }

  processAlert(): void {
    this.kickPending();
  }

  pendingFor(openIscs: number): boolean {
    this.parts.rt.touch(this, Access.READ);
    return this.present && (this.ipm & openIscs) !== 0;
  }

  /** Takes the pending interruption of highest priority; null when none is open. */
  take(openIscs: number): number | null {
    const ready = this.present ? this.ipm & openIscs : 0;
    this.parts.rt.touch(this, ready === 0 ? Access.READ : Access.WRITE);
    if (ready === 0) return null;
    const isc = Math.clz32(ready) - 24;
    this.ipm &= ~(0x80 >> isc);
    this.restoreAlertMask();
    return isc;
  }

  /** A vCPU begins to wait. False when something is pending for it: it shall not. */
  enterIdle(vcpu: GisaVcpu): boolean {
    this.parts.rt.touch(this, Access.WRITE);
    if (this.present && (this.ipm & vcpu.openIscs) !== 0) return false;
    this.idle.set(vcpu, { kicked: false });
    return true;
  }

  leaveIdle(vcpu: GisaVcpu): void {
    if (!this.idle.has(vcpu)) return;
    this.parts.rt.touch(this, Access.WRITE);
    this.idle.delete(vcpu);
  }

  /**
   * Kicks the first idle vCPU that would take something of what is pending, unless it was kicked and has only not run yet. While there is
   * one, it is looked after again; a vCPU that begins to wait later looks itself.
   */
  private kickPending(): void {
    const pending = this.ipm & this.alertMask;
    if (pending === 0) {
      this.restoreAlertMask();
      return;
    }
    let target: GisaVcpu | null = null;
    for (const vcpu of this.idle.keys()) if ((vcpu.openIscs & pending) !== 0 && vcpu.id < (target?.id ?? Infinity)) target = vcpu;
    if (target === null) return;
    const state = this.idle.get(target)!;
    if (!state.kicked) {
      state.kicked = true;
      this.kicks++;
      target.kick(null);
    }
    this.timer = this.parts.rt.timer(`${this.name} kicker`, KICK_INTERVAL_MS, () => {
      this.timer = null;
      this.parts.rt.touch(this, Access.WRITE);
      this.kickPending();
    });
  }

  /** Once nothing is pending that somebody is alerted of: the kernel's timer finds that out, here it does not have to come again for it. */
  private restoreAlertMask(): void {
    if (this.alerted && (this.ipm & this.alertMask) === 0) this.disarm();
  }

  private disarm(): void {
    this.alerted = false;
    this.timer?.cancel();
    this.timer = null;
  }
}

const isIsc = (isc: number): boolean => Number.isInteger(isc) && isc >= 0 && isc <= MAX_ISC;
