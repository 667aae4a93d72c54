/**
 * The small parts that every report of the kernel's validator is made of: a lock line, a task, a stack frame, the list of held locks
 * (kernel/locking/lockdep.c: print_lock, print_lock_name, lockdep_print_held_locks).
 */
import type { LogLine } from './log-lines.ts';

export interface TaskName {
  readonly task: string;
  readonly pid: number;
}

export interface LockLine {
  /** Class name as lockdep writes it, with `/sub` and `#n`. */
  readonly name: string;
  /** Four usage characters, empty when the line has none. */
  readonly usage: string;
  /** Address of the instance; null when hidden or not printed. */
  readonly address: string | null;
  /** Function that took it. */
  readonly at: string | null;
}

export interface HeldList extends TaskName {
  readonly locks: readonly LockLine[];
}

const LOCK =
  /^(?:#\d+:\s*)?(?:((?:0x)?[0-9a-f]{6,16}|\(____ptrval____\))\s+)?\((.+)\)\{([-.+?]{0,8})\}(?:-\{\d+:\d+\})?(?:,\s+at:\s*(.*))?$/;
/** Reports of one class name it without braces. */
const BARE = /^\((.+?)\)(?:\s+at:?.*)?$/;

export function parseLock(text: string): LockLine | null {
  const match = LOCK.exec(text.trim());
  if (match === null) return null;
  const [, address, name, usage, at] = match;
  const shown = address === undefined || address.startsWith('(') || /^0*$/.test(address) ? null : address;
  return { name: name!, usage: usage!, address: shown, at: at === undefined ? null : (parseFrame(at) ?? at.trim()) };
}

export function bareLock(text: string): string | null {
  return parseLock(text)?.name ?? BARE.exec(text.trim())?.[1] ?? null;
}

/** `comm/123` at the start of the text; the name itself may contain slashes. */
export function parseTask(text: string): TaskName | null {
  const match = /^\s*(\S.*)\/(\d+)(?=[\s:,[]|$)/.exec(text);
  return match === null ? null : { task: match[1]!, pid: Number(match[2]) };
}

const FRAME =
  /^(?:\[<[0-9a-f]+>\]\s*)?(?:\?\s*)?\(?([\w.$]+)\+0x[0-9a-f]+\/0x[0-9a-f]+\)?(?:\s+\(([^\s()]+:\d+)[^)]*\))?(?:\s+\[([\w-]+)[^\]]*\])?/;
/** After scripts/decode_stacktrace.sh. */
const DECODED = /^([\w.$]+)\s+\(([^\s()]+:\d+)(?:\s[^)]*)?\)(?:\s+([\w-]+))?$/;

/** `vfio_pci_write [vfio_pci]`, or `drivers/x.c:12 name` when the file is known. */
export function parseFrame(text: string): string | null {
  const line = text.trim();
  const [, name, file, module] = FRAME.exec(line) ?? DECODED.exec(line) ?? [];
  if (name === undefined) return null;
  if (file !== undefined) return `${file.replace(/^\.?\//, '')} ${name}`;
  return module === undefined ? name : `${name} [${module}]`;
}

/** The stack that begins at line `from`; blank lines and unreliable frames in between are passed over. */
export function stackAt(lines: readonly LogLine[], from: number): string[] {
  const frames: string[] = [];
  for (let i = from; i < lines.length; i++) {
    const text = lines[i]!.text.trim();
    if (text === '' || /^(?:Call Trace:|<\/?(?:TASK|IRQ|NMI|SOFTIRQ)>|\.{3})$/.test(text)) {
      if (text === '' && frames.length > 0) break;
      continue;
    }
    const frame = parseFrame(text);
    if (frame === null) break;
    if (!/^(?:\[<[0-9a-f]+>\]\s*)?\?/.test(text)) frames.push(frame);
  }
  return frames;
}

const HELD = /^(?:no|\d+) locks? held by (.+)\/(\d+)[:.]/;

/** The list whose head stands at line `at`, outermost lock first; null when none does. */
export function heldAt(lines: readonly LogLine[], at: number): HeldList | null {
  const match = HELD.exec(lines[at]?.text.trim() ?? '');
  if (match === null) return null;
  const locks: LockLine[] = [];
  for (let i = at + 1; i < lines.length; i++) {
    const text = lines[i]!.text.trim();
    if (text === '') continue;
    const lock = text.startsWith('#') ? parseLock(text) : null;
    if (lock === null) break;
    locks.push(lock);
  }
  return { task: match[1]!, pid: Number(match[2]), locks };
}
