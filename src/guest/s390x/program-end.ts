/**
 * How a program in machine code has ended, and whether that counts as passed. No kernel counterpart: what the scripts around bare-metal test
 * programs conclude from the exit status of QEMU.
 */

export type EndReason =
  /** The last CPU that ran has stopped itself (SIGP STOP). */
  | 'stopped'
  /** It waits with everything masked. */
  | 'disabled-wait'
  /** It can do nothing but the same program interruption, again and again, or its new PSW is invalid. */
  | 'check-stop'
  /** It wants its addresses to be translated (DAT). */
  | 'translation'
  | 'instruction-limit'
  /** Somebody outside has ended it. */
  | 'ended';

export interface ProgramEnd {
  readonly reason: EndReason;
  /** Where and why, as a person wants to read it; empty: there is no more to say. */
  readonly detail: string;
}

/** Passed; failed; skipped by itself; `open`: ended before it could say so. */
export type ProgramResult = 'passed' | 'failed' | 'skipped' | 'open';

/** 2 * exit code + 1. */
const PASSED = 1;
const SKIPPED = 77;

/**
 * The status that it printed decides, however it stops afterwards. Without one, only a program that has stopped itself has come to its end
 * as programs do: one that has no tests to report need not know of the status line.
 */
export function resultOf({ reason }: ProgramEnd, status: number | null): ProgramResult {
  if (reason === 'instruction-limit' || reason === 'ended') return 'open';
  if (status === null) return reason === 'stopped' ? 'passed' : 'failed';
  if (status === PASSED) return 'passed';
  return status === SKIPPED ? 'skipped' : 'failed';
}

const REASONS: Readonly<Record<EndReason, string>> = {
  stopped: 'stopped itself',
  'disabled-wait': 'disabled wait',
  'check-stop': 'check stop',
  translation: 'DAT is not provided',
  'instruction-limit': 'instruction limit reached',
  ended: 'ended from outside',
};

/** `disabled wait at 0x1d0, status 3`. */
export function endText({ reason, detail }: ProgramEnd, status: number | null): string {
  const end = detail === '' ? REASONS[reason] : `${REASONS[reason]}: ${detail}`;
  return status === null ? end : `${end}, exit status ${status}`;
}
