/**
 * The interleaving that would deadlock: one column for each task of the cycle (lockdep squeezes every cycle into two CPUs), each lock
 * with the place where it is taken. Cycles of more tasks than fit beside each other are written below each other.
 */
import type { CycleEdge } from '../locks/finding.ts';
import { cutMiddle, wrapText, WIDTH } from './layout.ts';

const NARROWEST = 28;
const WIDEST = 58;
const BANNER = ' *** DEADLOCK ***';

/** The word for taking a lock in this mode, as modeName writes modes. */
function verb(mode: string): string {
  const wait = mode.includes('(wait)');
  if (wait) return 'wait';
  const base = mode.includes('read') ? 'rlock' : 'lock';
  return mode.startsWith('try ') ? `try${base}` : base;
}

const takes = (mode: string, name: string): string => `${verb(mode)}(${name})`;

export function scenarioLines(cycle: readonly CycleEdge[]): string[] {
  const lines = ['Schedule that deadlocks:', ''];
  if (cycle.length === 1) lines.push(...oneTask(cycle[0]!));
  else if (Math.floor((WIDTH - 2) / cycle.length) >= NARROWEST) lines.push(...columns(cycle));
  else lines.push(...below(cycle));
  lines.push('', BANNER);
  const names = cycle.map(({ task }) => task);
  if (cycle.length > 1 && new Set(names).size < names.length) {
    lines.push(
      '',
      ...wrapText(
        'A task that stands above more than one column was seen to do these one after another; tasks that run the same code at once block each other.',
        '  ',
      ),
    );
  }
  return lines;
}

function oneTask(edge: CycleEdge): string[] {
  const who = `${edge.task}/${edge.pid}`;
  const rows: [string, string | undefined][] = [
    [takes(edge.fromMode, edge.from), edge.fromPlace[0]],
    [takes(edge.toMode, edge.to), edge.toPlace[0]],
  ];
  return [
    `  ${who}`,
    `  ${'-'.repeat(who.length)}`,
    ...rows.flatMap(([call, place]) => [`  ${call}`, `    ${place ?? '(place not known)'}`]),
  ];
}

/** First every task takes the lock it will hold, then every task asks for the next one's. */
function columns(cycle: readonly CycleEdge[]): string[] {
  const width = Math.min(WIDEST, Math.floor((WIDTH - 2) / cycle.length));
  const row = (cells: readonly string[]): string => `  ${cells.map((cell) => cutMiddle(cell, width - 2).padEnd(width)).join('')}`.trimEnd();
  const only = (at: number, cell: string): string => row(cycle.map((_, i) => (i === at ? cell : '')));
  const heads = cycle.map(({ task, pid }) => `${task}/${pid}`);
  const lines = [row(heads), row(heads.map((head) => '-'.repeat(Math.min(head.length, width - 2))))];
  for (const [i, edge] of cycle.entries()) {
    lines.push(only(i, takes(edge.fromMode, edge.from)), only(i, `  ${edge.fromPlace[0] ?? '(place not known)'}`));
  }
  for (const [i, edge] of cycle.entries()) {
    lines.push(only(i, takes(edge.toMode, edge.to)), only(i, `  ${edge.toPlace[0] ?? '(place not known)'}`));
  }
  return lines;
}

function below(cycle: readonly CycleEdge[]): string[] {
  const lines: string[] = [];
  const step = (edge: CycleEdge, call: string, place: string | undefined): void => {
    lines.push(cutMiddle(`  ${lines.length + 1}. ${edge.task}/${edge.pid}: ${call}, at ${place ?? 'an unknown place'}`, WIDTH));
  };
  for (const edge of cycle) step(edge, takes(edge.fromMode, edge.from), edge.fromPlace[0]);
  for (const edge of cycle) step(edge, takes(edge.toMode, edge.to), edge.toPlace[0]);
  return lines;
}
