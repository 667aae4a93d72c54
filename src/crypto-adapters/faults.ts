/**
 * What can go wrong with the hardware, as data: a fault strikes one adapter or one queue of it, and is over when its clock says so.
 * No kernel counterpart: the kernel meets such hardware in the field only. Data of a reply is spoilt only where somebody asks for it.
 */
import { apqnText, apqnOf } from '../base/apqn.ts';

export const FAULT_KINDS = [
  { name: 'deconfigured', strikes: 'the adapter is taken out of the configuration, in the middle of what it does, and put back' },
  { name: 'checkstopped', strikes: 'the adapter stops, in the middle of what it does, and recovers' },
  { name: 'reset-hang', strikes: 'a reset that begins does not end before the fault does' },
  { name: 'mute', strikes: 'messages are accepted, and answered only when the fault is over' },
  { name: 'late-interrupt', strikes: 'interruptions for replies come when the fault is over' },
  { name: 'duplicate-interrupt', strikes: 'the interruption for a reply comes twice' },
  { name: 'wrong-psmid', strikes: 'before its reply, a request is answered under a psmid that nobody has sent' },
  { name: 'reply-length', strikes: 'a reply has another length' },
  { name: 'bit-error', strikes: 'one bit of a reply is wrong' },
  { name: 'response-code', strikes: 'an instruction is not executed, and answered with a response code' },
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number]['name'];
export const FAULT_KIND_NAMES: readonly FaultKind[] = FAULT_KINDS.map(({ name }) => name);

/** In the order of `QueueOp`. */
export const FAULT_INSTRUCTIONS = ['tapq', 'rapq', 'zapq', 'aqic', 'nqap', 'dqap'] as const;
export type FaultInstruction = (typeof FAULT_INSTRUCTIONS)[number];

/** No fault lasts longer. */
export const FAULT_MS_MAX = 60_000;

export interface FaultSpec {
  readonly kind: FaultKind;
  readonly adapter: number;
  /** null: every queue of the adapter. */
  readonly domain: number | null;
  /** How long it is armed, milliseconds, above 0 and at most `FAULT_MS_MAX`. */
  readonly ms: number;
  /** How often it strikes; default 1. Not of those that last: reset-hang, mute, late-interrupt, deconfigured, checkstopped. */
  readonly times?: number;
  /** Of response-code, default nqap. Of deconfigured, checkstopped: they strike at this instruction; default: at once. */
  readonly instruction?: FaultInstruction;
  /** It strikes at the n-th such instruction (or reply) from now on; default 1. */
  readonly nth?: number;
  /** Of response-code: any but 0, which would be a lie that no driver can see. Default 2, RESET_IN_PROGRESS. */
  readonly rc?: number;
  /** Of response-code: the code belongs to something earlier (the async bit of the status). */
  readonly async?: boolean;
  /** Of reply-length: bytes. Default 4, less than any header. */
  readonly length?: number;
  /** Of bit-error: bit of the reply, 0 the leftmost. Default 8, in the type of the reply. */
  readonly bit?: number;
}

/** RangeError when the fault does not make sense. */
export function checkFault(spec: FaultSpec): void {
  const { ms, times = 1, nth = 1, rc = 2, length = 0, bit = 0 } = spec;
  const whole = (what: string, value: number, first: number, last: number): void => {
    if (Number.isInteger(value) && value >= first && value <= last) return;
    throw new RangeError(`fault ${spec.kind}: expected ${what} from ${first} to ${last}, got ${value}`);
  };
  if (!(ms > 0 && ms <= FAULT_MS_MAX)) throw new RangeError(`fault ${spec.kind}: expected a time up to ${FAULT_MS_MAX} ms, got ${ms}`);
  whole('an adapter', spec.adapter, 0, 255);
  if (spec.domain !== null) whole('a domain', spec.domain, 0, 255);
  whole('times', times, 1, 1_000_000);
  whole('nth', nth, 1, 1_000_000);
  whole('a response code', rc, 1, 255);
  whole('a length in bytes', length, 0, 0x1_0000);
  whole('the number of a bit', bit, 0, 0x8_0000 - 1);
}

/** `mute on 05.0004`, `mute on adapter 5`. */
export function faultText({ kind, adapter, domain }: FaultSpec): string {
  return `${kind} on ${domain === null ? `adapter ${adapter}` : apqnText(apqnOf(adapter, domain))}`;
}
