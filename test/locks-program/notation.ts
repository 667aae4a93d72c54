/**
 * Lock programs in the notation of the tests: `W(A) R(B) | W(C)`, sections separated by bars. What a section still holds at its end is
 * released, last first. `W(X2:X)` is instance X2 of class X, `W(K2:K/1)` gives a subclass, `W(K2:K^G)` a nest lock, `1:W(A)` a task.
 * W r R take for write, read, recursive read; tW tr tR try; u d s w i x stand for unlock, downgrade, syncWait, lockThenUnlock, init and exit.
 */
import { checkPrograms } from '../../src/locks/program/check.ts';
import type { ProgramVerdict } from '../../src/locks/program/verdict.ts';

export interface RawOp {
  readonly task: number;
  readonly op: string;
  readonly lock?: string;
  readonly cls?: string;
  readonly subclass?: number;
  readonly nestLock?: string;
}

export interface RawProgram {
  readonly name: string;
  readonly ops: readonly RawOp[];
}

const LETTERS: Readonly<Record<string, string>> = {
  W: 'lock',
  r: 'rlock',
  R: 'rlockRecursive',
  tW: 'trylock',
  tr: 'tryrlock',
  tR: 'tryrlockRecursive',
  u: 'unlock',
  d: 'downgrade',
  s: 'syncWait',
  w: 'lockThenUnlock',
  i: 'init',
  x: 'taskExit',
};

const WORD = /^(?:(\d+):)?(\w+)\((?:([\w.]+)(?::([\w.]+))?(?:\/(\d))?(?:\^([\w.]+))?)?\)$/;

export function program(text: string, options: { readonly open?: boolean } = {}): RawProgram {
  const ops: RawOp[] = [];
  for (const section of text.split('|')) {
    const held: RawOp[] = [];
    for (const word of section.trim().split(/\s+/)) {
      const match = WORD.exec(word);
      const op = LETTERS[match?.[2] ?? ''];
      if (match === null || op === undefined) throw new Error(`notation: expected something like 1:W(A), got ${word}`);
      const [, task, , lock, cls, subclass, nestLock] = match;
      const raw: RawOp = {
        task: Number(task ?? 0),
        op,
        ...(lock === undefined ? {} : { lock, cls: cls ?? lock }),
        ...(subclass === undefined ? {} : { subclass: Number(subclass) }),
        ...(nestLock === undefined ? {} : { nestLock }),
      };
      ops.push(raw);
      if (/^(?:try)?r?lock(?:Recursive)?$/.test(op)) held.push(raw);
      const index = op === 'unlock' ? held.findLastIndex((entry) => entry.lock === lock && entry.task === raw.task) : -1;
      if (index >= 0) held.splice(index, 1);
      if (op === 'taskExit') held.length = 0;
    }
    if (options.open === true) continue;
    for (const { task, lock, cls } of held.toReversed()) ops.push({ task, op: 'unlock', lock: lock!, cls: cls! });
  }
  return { name: text, ops };
}

export function strict(raw: RawProgram | string): ProgramVerdict {
  return checkPrograms(typeof raw === 'string' ? program(raw) : raw, { strict: true })[0]!;
}

export function own(raw: RawProgram | string): ProgramVerdict {
  return checkPrograms(typeof raw === 'string' ? program(raw) : raw, { strict: false })[0]!;
}

/** `report 5 circular`, `ok`: what tests compare. */
export function short({ verdict, atOp, type }: ProgramVerdict): string {
  return verdict === 'report' ? `report ${atOp} ${type}` : verdict;
}
