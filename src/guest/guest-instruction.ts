/**
 * One AP instruction of a guest program, and how scenario files write it: `aqic 05.0004`, `aqic 05.0004 off`, `tapq 05.0004 expect 00,03`,
 * `qci`; `pqap 03000504 800000000003 20000` with the contents of GR0, GR1 and GR2; `sie` runs the nested guest of a guest that has one. No
 * kernel counterpart.
 */
import { apqnOf, type Apqn } from '../base/apqn.ts';
import type { PqapRegisters } from '../crypto-adapters/ap-instructions.ts';

const QUEUE = '[0-9a-f]{2}\\.00[0-9a-f]{2}';
/** Runs the nested guest. */
const SIE_ANSWER = '(?:exception|wait|validity-[0-9a-f]{4})';
const SIE = `(sie)(?: expect (${SIE_ANSWER}(?:,${SIE_ANSWER})*))?`;
const EXPECT = '(?: expect ((?:exception|[0-9a-f]{2})(?:,(?:exception|[0-9a-f]{2}))*))?';
const REGISTER = '([0-9a-f]{1,16})';
const PQAP = `(pqap) ${REGISTER} ${REGISTER} ${REGISTER}`;
const AP = `(?:(qci)|((?:aqic|dqap|nqap|rapq|tapq|zapq)) (${QUEUE})|(aqic) (${QUEUE}) (off)|${PQAP})${EXPECT}`;
/** Instruction, adapter and domain, `off`, registers, what is expected; SIE, what is expected. */
export const INSTRUCTION_FORM = new RegExp(`^(?:${AP}|${SIE})$`);
export const INSTRUCTION_TEXT =
  'an AP instruction: aqic, dqap, nqap, rapq, tapq or zapq with a queue (tapq 05.0004), aqic with a queue and off, or qci; ' +
  'pqap with the contents of GR0, GR1 and GR2 in hexadecimal (pqap 03000504 800000000003 20000); ' +
  'then, if it matters, expect and response codes in hexadecimal, or exception (expect 00,exception); ' +
  'or sie, which runs the nested guest, and expect wait, exception or validity-003c';

export type ApInstructionName = 'aqic' | 'dqap' | 'nqap' | 'pqap' | 'qci' | 'rapq' | 'sie' | 'tapq' | 'zapq';

/** A response code, or a program interruption; of SIE how the nested guest ended: it waits, or it could not be run for a reason. */
export type Answer = number | 'exception' | 'wait' | `validity-${string}`;

export interface GuestInstruction {
  /** As written. */
  readonly text: string;
  readonly name: ApInstructionName;
  /** 0 for QCI and SIE, which have no queue, and for PQAP, whose registers tell. */
  readonly apqn: Apqn;
  /** Of PQAP. */
  readonly registers?: PqapRegisters;
  /** AQIC: false takes the interrupt back. */
  readonly on: boolean;
  /** What counts as success; null: any answer does. */
  readonly expect: readonly Answer[] | null;
}

const answerOf = (text: string): Answer => (/^[0-9a-f]{2}$/.test(text) ? Number.parseInt(text, 16) : (text as Answer));

/** Null when the text is no instruction. */
export function parseInstruction(text: string): GuestInstruction | null {
  const match = INSTRUCTION_FORM.exec(text);
  if (match === null) return null;
  const [, qci, plain, plainQueue, aqic, aqicQueue, off, pqap, gr0, gr1, gr2, apExpected, sie, sieExpected] = match;
  const expected = apExpected ?? sieExpected;
  const queue = plainQueue ?? aqicQueue;
  return {
    text,
    name: (qci ?? plain ?? aqic ?? pqap ?? sie) as ApInstructionName,
    apqn: queue === undefined ? 0 : apqnOf(Number.parseInt(queue.slice(0, 2), 16), Number.parseInt(queue.slice(3), 16)),
    ...(pqap === undefined ? {} : { registers: { gr0: BigInt(`0x${gr0}`), gr1: BigInt(`0x${gr1}`), gr2: BigInt(`0x${gr2}`) } }),
    on: off === undefined,
    expect: expected?.split(',').map(answerOf) ?? null,
  };
}
