/**
 * A recorded lock trace as a lock program (Documentation/trace/events.rst, events lock:*): each acquire and release is one operation of one
 * task. What a trace cannot know is told in notes: locks taken before it began, lost events, subclasses.
 */
import type { CapturedOp, CapturedProgram } from './captured-program.ts';
import { isLoss, parseEvent, type LockEvent } from './trace-lines.ts';

export interface CapturedTrace {
  readonly kind: 'trace';
  readonly program: CapturedProgram;
  /** Index: the number that stands for the task in the program. */
  readonly tasks: readonly string[];
  /** Lock events of all four kinds that were read. */
  readonly events: number;
  readonly notes: readonly string[];
}

/** Readers of these never wait for a queued writer. */
const RECURSIVE_READERS = /^(?:rcu_|srcu|.*\bsrcu_struct|kn->active)/;

class TraceReader {
  readonly ops: CapturedOp[] = [];
  readonly tasks: string[] = [];
  events = 0;
  private readonly numbers = new Map<string, number>();
  /** Task numbers that hold the lock, one entry for each time, oldest first. */
  private readonly holders = new Map<string, number[]>();
  private readonly classes = new Map<string, string>();
  private early = 0;
  private losses = 0;
  private handed = 0;
  private sharedReads = false;

  read(line: string): void {
    if (isLoss(line)) this.lose();
    const event = parseEvent(line);
    if (event === null) return;
    this.events++;
    if (event.event === 'acquire') this.acquire(event);
    else if (event.event === 'release') this.release(event);
  }

  get notes(): string[] {
    const notes: string[] = [];
    const { early, losses, handed } = this;
    if (early > 0) notes.push(`${early} releases of locks that were taken before the trace began are left out`);
    if (losses > 0) notes.push(`events were lost ${losses} times: what was held then counts as released`);
    if (handed > 0) notes.push(`${handed} locks were released by another task than the one that took them`);
    if (this.sharedReads)
      notes.push('a trace does not tell recursive readers: those of RCU, SRCU and kernfs are taken as such, all others as not');
    notes.push('a trace names no subclasses: nesting that the kernel was told of looks like recursion');
    return notes;
  }

  /** The validator's event comes before the task waits, and for a trylock only when it succeeded. */
  private acquire(event: LockEvent): void {
    const task = this.taskOf(event);
    const cls = event.name === '' ? event.address : event.name;
    const lock = instance(event, cls);
    this.classes.set(lock, cls);
    this.ops.push({ task, op: acquireOp(event, cls), lock, cls });
    if (event.read && !RECURSIVE_READERS.test(cls)) this.sharedReads = true;
    const holders = this.holders.get(lock);
    if (holders === undefined) this.holders.set(lock, [task]);
    else holders.push(task);
  }

  private release(event: LockEvent): void {
    const task = this.taskOf(event);
    const lock = instance(event, event.name === '' ? event.address : event.name);
    const holders = this.holders.get(lock) ?? [];
    const own = holders.lastIndexOf(task);
    if (holders.length === 0) {
      this.early++;
      return;
    }
    if (own < 0) this.handed++;
    const [holder] = holders.splice(own < 0 ? 0 : own, 1);
    this.unlock(holder!, lock);
    if (holders.length === 0) this.holders.delete(lock);
  }

  private unlock(task: number, lock: string): void {
    this.ops.push({ task, op: 'unlock', lock, cls: this.classes.get(lock)! });
  }

  /** Whether a held lock was released meanwhile is not known: held for ever it would make up dependencies. */
  private lose(): void {
    this.losses++;
    for (const [lock, holders] of this.holders) for (const task of holders.toReversed()) this.unlock(task, lock);
    this.holders.clear();
  }

  private taskOf({ comm, pid, cpu, context }: LockEvent): number {
    // Each CPU has an idle task of its own under the same pid, and an interrupt has a held stack of its own.
    const where = pid === 0 || context !== 'task' ? `@cpu${cpu ?? '?'}` : '';
    const key = context === 'task' ? `${pid}${where}` : `${context}${where}`;
    let number = this.numbers.get(key);
    if (number === undefined) {
      number = this.tasks.length;
      this.numbers.set(key, number);
      this.tasks.push(context === 'task' ? `${comm}/${pid}${where}` : key);
    }
    return number;
  }
}

/** The address tells instances apart where it is shown. */
function instance({ address }: LockEvent, cls: string): string {
  return /^\(|^(?:0x)?0+$/.test(address) ? cls : `${cls} ${address}`;
}

function acquireOp({ tried, read }: LockEvent, cls: string): CapturedOp['op'] {
  if (!read) return tried ? 'trylock' : 'lock';
  if (RECURSIVE_READERS.test(cls)) return tried ? 'tryrlockRecursive' : 'rlockRecursive';
  return tried ? 'tryrlock' : 'rlock';
}

/** Null when the text has no lock event. */
export function readTrace(text: string, name: string): CapturedTrace | null {
  const reader = new TraceReader();
  for (const line of text.split(/\r?\n/)) reader.read(line);
  if (reader.events === 0) return null;
  return { kind: 'trace', program: { name, ops: reader.ops }, tasks: reader.tasks, events: reader.events, notes: reader.notes };
}
