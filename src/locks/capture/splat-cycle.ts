/**
 * The two reports about lock order in one context: circular and recursive locking (kernel/locking/lockdep.c: print_circular_bug,
 * print_deadlock_bug). The kernel records for an older dependency only where its second lock was taken: task, time and the place of the
 * first lock stay unknown, and say so.
 */
import type { CycleEdge, Finding } from '../finding.ts';
import type { CapturedReport } from './captured-report.ts';
import { cycleProgram } from './cycle-program.ts';
import { lockCall, modeByUsage, type CapturedMode } from './lock-function.ts';
import { bareLock, parseLock, type HeldList, type LockLine, type TaskName } from './splat-parts.ts';
import type { SplatText } from './splat-scan.ts';

const UNKNOWN_TASK = 'other';

interface Head {
  readonly who: TaskName;
  readonly asked: LockLine;
  readonly holds: LockLine;
  readonly held: HeldList | null;
}

/** Null when the text is cut before it says what is asked for and what is held. */
export function readCycle(splat: SplatText): CapturedReport | null {
  const head = readHead(splat);
  if (head === null) return null;
  const verbs = scenarioModes(splat);
  return splat.kind === 'recursive' ? recursive(splat, head, verbs) : circular(splat, head, verbs);
}

function readHead(splat: SplatText): Head | null {
  const asks = splat.find(/is trying to acquire(?: lock)?:/);
  const asked = splat.lockAfter(asks);
  const holds = splat.lockAfter(splat.find(/already holding(?: lock)?:/, asks));
  if (asks < 0 || asked === null || holds === null) return null;
  const who = splat.taskAt(asks) ?? { task: 'unnamed', pid: 0 };
  const held = splat.heldLists.find(({ pid }) => pid === who.pid) ?? null;
  return { who, asked, holds, held };
}

interface Link {
  readonly name: string;
  readonly usage: string;
  readonly mode: CapturedMode | null;
  readonly place: readonly string[];
}

/** Index n: the entry that the text numbers `#n`. */
function readChain(splat: SplatText): (Link | undefined)[] {
  const links: (Link | undefined)[] = [];
  for (const [at, { text }] of splat.lines.entries()) {
    const match = /^\s*-> #(\d+)\s+(\(.*\).*?):?$/.exec(text);
    if (match === null) continue;
    const name = bareLock(match[2]!);
    if (name === null) continue;
    links[Number(match[1])] = { name, usage: parseLock(match[2]!)?.usage ?? '', ...lockCall(splat.stackAfter(at)) };
  }
  return links;
}

function circular(splat: SplatText, head: Head, verbs: ScenarioModes): CapturedReport {
  const { who, asked, holds, held } = head;
  const links = readChain(splat);
  const notes = [
    'Captured from a kernel log. Of an older dependency the kernel keeps only where its second lock was taken: such a task stands here as other/N.',
  ];
  const whole = links.length >= 2 && !links.includes(undefined);
  if (!whole) notes.push('The chain is missing or incomplete in the text: what lies between the two locks is not shown.');
  const chain = whole ? (links as Link[]) : [links[0] ?? lineLink(asked), lineLink(holds)];
  const modes = chain.map(modeOf);
  if (verbs.asked !== null && modes[0] !== 'write (wait)') modes[0] = verbs.asked;
  const names = heldNames(held, holds);
  const cycle = chain.map(({ name, place }, n): CycleEdge => {
    const from = (n + chain.length - 1) % chain.length;
    const first = n === 0;
    const fromMode = first && verbs.holds !== null ? verbs.holds : modes[from]!;
    return {
      from: chain[from]!.name,
      to: name,
      fromMode: fromMode === 'write (wait)' ? 'write' : fromMode,
      toMode: modes[n]!,
      task: first ? who.task : UNKNOWN_TASK,
      pid: first ? who.pid : n,
      time: first ? splat.time : Number.NaN,
      fromPlace: first && holds.at !== null ? [holds.at] : [],
      toPlace: place,
      held: first ? names : [chain[from]!.name],
    };
  });
  return finish(splat, { kind: 'lock-order', cycle, notes: [...notes, ...waitNotes(cycle)] }, held);
}

/** The function knows a wait or a recursive reader; the usage characters know better than it whether there were only readers. */
function modeOf({ mode, usage }: Link): CapturedMode {
  if (mode === 'write (wait)' || mode === 'recursive read') return mode;
  return modeByUsage(usage) ?? mode ?? 'write';
}

const lineLink = (lock: LockLine): Link => ({
  name: lock.name,
  usage: lock.usage,
  mode: null,
  place: lock.at === null ? [] : [lock.at],
});

/** Lockdep lists the locks of the task outermost first; the one it asks for is not among them, except in old kernels. */
function heldNames(held: HeldList | null, holds: LockLine): string[] {
  return held === null || held.locks.length === 0 ? [holds.name] : held.locks.map(({ name }) => name);
}

function recursive(splat: SplatText, head: Head, verbs: ScenarioModes): CapturedReport {
  const { who, asked, holds, held } = head;
  const call = lockCall(splat.backtrace);
  const edge: CycleEdge = {
    from: holds.name,
    to: asked.name,
    fromMode: verbs.holds ?? modeByUsage(holds.usage) ?? 'write',
    toMode: verbs.asked ?? modeByUsage(asked.usage) ?? call.mode ?? 'write',
    ...who,
    time: splat.time,
    fromPlace: holds.at === null ? [] : [holds.at],
    toPlace: call.place.length > 0 ? call.place : asked.at === null ? [] : [asked.at],
    held: heldNames(held, holds),
  };
  const same = asked.address !== null && asked.address === holds.address;
  const notes = [
    same
      ? 'Both lines show the same address: one lock taken twice, which no annotation makes right.'
      : 'The addresses differ or are hidden: it may be a second lock of the class, taken in an order that the kernel was not told.',
  ];
  return finish(splat, { kind: 'recursive-lock', cycle: [edge], notes }, held);
}

interface ScenarioModes {
  readonly holds: CapturedMode | null;
  readonly asked: CapturedMode | null;
}

/** Newer kernels write in which way the locks are taken; the first line of the scenario is the held one, the last the requested one. */
function scenarioModes(splat: SplatText): ScenarioModes {
  const from = splat.find(/unsafe locking scenario:/);
  const to = splat.find(/\*\*\* DEADLOCK \*\*\*/, from);
  if (from < 0 || to < 0) return { holds: null, asked: null };
  const calls = splat.lines.slice(from, to).flatMap(({ text }) => [...text.matchAll(/\b(lock|rlock|sync)\(/g)].map((match) => match[1]!));
  // A kernel that never writes rlock may be one that does not tell readers apart.
  if (!calls.some((call) => call !== 'lock')) return { holds: null, asked: null };
  const mode = (call: string | undefined): CapturedMode => (call === 'rlock' ? 'read' : call === 'sync' ? 'write (wait)' : 'write');
  return { holds: mode(calls[0]), asked: mode(calls.at(-1)) };
}

function waitNotes(cycle: readonly CycleEdge[]): string[] {
  const waits = cycle.map(({ to }) => to).filter((name) => /^\((?:wq_completion|work_completion)\)|^kn->active/.test(name));
  if (waits.length === 0) return [];
  return [`No lock, but something that is waited for until it has ended or been let go: ${[...new Set(waits)].join(', ')}.`];
}

function finish(
  splat: SplatText,
  found: Pick<Finding, 'kind'> & { cycle: CycleEdge[]; notes: string[] },
  held: HeldList | null,
): CapturedReport {
  const { kind, cycle, notes } = found;
  const names = cycle.map(({ from }) => from);
  const title =
    kind === 'recursive-lock'
      ? `possible recursive locking: ${cycle[0]!.task} asks for ${cycle[0]!.to} while it holds ${cycle[0]!.from}`
      : `possible circular locking dependency: ${[...names, names[0]].join(' -> ')}`;
  const finding: Finding = {
    kind,
    key: `captured:${splat.kind}:${names.join('>')}`,
    title,
    tasks: [cycle[0]!.task],
    time: splat.time,
    cycle,
    notes,
  };
  return { report: splat.kind, finding, held: held === null ? splat.heldLists : [held], program: cycleProgram(finding.title, cycle) };
}
