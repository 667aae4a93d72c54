/**
 * A cycle as a lock program: every dependency is one section of one task, with all that is known to be held around it, so that a checker
 * can say whether a lock that all sections hold keeps them apart. No kernel counterpart.
 */
import type { CycleEdge } from '../finding.ts';
import type { CapturedOp, CapturedProgram } from './captured-program.ts';

const ACQUIRE: Readonly<Record<string, CapturedOp['op']>> = {
  write: 'lock',
  read: 'rlock',
  'recursive read': 'rlockRecursive',
  'write (wait)': 'lockThenUnlock',
};

/** One instance a class; the two locks of a same-class edge are two. */
export function cycleProgram(name: string, cycle: readonly CycleEdge[]): CapturedProgram {
  const ops: CapturedOp[] = [];
  for (const [task, edge] of cycle.entries()) {
    const around = [...new Set(edge.held)].filter((held) => held !== edge.from && held !== edge.to);
    const held = [
      ...around.map((cls) => ({ op: 'lock' as const, cls, lock: cls })),
      { op: acquire(edge.fromMode), cls: edge.from, lock: edge.from },
    ];
    for (const { op, cls, lock } of held) ops.push({ task, op, lock, cls });
    const second = { cls: edge.to, lock: edge.to === edge.from ? `${edge.to} (second)` : edge.to };
    const op = acquire(edge.toMode);
    ops.push({ task, op, ...second });
    if (op !== 'lockThenUnlock') ops.push({ task, op: 'unlock', ...second });
    for (const { cls, lock } of held.toReversed()) ops.push({ task, op: 'unlock', lock, cls });
  }
  return { name, ops };
}

const acquire = (mode: string): CapturedOp['op'] => ACQUIRE[mode] ?? 'lock';
