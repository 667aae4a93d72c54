/**
 * A check of the conformance program: an AP instruction with its registers, and what has to come of it. No kernel counterpart.
 */

/** What a machine may have or not; a check names those that it needs, and those without which only it makes sense. */
export const Fact = {
  /** Facilities 12, 15 and 65. */
  QCI: 0x01,
  APFT: 0x02,
  AQIC: 0x04,
  /** More than 64 adapters and 16 domains, as QCI says. */
  APXA: 0x08,
  QACT: 0x10,
  /** The AP instructions are there. */
  AP: 0x20,
  /** A queue answers TAPQ with 00. */
  QUEUE: 0x40,
  /** A queue answers TAPQ with 01. */
  OTHER: 0x80,
} as const;

export interface ApCheck {
  /** A sentence, unique. */
  readonly name: string;
  /** `pqap`, `nqap %r4,%r6`, `dqap %r4,%r6`. */
  readonly instruction: string;
  /** Expressions of the assembler for registers, before the APQN is added; those not given have the usual values. */
  readonly gr0?: string;
  readonly gr1?: string;
  readonly gr2?: string;
  readonly gr6?: string;
  readonly gr7?: string;
  /** The APQN that goes into register 0: of the queue that is there (the default), of one that is not, or none. */
  readonly apqn?: 'queue' | 'other' | 'none';
  readonly problemState?: boolean;
  /** Program interruption code; registers and condition code must not have changed then. */
  readonly interruption?: number;
  readonly cc?: number;
  /** Response code in GR1. */
  readonly rc?: number;
  /** Names of routines that answer 0 in register 2: before the instruction, and after it. */
  readonly prepare?: string;
  readonly verify?: string;
  /** Bits of `Fact`. */
  readonly needs: number;
  readonly without?: number;
}

const ANY = 0xff;
/** High and low half of a message identifier, with something in the upper words that must not matter. */
const PSMID_HIGH = '0xffffffff11223344';
const PSMID_LOW = '0xeeeeeeee55667788';

const FLAG = { queue: 1, other: 2, none: 0, problem: 4 } as const;

export function rowsText(checks: readonly ApCheck[]): string {
  const names = checks.map(({ name }, i) => `row_name_${i}: .asciz "${name}"`);
  return `.align 8\nrows:\n${checks.map(rowText).join('\n')}\n.quad 0\n${names.join('\n')}\n.align 8\n`;
}

function rowText(check: ApCheck, index: number): string {
  const { gr0 = '0', gr1 = '0x1111222233334444', gr2 = '0', gr6 = 'message', gr7 = '16' } = check;
  const flags = FLAG[check.apqn ?? 'queue'] | (check.problemState === true ? FLAG.problem : 0);
  const interruption = check.interruption ?? 0;
  const { without = 0 } = check;
  // All but those about a machine without them.
  const needs = check.needs | (Fact.AP & ~without);
  const bytes = [flags, interruption, check.cc ?? ANY, check.rc ?? ANY, needs, without];
  return `
  .quad row_name_${index}, ${check.prepare ?? '0'}
  .quad ${[gr0, gr1, gr2, PSMID_HIGH, PSMID_LOW, gr6, gr7].join(', ')}
  .quad ${check.verify ?? '0'}
  ${check.instruction}
  .byte ${bytes.join(', ')}, 0, 0, 0, 0, 0, 0`;
}
