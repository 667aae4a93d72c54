/**
 * Finds the reports in a kernel log and cuts it into them; answers questions about the lines of one report. The words are those that
 * kernel/locking/lockdep.c and kernel/hung_task.c print.
 */
import type { LogLine } from './log-lines.ts';
import type { ReportKind } from './captured-report.ts';
import { heldAt, parseFrame, parseLock, parseTask, stackAt, type HeldList, type LockLine, type TaskName } from './splat-parts.ts';

const BANNERS: readonly (readonly [RegExp, ReportKind])[] = [
  [/possible circular locking dependency detected/, 'circular'],
  [/possible recursive locking detected/, 'recursive'],
  [/(?:WARNING|INFO): inconsistent lock state/, 'inconsistent-state'],
  [/-safe -> \S+-unsafe lock order detected/, 'irq-order'],
  [/possible irq lock inversion dependency detected/, 'irq-inversion'],
  [/bad unlock balance detected/, 'bad-unlock'],
  [/(?:WARNING|BUG|INFO): held lock freed/, 'held-freed'],
  [/still has locks held!/, 'exit-held'],
  [/lock held when returning to user space/, 'user-held'],
  [/Nested lock was not taken/, 'nest-not-held'],
  [/bad contention detected/, 'bad-contention'],
  [/Invalid wait context/i, 'wait-context'],
  [/BUG: (?:MAX_\w+|key \S+) .*too low!/, 'validator-limit'],
  [/INFO: task .+:\d+ (?:<[^>]*> )?blocked (?:in I\/O wait )?for more than \d+ seconds/, 'hung-task'],
];

/** The lines of one report; the first is its banner. */
export class SplatText {
  readonly kind: ReportKind;
  readonly lines: readonly LogLine[];

  constructor(kind: ReportKind, lines: readonly LogLine[]) {
    this.kind = kind;
    this.lines = lines;
  }

  get time(): number {
    return this.lines.find(({ time }) => time !== null)?.time ?? Number.NaN;
  }

  text(at: number): string {
    return this.lines[at]?.text.trim() ?? '';
  }

  /** Index of the first line from `from` on that matches, or -1. */
  find(pattern: RegExp, from = 0): number {
    for (let i = from; i < this.lines.length; i++) if (pattern.test(this.text(i))) return i;
    return -1;
  }

  /** The first lock line after that line, at most `reach` lines further. */
  lockAfter(at: number, reach = 4): LockLine | null {
    if (at < 0) return null;
    for (let i = at + 1; i <= at + reach && i < this.lines.length; i++) {
      const lock = parseLock(this.text(i));
      if (lock !== null) return lock;
    }
    return null;
  }

  taskAt(at: number): TaskName | null {
    return at < 0 ? null : parseTask(this.text(at));
  }

  stackAfter(at: number): string[] {
    return at < 0 ? [] : stackAt(this.lines, at + 1);
  }

  /** The stack at the end of the report: where the validator was called from. */
  get backtrace(): string[] {
    const at = this.find(/^(?:stack backtrace:|Call Trace:)/);
    if (at < 0) return [];
    for (let i = at + 1; i < this.lines.length; i++) {
      const frames = stackAt(this.lines, i);
      if (frames.length > 0) return frames;
    }
    return [];
  }

  /** The list of held locks that comes next after the stack below that line; null when other text comes first. */
  heldAfterStack(at: number): HeldList | null {
    for (let i = at + 1; i < this.lines.length; i++) {
      const list = heldAt(this.lines, i);
      if (list !== null) return list;
      const text = this.text(i);
      if (text !== '' && parseFrame(text) === null && !text.startsWith('<')) return null;
    }
    return null;
  }

  get heldLists(): HeldList[] {
    return this.lines.map((_, i) => heldAt(this.lines, i)).filter((list) => list !== null);
  }
}

/** Each report with the lines up to the next one. Warnings of a hung-task scan belong to one report, with the locks listed after them. */
export function scanSplats(lines: readonly LogLine[]): SplatText[] {
  const starts: { at: number; kind: ReportKind }[] = [];
  for (const [at, { text }] of lines.entries()) {
    const banner = BANNERS.find(([words]) => words.test(text));
    if (banner === undefined || (banner[1] === 'hung-task' && starts.at(-1)?.kind === 'hung-task')) continue;
    starts.push({ at, kind: banner[1] });
  }
  // The list of all locks without the warning before it: somebody quoted a part of the dump.
  if (starts.length === 0 && lines.some(({ text }) => /Showing all locks held in the system/.test(text)))
    starts.push({ at: 0, kind: 'hung-task' });
  return starts.map(({ at, kind }, i) => new SplatText(kind, lines.slice(at, starts[i + 1]?.at)));
}
