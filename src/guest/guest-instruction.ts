/**
 * One AP instruction of a guest program, and how scenario files write it: `aqic 05.0004`, `aqic 05.0004 off`, `tapq 05.0004 expect 00,03`,
 * `qci`. No kernel counterpart.
 */
import { apqnOf, type Apqn } from '../base/apqn.ts';

const QUEUE = '[0-9a-f]{2}\\.00[0-9a-f]{2}';
const EXPECT = '(?: expect ((?:exception|[0-9a-f]{2})(?:,(?:exception|[0-9a-f]{2}))*))?';
/** Instruction, adapter and domain, `off`, what is expected. */
export const INSTRUCTION_FORM = new RegExp(`^(?:(qci)|((?:aqic|dqap|nqap|rapq|tapq|zapq)) (${QUEUE})|(aqic) (${QUEUE}) (off))${EXPECT}$`);
export const INSTRUCTION_TEXT =
  'an AP instruction: aqic, dqap, nqap, rapq, tapq or zapq with a queue (tapq 05.0004), aqic with a queue and off, or qci; ' +
  'then, if it matters, expect and response codes in hexadecimal, or exception (expect 00,exception)';

export type ApInstructionName = 'aqic' | 'dqap' | 'nqap' | 'qci' | 'rapq' | 'tapq' | 'zapq';

/** A response code, or a program interruption. */
export type Answer = number | 'exception';

export interface GuestInstruction {
  /** As written. */
  readonly text: string;
  readonly name: ApInstructionName;
  /** 0 for QCI, which has no queue. */
  readonly apqn: Apqn;
  /** AQIC: false takes the interrupt back. */
  readonly on: boolean;
  /** What counts as success; null: any answer does. */
  readonly expect: readonly Answer[] | null;
}

/** Null when the text is no instruction. */
export function parseInstruction(text: string): GuestInstruction | null {
  const match = INSTRUCTION_FORM.exec(text);
  if (match === null) return null;
  const [, qci, plain, plainQueue, aqic, aqicQueue, off, expected] = match;
  const queue = plainQueue ?? aqicQueue;
  return {
    text,
    name: (qci ?? plain ?? aqic) as ApInstructionName,
    apqn: queue === undefined ? 0 : apqnOf(Number.parseInt(queue.slice(0, 2), 16), Number.parseInt(queue.slice(3), 16)),
    on: off === undefined,
    expect: expected?.split(',').map((answer) => (answer === 'exception' ? answer : Number.parseInt(answer, 16))) ?? null,
  };
}
