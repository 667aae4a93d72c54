/**
 * The faults of a machine that are armed now, and what its queues ask about them: at an instruction, at a reset, when a reply is ready,
 * when an interruption is due. Without faults an answer costs the look at an empty list.
 */
import { adapterOf, domainOf, type Apqn } from '../base/apqn.ts';
import { ENODEV, OK, type Errno } from '../base/errno.ts';
import { Access } from '../runtime/access.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { FaultPlaces } from './fault-places.ts';
import { checkFault, FAULT_INSTRUCTIONS, type FaultKind, type FaultSpec } from './faults.ts';

/** What a fault does to the machine, and what it must be told when a fault begins or ends. */
export interface FaultHost {
  readonly rt: Runtime;
  has(adapter: number): boolean;
  /** Whatever happens next to the queues depends on what was just done to the plan. */
  touched(spec: FaultSpec): void;
  /** Answers whether that is a change. */
  configure(adapter: number, on: boolean): boolean;
  checkstop(adapter: number, on: boolean): boolean;
  /** A fault that hides something from a driver is over: whoever uses the queues is interrupted, and looks. */
  interrupt(spec: FaultSpec): void;
}

/** A status instead of the execution of an instruction. */
export interface FaultStatus {
  readonly rc: number;
  readonly asyncError: boolean;
}

/** How a reply leaves the card. */
export interface SpoiltReply {
  readonly psmid: bigint;
  readonly bytes: Uint8Array;
  /** The request has not been answered by this, it is answered again. */
  readonly again: boolean;
}

class ActiveFault {
  readonly spec: FaultSpec;
  /** Runtime clock. */
  readonly until: number;
  /** Instructions or replies to let pass. */
  passes: number;
  /** How often it may still strike. */
  left: number;
  /** It has deconfigured or checkstopped the adapter. */
  done = false;

  constructor(spec: FaultSpec, until: number) {
    this.spec = spec;
    this.until = until;
    this.passes = (spec.nth ?? 1) - 1;
    this.left = spec.times ?? 1;
  }
}

export class FaultPlan {
  /** How often each kind has struck; a fault that lasts counts once for each thing it holds up. */
  readonly strikes: Partial<Record<FaultKind, number>> = {};
  private readonly host: FaultHost;
  private readonly places: FaultPlaces | null;
  private readonly active = new Set<ActiveFault>();

  /** `places`: those that are a choice of the run; null: none. */
  constructor(host: FaultHost, places: FaultPlaces | null) {
    this.host = host;
    this.places = places;
  }

  /** Nothing can fail now. */
  get quiet(): boolean {
    return this.active.size === 0 && this.places === null;
  }

  /** Faults that are armed, or go on. */
  get armed(): readonly FaultSpec[] {
    return [...this.active].map(({ spec }) => spec);
  }

  /** From now on. -ENODEV without such an adapter; RangeError when the fault makes no sense. */
  inject(spec: FaultSpec): Errno {
    checkFault(spec);
    const { host } = this;
    if (!host.has(spec.adapter)) return ENODEV;
    const fault = new ActiveFault(spec, host.rt.now() + spec.ms);
    host.touched(spec);
    this.active.add(fault);
    host.rt.timer(`end of fault ${spec.kind}`, spec.ms, () => this.end(fault));
    if (isConfiguration(spec.kind) && spec.instruction === undefined) this.remove(fault);
    return OK;
  }

  /** Null: the instruction is executed. `mode` is a `QueueOp`. */
  instruction(apqn: Apqn, mode: number): FaultStatus | null {
    for (const fault of this.active) {
      const { kind, instruction, rc = RESET_IN_PROGRESS, async: asyncError = false } = fault.spec;
      const removes = isConfiguration(kind) && instruction !== undefined && !fault.done;
      if (kind !== 'response-code' && !removes) continue;
      if (FAULT_INSTRUCTIONS[mode] !== (instruction ?? 'nqap') || !this.strikesNow(fault, apqn)) continue;
      if (kind === 'response-code') return { rc, asyncError };
      this.remove(fault);
    }
    return this.places?.instruction(FAULT_INSTRUCTIONS[mode]!) ?? null;
  }

  /** How long a reset that begins now takes at least, milliseconds. */
  resetMs(apqn: Apqn): number {
    return this.lasting('reset-hang', apqn);
  }

  /** How long the queue will not answer, milliseconds. */
  muteMs(apqn: Apqn): number {
    return this.lasting('mute', apqn);
  }

  /** When the interruption comes, and how often. */
  interruption(apqn: Apqn): { readonly ms: number; readonly times: number } {
    const ms = Math.max(this.lasting('late-interrupt', apqn), this.places?.interruptMs() ?? 0);
    const twice = this.find('duplicate-interrupt', apqn) !== null || (this.places?.interruptsTwice() ?? false);
    return { ms, times: twice ? 2 : 1 };
  }

  /** Null: the reply is as it should be. */
  reply(apqn: Apqn, psmid: bigint, bytes: Uint8Array): SpoiltReply | null {
    const chosen = this.places?.reply() ?? null;
    if (this.find('wrong-psmid', apqn) !== null || chosen === 'wrong-psmid') return { psmid: notPsmid(psmid), bytes, again: true };
    const length = this.find('reply-length', apqn);
    if (length !== null || chosen === 'reply-length') return { psmid, bytes: resized(bytes, length?.length ?? SHORT), again: false };
    const bit = this.find('bit-error', apqn);
    if (bit !== null || chosen === 'bit-error') return { psmid, bytes: flipped(bytes, bit?.bit ?? TYPE_BIT), again: false };
    return null;
  }

  private find(kind: FaultKind, apqn: Apqn): FaultSpec | null {
    for (const fault of this.active) if (fault.spec.kind === kind && this.strikesNow(fault, apqn)) return fault.spec;
    return null;
  }

  private lasting(kind: FaultKind, apqn: Apqn): number {
    let until = 0;
    for (const { spec, until: end } of this.active) if (spec.kind === kind && concerns(spec, apqn)) until = Math.max(until, end);
    if (until === 0) return 0;
    this.struck(kind);
    // A timer may fire a little before its time.
    return Math.max(until - this.host.rt.now(), LEAST_MS);
  }

  private strikesNow(fault: ActiveFault, apqn: Apqn): boolean {
    if (fault.left === 0 || !concerns(fault.spec, apqn)) return false;
    this.host.rt.touch(fault, Access.WRITE);
    if (fault.passes > 0) {
      fault.passes--;
      return false;
    }
    fault.left--;
    if (!isConfiguration(fault.spec.kind)) this.struck(fault.spec.kind);
    return true;
  }

  private remove(fault: ActiveFault): void {
    const { kind, adapter } = fault.spec;
    fault.done = kind === 'deconfigured' ? this.host.configure(adapter, false) : this.host.checkstop(adapter, true);
    if (fault.done) this.struck(kind);
  }

  /** What it has done to an adapter is undone, unless somebody else has brought it back, or taken the card out. */
  private end(fault: ActiveFault): void {
    const { host } = this;
    const { kind, adapter } = fault.spec;
    host.touched(fault.spec);
    this.active.delete(fault);
    if (fault.done) void (kind === 'deconfigured' ? host.configure(adapter, true) : host.checkstop(adapter, false));
    if (kind === 'response-code') host.interrupt(fault.spec);
  }

  private struck(kind: FaultKind): void {
    this.strikes[kind] = (this.strikes[kind] ?? 0) + 1;
  }
}

const RESET_IN_PROGRESS = 2;
const SHORT = 4;
const TYPE_BIT = 8;
const LEAST_MS = 0.01;

const isConfiguration = (kind: FaultKind): boolean => kind === 'deconfigured' || kind === 'checkstopped';

const concerns = ({ adapter, domain }: FaultSpec, apqn: Apqn): boolean =>
  adapter === adapterOf(apqn) && (domain === null || domain === domainOf(apqn));

/** Programs count their psmids up from 1. */
const notPsmid = (psmid: bigint): bigint => psmid ^ 0xffff_ffff_ffff_ffffn;

function resized(bytes: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  out.set(bytes.subarray(0, length));
  return out;
}

/** A bit beyond the end is none. */
function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const out = new Uint8Array(bytes);
  const at = bit >> 3;
  if (at < out.length) out[at] = out[at]! ^ (0x80 >> (bit & 7));
  return out;
}
