/**
 * The dump of hung tasks with all held locks (kernel/hung_task.c, debug_show_all_locks). The kernel lists a lock from the moment it is
 * asked for, so a waiter looks like a holder: an instance that several tasks list is held by the one whose stack does not ask for it.
 */
import type { BlockedTask, Finding } from '../finding.ts';
import type { CapturedReport } from './captured-report.ts';
import { lockCall } from './lock-function.ts';
import { type HeldList, type LockLine } from './splat-parts.ts';
import type { SplatText } from './splat-scan.ts';

interface Hung {
  readonly task: string;
  readonly pid: number;
  readonly seconds: number;
  readonly asks: boolean;
  readonly place: readonly string[];
}

const WARNING = /INFO: task (.+):(\d+) (?:<[^>]*> )?blocked (?:in I\/O wait )?for more than (\d+) seconds/;

export function readHung(splat: SplatText): CapturedReport {
  const warned = readWarnings(splat);
  const hung = warned.length > 0 ? warned : readTraces(splat);
  const lists = mergeLists(splat.heldLists);
  const waits = new Map<number, LockLine>();
  for (const task of hung) {
    const top = lists.find(({ pid }) => pid === task.pid)?.locks.at(-1);
    if (task.asks && top !== undefined) waits.set(task.pid, top);
  }
  const tasks = lists.filter(({ pid, locks }) => waits.has(pid) || hung.some((task) => task.pid === pid) || sharesWithWaiter(locks, waits));
  const blocked: BlockedTask[] = tasks.map((list) => describe(list, { lists, waits, hung }));
  for (const { task, pid, place } of hung) {
    if (lists.some((list) => list.pid === pid)) continue;
    blocked.push({ task, pid, holds: [], waitsFor: place[0] ?? 'something unknown', behind: [] });
  }
  const names = hung.map(({ task }) => task);
  const limit = hung.find(({ seconds }) => seconds > 0)?.seconds;
  const finding: Finding = {
    kind: 'hung-task',
    key: `captured:hung-task:${names.join(',')}`,
    title: `${names.join(', ') || 'nobody'} blocked${limit === undefined ? '' : ` for more than ${limit} s`}`,
    tasks: names,
    time: splat.time,
    blocked,
    notes: notesOf(blocked, splat),
  };
  return { report: 'hung-task', finding, held: lists, program: null };
}

function readWarnings(splat: SplatText): Hung[] {
  const starts = splat.lines.map(({ text }, at) => ({ match: WARNING.exec(text), at })).filter(({ match }) => match !== null);
  return starts.map(({ match, at }, i) => {
    const end = starts[i + 1]?.at ?? splat.lines.length;
    const trace = splat.find(/^Call Trace:/, at);
    const call = lockCall(trace < 0 || trace > end ? [] : splat.stackAfter(trace));
    const [, task, pid, seconds] = match!;
    // A stack that goes from schedule straight into the code of somebody waits for no lock.
    return { task: task!, pid: Number(pid), seconds: Number(seconds), asks: asksForLock(splat, trace, end), place: call.place };
  });
}

/** Without the warning a stack belongs to the task whose locks are listed right after it. */
function readTraces(splat: SplatText): Hung[] {
  const hung: Hung[] = [];
  for (const [at, { text }] of splat.lines.entries()) {
    if (!/^\s*Call Trace:/.test(text)) continue;
    const list = splat.heldAfterStack(at);
    if (list === null) continue;
    const { place } = lockCall(splat.stackAfter(at));
    hung.push({ task: list.task, pid: list.pid, seconds: 0, asks: asksForLock(splat, at, splat.lines.length), place });
  }
  return hung;
}

/** Is a lock's slow path in the stack? `schedule` alone stands in every stack of a task that sleeps. */
function asksForLock(splat: SplatText, from: number, end: number): boolean {
  if (from < 0 || from > end) return false;
  return splat.stackAfter(from).some((frame) => /mutex_lock|_lock_slowpath|rwsem_down|down_(?:read|write)|percpu_down/.test(frame));
}

/** A task may be listed with its warning and again among all: the longer list has more to say. */
function mergeLists(lists: readonly HeldList[]): HeldList[] {
  const byPid = new Map<number, HeldList>();
  for (const list of lists) if (list.locks.length >= (byPid.get(list.pid)?.locks.length ?? 0)) byPid.set(list.pid, list);
  return [...byPid.values()];
}

const sameLock = (a: LockLine, b: LockLine): boolean => (a.address === null ? a.name === b.name : a.address === b.address);

function sharesWithWaiter(locks: readonly LockLine[], waits: ReadonlyMap<number, LockLine>): boolean {
  return locks.some((lock) => [...waits.values()].some((wanted) => sameLock(lock, wanted)));
}

interface Dump {
  readonly lists: readonly HeldList[];
  readonly waits: ReadonlyMap<number, LockLine>;
  readonly hung: readonly Hung[];
}

function describe(list: HeldList, { lists, waits, hung }: Dump): BlockedTask {
  const wanted = waits.get(list.pid);
  const holds = list.locks.filter((lock) => lock !== wanted).map(({ name, at }) => (at === null ? name : `${name} (${at})`));
  const task = { task: list.task, pid: list.pid, holds };
  if (wanted === undefined) {
    const mine = hung.find(({ pid }) => pid === list.pid);
    return { ...task, waitsFor: mine === undefined ? 'not in the dump' : (mine.place[0] ?? 'no lock'), behind: [] };
  }
  const holders = lists.filter(
    ({ pid, locks }) => pid !== list.pid && !waiting(pid, wanted, waits) && locks.some((lock) => sameLock(lock, wanted)),
  );
  return { ...task, waitsFor: wanted.name, behind: holders.map((holder) => holder.task) };
}

function waiting(pid: number, lock: LockLine, waits: ReadonlyMap<number, LockLine>): boolean {
  const other = waits.get(pid);
  return other !== undefined && sameLock(other, lock);
}

function notesOf(blocked: readonly BlockedTask[], splat: SplatText): string[] {
  const notes: string[] = [];
  const ends = blocked.filter(({ behind, task }) => behind.length === 0 && blocked.some((other) => other.behind.includes(task)));
  for (const { task, holds } of ends) {
    notes.push(
      `The chain ends at ${task}: it holds ${holds.length === 0 ? 'nothing' : 'what others wait for'}, and itself waits for no lock of the dump.`,
    );
  }
  if (splat.find(/lockdep is turned off/i) >= 0) {
    notes.push('An earlier report had switched the validator off: that kernel lists no held locks any more.');
  }
  return notes;
}
