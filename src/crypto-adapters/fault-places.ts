/**
 * Places of the hardware that may fail by a choice of the run (`faults:` of a scenario), each a few times only, so that an exploration of
 * them comes to an end. No kernel counterpart.
 */
import { Access } from '../runtime/access.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { FaultInstruction } from './faults.ts';

export const HARDWARE_FAULTS = [
  { name: 'nqap-code', fails: 'an NQAP: RESET_IN_PROGRESS or BUSY' },
  { name: 'dqap-code', fails: 'a DQAP: RESET_IN_PROGRESS or CHECKSTOPPED' },
  { name: 'late-interrupt', fails: 'the interruption for a reply, which comes 1 ms late' },
  { name: 'duplicate-interrupt', fails: 'the interruption for a reply, which comes twice' },
  { name: 'wrong-psmid', fails: 'a reply, which comes under an unknown psmid first' },
  { name: 'reply-length', fails: 'a reply, of which 4 bytes come' },
  { name: 'bit-error', fails: 'a reply, whose type is wrong by one bit' },
] as const;

export type HardwareFault = (typeof HARDWARE_FAULTS)[number]['name'];

/** How often each place fails in one run, at most. */
export const PLACE_STRIKES = 2;

const CODES: Partial<Record<FaultInstruction, { readonly place: HardwareFault; readonly codes: readonly number[] }>> = {
  nqap: { place: 'nqap-code', codes: [0x02, 0x05] },
  dqap: { place: 'dqap-code', codes: [0x02, 0x04] },
};
const REPLIES = ['wrong-psmid', 'reply-length', 'bit-error'] as const;
const LATE_MS = 1;

export class FaultPlaces {
  private readonly rt: Runtime;
  private readonly on: ReadonlySet<string>;
  private readonly struck = new Map<HardwareFault, number>();

  /** `on`: names of places; those that are none of the hardware do not matter here. */
  constructor(rt: Runtime, on: ReadonlySet<string>) {
    this.rt = rt;
    this.on = on;
  }

  instruction(instruction: FaultInstruction): { readonly rc: number; readonly asyncError: boolean } | null {
    const at = CODES[instruction];
    const choice = at === undefined ? 0 : this.choose(at.place, at.codes.length + 1);
    return choice === 0 ? null : { rc: at!.codes[choice - 1]!, asyncError: false };
  }

  reply(): (typeof REPLIES)[number] | null {
    return REPLIES.find((place) => this.choose(place, 2) === 1) ?? null;
  }

  interruptMs(): number {
    return this.choose('late-interrupt', 2) * LATE_MS;
  }

  interruptsTwice(): boolean {
    return this.choose('duplicate-interrupt', 2) === 1;
  }

  /** 0: it does not fail. */
  private choose(place: HardwareFault, n: number): number {
    if (!this.on.has(place)) return 0;
    // How often it has failed anywhere decides whether it may here.
    this.rt.touch(this, Access.WRITE);
    const struck = this.struck.get(place) ?? 0;
    if (struck === PLACE_STRIKES) return 0;
    const choice = this.rt.choose(null, place, n);
    if (choice > 0) this.struck.set(place, struck + 1);
    return choice;
  }
}
