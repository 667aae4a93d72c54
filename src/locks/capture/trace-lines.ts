/**
 * Lines of the lock trace events, as trace_pipe and `perf script` print them (include/trace/events/lock.h, Documentation/trace/ftrace.rst).
 */
export interface LockEvent {
  readonly comm: string;
  readonly pid: number;
  readonly cpu: number | null;
  /** From the flags column: interrupts interleave with the task that they stop, but hold locks of their own. */
  readonly context: 'task' | 'softirq' | 'hardirq' | 'nmi';
  readonly event: 'acquire' | 'acquired' | 'contended' | 'release';
  readonly address: string;
  readonly tried: boolean;
  readonly read: boolean;
  /** Class name; empty where the event does not print it. */
  readonly name: string;
}

/** The task, an optional thread group and CPU, optional flags, the time, the event, what it prints. */
const EVENT =
  /^\s*(\S.*?)(?:-|\s+)(\d+)(?:\/(\d+))?\s+(?:\(\s*[-\d]+\)\s+)?(?:\[(\d+)\]\s+)?(?:([a-zA-Z0-9.#-]{4,8})\s+)?\d+\.\d+:\s+(?:lock:)?lock_(acquire|acquired|contended|release):\s+(.*)$/;
const PRINTED = /^((?:0x)?[0-9a-f]+|\(____ptrval____\))\s+(try )?(read )?(.*)$/;
/** `CPU:1 [LOST 12 EVENTS]`, and perf's own words. */
const LOST = /\[LOST \d+ EVENTS\]|PERF_RECORD_LOST|\blost \d+ events\b/i;

export const isLoss = (line: string): boolean => LOST.test(line);

export function parseEvent(line: string): LockEvent | null {
  const match = EVENT.exec(line);
  if (match === null) return null;
  const [, comm, pid, tid, cpu, flags, event, rest] = match;
  const printed = PRINTED.exec(rest!.trim());
  if (printed === null) return null;
  return {
    comm: comm!.trim(),
    pid: Number(tid ?? pid),
    cpu: cpu === undefined ? null : Number(cpu),
    context: contextOf(flags ?? ''),
    event: event as LockEvent['event'],
    address: printed[1]!,
    tried: printed[2] !== undefined,
    read: printed[3] !== undefined,
    name: printed[4]!.trim(),
  };
}

/** The third character of the flags: h and H a hard interrupt, s a soft one, z and Z one that cannot be masked. */
function contextOf(flags: string): LockEvent['context'] {
  const mark = flags[2] ?? '.';
  if (mark === 'h' || mark === 'H') return 'hardirq';
  if (mark === 's') return 'softirq';
  return mark === 'z' || mark === 'Z' ? 'nmi' : 'task';
}
