/**
 * The own verdict by definition: after every operation all pairs of held locks are edges, all simple cycles of classes are tried, each with
 * every choice of kinds. Slow and without any shortcut; shares no code with the validator.
 */
import type { RawOp, RawProgram } from './notation.ts';

interface Entry {
  readonly lock: string;
  readonly cls: string;
  mode: string;
}

type Kind = 'ER' | 'EN' | 'SR' | 'SN';

const MODE_OF: Readonly<Record<string, string>> = {
  lock: 'W',
  trylock: 'W',
  syncWait: 'W',
  lockThenUnlock: 'W',
  rlock: 'r',
  tryrlock: 'r',
  rlockRecursive: 'R',
  tryrlockRecursive: 'R',
};

/** Position of the first operation that closes a cycle or breaks a rule, or null. */
export function firstReport({ ops }: RawProgram): number | null {
  const stacks = new Map<number, Entry[]>();
  const edges = new Map<string, Set<Kind>>();
  for (const [i, op] of ops.entries()) {
    const stack = stacks.get(op.task) ?? [];
    stacks.set(op.task, stack);
    if (breaksRule(op, stack, [...stacks.values()]) || closesCycle(op, stack, edges)) return i;
    if (/lock$|lockRecursive$/.test(op.op) && op.op !== 'unlock' && op.op !== 'lockThenUnlock') {
      stack.push({ lock: op.lock!, cls: op.cls!, mode: MODE_OF[op.op]! });
    }
    if (op.op === 'unlock') {
      const index = stack.map(({ lock }) => lock).lastIndexOf(op.lock!);
      stack.splice(index, 1);
    }
    if (op.op === 'downgrade') stack.findLast(({ lock, mode }) => lock === op.lock && mode === 'W')!.mode = 'r';
  }
  return null;
}

function breaksRule(op: RawOp, stack: readonly Entry[], all: readonly (readonly Entry[])[]): boolean {
  if (op.op === 'taskExit') return stack.length > 0;
  if (op.op === 'init') return all.some((entries) => entries.some(({ lock }) => lock === op.lock));
  if (op.op === 'unlock') return !stack.some(({ lock }) => lock === op.lock);
  const mode = MODE_OF[op.op];
  if (mode === undefined || op.op.startsWith('try')) return false;
  return stack.some((entry) => entry.cls === op.cls && !(mode === 'R' && entry.mode !== 'W'));
}

function closesCycle(op: RawOp, stack: readonly Entry[], edges: Map<string, Set<Kind>>): boolean {
  const mode = MODE_OF[op.op];
  if (mode === undefined || op.op.startsWith('try')) return false;
  for (const entry of stack) {
    if (entry.cls === op.cls) continue;
    const key = `${entry.cls}>${op.cls}`;
    const kinds = edges.get(key) ?? new Set<Kind>();
    edges.set(key, kinds.add(`${entry.mode === 'W' ? 'E' : 'S'}${mode === 'R' ? 'R' : 'N'}`));
  }
  return simpleCycles(edges).some((cycle) => strongChoice(cycle, edges));
}

function simpleCycles(edges: ReadonlyMap<string, unknown>): string[][] {
  const next = new Map<string, string[]>();
  for (const key of edges.keys()) {
    const [from, to] = key.split('>') as [string, string];
    next.set(from, [...(next.get(from) ?? []), to]);
  }
  const cycles: string[][] = [];
  const walk = (path: readonly string[]): void => {
    for (const to of next.get(path.at(-1)!) ?? []) {
      if (to === path[0]) cycles.push([...path]);
      else if (to > path[0]! && !path.includes(to)) walk([...path, to]);
    }
  };
  for (const start of next.keys()) walk([start]);
  return cycles;
}

/** Is there one kind for each edge of the ring so that no R is followed by an S? */
function strongChoice(cycle: readonly string[], edges: ReadonlyMap<string, ReadonlySet<Kind>>): boolean {
  const choices = cycle.map((from, i) => [...edges.get(`${from}>${cycle[(i + 1) % cycle.length]}`)!]);
  const pick = (chosen: readonly Kind[]): boolean => {
    if (chosen.length < choices.length) return choices[chosen.length]!.some((kind) => pick([...chosen, kind]));
    return chosen.every((kind, i) => !(kind.endsWith('R') && chosen[(i + 1) % chosen.length]!.startsWith('S')));
  };
  return pick([]);
}
