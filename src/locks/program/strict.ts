/**
 * Linux lockdep's own verdict on a lock program (kernel/locking/lockdep.c of 6.12): same report, at the same operation, and silence where
 * it is silent. It stops where lockdep stops: after the first report the validator is off.
 */
import { EXCLUSIVE, isTry, RECURSIVE, SHARED, type LockMode } from '../modes.ts';
import { ClassTable, type LockOp, type LockProgram } from './lock-program.ts';
import { StrictGraph } from './strict-graph.ts';
import type { Report, ReportType } from './verdict.ts';

/** Entries of a held stack; taking one more switches lockdep off (kernel: MAX_LOCK_DEPTH). */
const MAX_DEPTH = 48;

/** A sequence of held (class, read mode); `validated` once a blocking acquire completed it (kernel: chain key and chain cache). */
class Chain {
  validated = false;
  readonly next = new Map<number, Chain>();
}

interface Entry {
  readonly lock: string;
  readonly cls: number;
  mode: LockMode;
  readonly nestLock: string | null;
  /** Locks of one class that share this entry under a nest lock; 0 where it stands for one lock only. */
  references: number;
  /** The chain below this entry. */
  readonly before: Chain;
}

type Request = Pick<Entry, 'lock' | 'cls' | 'mode' | 'nestLock' | 'references'>;

interface Stack {
  entries: Entry[];
  chain: Chain;
}

/** Ends the judgement: lockdep has reported and is off. */
class Off extends Error {
  readonly type: ReportType;
  readonly cycle: readonly number[] | null;

  constructor(type: ReportType, message: string, cycle: readonly number[] | null = null) {
    super(message);
    this.type = type;
    this.cycle = cycle;
  }
}

export function strictReport(program: LockProgram): Report | null {
  const lockdep = new StrictLockdep(program);
  for (const [atOp, op] of program.ops.entries()) {
    try {
      lockdep.run(op);
    } catch (error) {
      if (!(error instanceof Off)) throw error;
      const { type, message, cycle } = error;
      return { atOp, type, message, ...(cycle === null ? {} : { cycle: cycle.map((cls) => lockdep.classes.name(cls)) }) };
    }
  }
  return null;
}

class StrictLockdep {
  readonly classes = new ClassTable();
  private readonly graph = new StrictGraph();
  private readonly root = new Chain();
  private readonly stacks = new Map<number, Stack>();
  private readonly classNames = new Map<string, string>();

  constructor(program: LockProgram) {
    for (const { lock, cls } of program.ops) if (lock !== '') this.classNames.set(lock, cls);
  }

  run(op: LockOp): void {
    let stack = this.stacks.get(op.task);
    if (stack === undefined) this.stacks.set(op.task, (stack = { entries: [], chain: this.root }));
    switch (op.action) {
      case 'acquire':
        this.acquire(stack, this.request(op), true);
        return;
      case 'touch':
        this.acquire(stack, this.request(op), true);
        this.release(stack, op.lock);
        return;
      case 'sync':
        this.acquire(stack, this.request(op), false);
        return;
      case 'release':
        this.release(stack, op.lock);
        return;
      case 'downgrade':
        this.downgrade(stack, op.lock);
        return;
      case 'init':
        // Only the locks of the running task are looked at.
        if (stack.entries.some(({ lock }) => lock === op.lock)) throw new Off('init-held', `${op.lock} is initialised while it is held`);
        return;
      case 'exit':
        if (stack.entries.length > 0) throw new Off('exit-held', `task ${op.task} ends and still holds ${names(stack)}`);
        return;
    }
  }

  private request({ lock, cls, subclass, mode, nestLock }: LockOp): Request {
    return { lock, cls: this.classes.id(cls, subclass), mode, nestLock, references: 0 };
  }

  /** True when the lock was counted on the entry below instead of getting one of its own. */
  private acquire(stack: Stack, request: Request, keep: boolean): boolean {
    const { lock, cls, mode, nestLock } = request;
    const top = stack.entries.at(-1);
    if (keep && nestLock !== null && top?.cls === cls) {
      if (top.references === 0) top.references = 1;
      top.references += Math.max(1, request.references);
      return true;
    }
    const chain = this.chainAfter(stack.chain, request);
    if (nestLock !== null && !this.isHeld(stack, nestLock)) {
      throw new Off('nest-not-held', `${lock} is taken under ${nestLock}, which is not held`);
    }
    if (!isTry(mode) && !chain.validated) {
      chain.validated = true;
      this.validate(stack, request);
    }
    if (!keep) return false;
    stack.entries.push({ ...request, before: stack.chain });
    stack.chain = chain;
    if (stack.entries.length >= MAX_DEPTH) throw new Off('max-depth', `a task holds ${MAX_DEPTH} locks, more than lockdep can record`);
    return false;
  }

  private chainAfter(chain: Chain, { cls, mode }: Pick<Request, 'cls' | 'mode'>): Chain {
    const key = cls * 4 + (mode & 3);
    let next = chain.next.get(key);
    if (next === undefined) chain.next.set(key, (next = new Chain()));
    return next;
  }

  private validate(stack: Stack, request: Request): void {
    if (this.serialised(stack, request)) return;
    const { entries } = stack;
    for (let i = entries.length - 1; i >= 0; i--) {
      const prev = entries[i]!;
      const path = this.graph.conflict(prev, request);
      if (path !== null) throw this.closed(prev, request, path);
      this.graph.add(prev, request, entries.length - i);
      // What lies below a lock that was waited for has led to that lock already.
      if (!isTry(prev.mode)) return;
    }
  }

  private closed(prev: Entry, request: Request, path: readonly number[]): Off {
    if (prev.cls === request.cls) return this.recursive(prev, request);
    const ring = [prev.cls, ...path.slice(0, -1)];
    return new Off('circular', `${request.lock} is asked for while ${prev.lock} is held`, ring);
  }

  private recursive(prev: Entry, { lock, cls }: Request): Off {
    const same = prev.lock === lock ? 'which this task holds already' : `of the class of ${prev.lock}, which it holds`;
    return new Off('recursive', `${lock} is asked for, ${same}`, [cls]);
  }

  /** True when a lock of the class is held and the nest lock below it keeps the order; then nothing is learnt. */
  private serialised({ entries }: Stack, request: Request): boolean {
    let nest = false;
    for (const prev of entries) {
      if (prev.lock === request.nestLock) nest = true;
      if (prev.cls !== request.cls) continue;
      if ((request.mode & 3) === RECURSIVE && (prev.mode & 3) !== EXCLUSIVE) continue;
      if (nest) return true;
      throw this.recursive(prev, request);
    }
    return false;
  }

  private release(stack: Stack, lock: string): void {
    const at = this.find(stack, lock);
    const entry = stack.entries[at]!;
    if (entry.references > 0 && --entry.references > 0) return;
    const above = stack.entries.splice(at);
    stack.chain = entry.before;
    this.takeAgain(stack, above.slice(1));
  }

  private downgrade(stack: Stack, lock: string): void {
    const at = this.find(stack, lock);
    const above = stack.entries.splice(at);
    const entry = above[0]!;
    stack.chain = entry.before;
    entry.mode = SHARED | (entry.mode & ~3);
    this.takeAgain(stack, above);
  }

  /** Entries above a cut go through the whole of an acquire once more, on a chain that may be new. */
  private takeAgain(stack: Stack, entries: readonly Entry[]): void {
    for (const entry of entries) this.acquire(stack, entry, true);
  }

  private find(stack: Stack, lock: string): number {
    for (let i = stack.entries.length - 1; i >= 0; i--) if (this.matches(stack.entries[i]!, lock)) return i;
    const held = stack.entries.length === 0 ? 'nothing' : names(stack);
    throw new Off('bad-unlock', `${lock} is released and is not held; the task holds ${held}`);
  }

  private isHeld({ entries }: Stack, lock: string): boolean {
    return entries.some((entry) => this.matches(entry, lock));
  }

  /** An entry that counts several locks stands for every lock of its class. */
  private matches(entry: Entry, lock: string): boolean {
    if (entry.lock === lock) return true;
    if (entry.references === 0) return false;
    const cls = this.classes.known(this.classNames.get(lock) ?? '', 0);
    if (cls === undefined) return false;
    if (entry.nestLock === null)
      throw new Off('nest-mismatch', `${entry.lock} counts several locks and was itself taken without a nest lock`);
    return entry.cls === cls;
  }
}

const names = ({ entries }: Stack): string => entries.map(({ lock }) => lock).join(', ');
