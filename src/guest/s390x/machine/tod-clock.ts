/**
 * The time-of-day clock of a guest, shared by its CPUs (STORE CLOCK, clock comparator, CPU timer). Counterpart: the TOD clock of the
 * machine with the guest's epoch (arch/s390/kvm: kvm_s390_get_tod_clock).
 *
 * It follows the clock of the run, and runs ahead of it when a program looks at it again and again: a program that waits by looking gets to
 * the end of its wait after some hundreds of looks, whichever clock the run has. What it is ahead is a debt, for which the program sleeps
 * where others can go on, so that the hardware has its time, too.
 */
import { CLOCK } from '../../../runtime/footprint.ts';
import { Access } from '../../../runtime/access.ts';
import type { Runtime } from '../../../runtime/runtime.ts';

/** Microseconds that a look at the clock takes. */
const LOOK_US = 20;
/** Microseconds that an instruction takes at least, so that a loop that waits for an interruption does not stand still in time; and an AP one. */
export const INSTRUCTION_US = 0.01;
export const AP_INSTRUCTION_US = 5;
/** Milliseconds of a debt that are slept for at once; the guest's clock stays ahead by the rest. */
const PAID_MS = 1;
/** A smaller debt is not worth a sleep. */
const CREDIT_MS = 0.1;
/** Microseconds from 1900 to where the clock of every guest starts, 1 January 2024: runs of one seed see one time. */
const EPOCH_US = 3_913_056_000_000_000;
const TWO_20 = 0x100000;

export class TodClock {
  readonly name: string;
  private readonly rt: Pick<Runtime, 'now' | 'touch'>;
  /** What it has shown last, microseconds, and what the program has done since then takes at least. */
  private shown = EPOCH_US;
  private owed = 0;
  /** What the clock of the run has to be added to it. */
  private offset = EPOCH_US;
  private wasLooked = false;

  constructor(owner: string, rt: Pick<Runtime, 'now' | 'touch'>) {
    this.name = `${owner} TOD clock`;
    this.rt = rt;
  }

  /** A program has looked at it since the last `takeDebt`. */
  get looked(): boolean {
    this.rt.touch(this, Access.READ);
    return this.wasLooked;
  }

  /** Microseconds now, without looking at it as a program does. */
  now(): number {
    this.rt.touch(CLOCK, Access.READ);
    this.rt.touch(this, Access.READ);
    return Math.max(this.shown + this.owed, this.ofRun());
  }

  /** Microseconds as a program sees them: later at each look. */
  look(): number {
    this.wasLooked = true;
    this.show(Math.floor(this.now()) + LOOK_US);
    return this.shown;
  }

  /** What a CPU has done takes at least so many microseconds. */
  spent(us: number): void {
    this.rt.touch(this, Access.WRITE);
    this.owed += us;
  }

  /** SET CLOCK. */
  set(us: number): void {
    this.offset += us - this.now();
    this.show(us);
  }

  /** How long the program has to sleep for what it is ahead, milliseconds; 0 when it is not. The rest of the debt is forgiven. */
  takeDebt(): number {
    const now = this.now();
    const debt = (now - this.ofRun()) / 1000;
    this.wasLooked = false;
    this.show(now);
    if (debt < CREDIT_MS) return 0;
    const paid = Math.min(debt, PAID_MS);
    this.offset += (debt - paid) * 1000;
    return paid;
  }

  private show(us: number): void {
    this.rt.touch(this, Access.WRITE);
    this.shown = us;
    this.owed = 0;
  }

  private ofRun(): number {
    return this.offset + this.rt.now() * 1000;
  }
}

/** As STORE CLOCK stores it: bit 51 is a microsecond. */
export const todHigh = (us: number): number => Math.floor(us / TWO_20) >>> 0;
export const todLow = (us: number): number => ((Math.floor(us) % TWO_20) * 4096) >>> 0;

/** Of the two words of a clock or comparator, the microseconds. */
export const usOf = (high: number, low: number): number => (high >>> 0) * TWO_20 + (low >>> 12);
