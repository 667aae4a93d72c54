/**
 * What makes a lock program meaningless rather than wrong: an operation on what no operation before it has set up. Releasing a lock that
 * is held by another task, or was released before, is not of this kind: that is a bug for the validators to find.
 */
import { EXCLUSIVE } from '../modes.ts';
import type { LockProgram } from './lock-program.ts';
import type { ProgramError } from './verdict.ts';

interface Taken {
  readonly lock: string;
  exclusive: boolean;
}

/** The first such operation, or null. */
export function findMisuse(program: LockProgram): ProgramError | null {
  const held = new Map<number, Taken[]>();
  const classes = new Map<string, string>();
  const taken = new Set<string>();
  for (const [i, op] of program.ops.entries()) {
    let own = held.get(op.task);
    if (own === undefined) held.set(op.task, (own = []));
    if (op.action === 'exit') {
      own.length = 0;
      continue;
    }
    const cls = classes.get(op.lock);
    // Only an initialisation gives an instance another class.
    if (cls !== undefined && cls !== op.cls && op.action !== 'init') {
      return problem(i, `expected ${op.lock} to stay of class ${JSON.stringify(cls)}, got ${JSON.stringify(op.cls)}`);
    }
    classes.set(op.lock, op.cls);
    const at = own.findLastIndex((entry) => entry.lock === op.lock);
    if (op.action === 'acquire') {
      own.push({ lock: op.lock, exclusive: (op.mode & 3) === EXCLUSIVE });
      taken.add(op.lock);
    } else if (op.action === 'touch') {
      taken.add(op.lock);
    } else if (op.action === 'release') {
      if (!taken.has(op.lock)) return problem(i, `unlock: expected ${op.lock} to be taken by an earlier operation, got none that does`);
      if (at >= 0) own.splice(at, 1);
    } else if (op.action === 'downgrade') {
      const entry = own.findLast((candidate) => candidate.lock === op.lock && candidate.exclusive);
      if (entry === undefined)
        return problem(i, `downgrade: expected task ${op.task} to hold ${op.lock} for write, got ${at < 0 ? 'no hold' : 'a read hold'}`);
      entry.exclusive = false;
    }
  }
  return null;
}

const problem = (op: number, message: string): ProgramError => ({ op, message });
