/**
 * The reports about one task that uses its locks wrongly: released without being held, freed or taken along while held, wrong context, and
 * the limits after which the kernel's validator is off (kernel/locking/lockdep.c).
 */
import type { Finding } from '../finding.ts';
import type { CapturedReport, ReportKind } from './captured-report.ts';
import { lockCall } from './lock-function.ts';
import { bareLock, parseFrame } from './splat-parts.ts';
import type { SplatText } from './splat-scan.ts';

interface Misuse {
  /** The line that names the task. */
  readonly who: RegExp;
  readonly says: (task: string, lock: string) => string;
  readonly note?: string;
}

const MISUSES: Partial<Record<ReportKind, Misuse>> = {
  'bad-unlock': { who: /is trying to release lock/, says: (task, lock) => `${task} releases ${lock}, which it does not hold` },
  'held-freed': { who: /is freeing memory/, says: (task, lock) => `${task} frees memory in which ${lock} is held` },
  'exit-held': { who: /still has locks held!/, says: (task, lock) => `${task} ends while it still holds ${lock}` },
  'user-held': { who: /is leaving the kernel/, says: (task, lock) => `${task} returns to user space while it still holds ${lock}` },
  'nest-not-held': {
    who: /is trying to lock:/,
    says: (task, lock) => `${task} takes ${lock} nested under a lock that it does not hold`,
  },
  'bad-contention': { who: /is trying to contend lock/, says: (task, lock) => `${task} waits for ${lock}, which nobody holds` },
  'wait-context': {
    who: /is trying to lock:/,
    says: (task, lock) => `${task} takes ${lock}, which may sleep, in a context that must not`,
  },
};

export function readMisuse(splat: SplatText): CapturedReport | null {
  if (splat.kind === 'validator-limit') return readLimit(splat);
  const misuse = MISUSES[splat.kind];
  if (misuse === undefined) return null;
  const at = splat.find(misuse.who);
  if (at < 0) return null;
  const text = splat.text(at).replace(/^WARNING: /, '');
  const who = /(\S.*)\/\d+(?=[\s:,[])/.exec(text)?.[1] ?? 'unnamed';
  const held = splat.heldLists;
  // Some name the lock in the line itself, some on the next one, some only in the list of what is held.
  const lock = /\block \((.+)\)(?: at:|$)/.exec(text)?.[1] ?? splat.lockAfter(at, 2)?.name ?? held[0]?.locks.at(-1)?.name ?? 'a lock';
  const frame = parseFrame(splat.text(at + 1));
  const place = lockCall(splat.backtrace).place;
  const finding: Finding = {
    kind: 'assertion',
    key: `captured:${splat.kind}:${lock}:${frame ?? place[0] ?? who}`,
    title: misuse.says(who, lock),
    tasks: [who],
    time: splat.time,
    place: place.length > 0 ? place : frame === null ? [] : [frame],
    notes: notesOf(splat),
  };
  return { report: splat.kind, finding, held, program: null };
}

function notesOf(splat: SplatText): string[] {
  const notes: string[] = [];
  const missing = splat.find(/but this task is not holding:/);
  if (missing >= 0) {
    const name = [1, 2, 3].map((n) => splat.text(missing + n)).find((line) => line !== '');
    if (name !== undefined) notes.push(`The outer lock that should be held: ${bareLock(name) ?? name}`);
  }
  const context = splat.find(/^context-\{/);
  if (context >= 0) notes.push(`The kernel's ${splat.text(context)}`);
  return notes;
}

function readLimit(splat: SplatText): CapturedReport {
  const words = splat
    .text(0)
    .replace(/^.*BUG: /, '')
    .replace(/!.*$/, '');
  const finding: Finding = {
    kind: 'assertion',
    key: `captured:validator-limit:${words}`,
    title: `the kernel's validator ran out of room: ${words}`,
    tasks: [],
    time: splat.time,
    notes: ['From here on that kernel checks no lock order: silence afterwards says nothing.'],
  };
  return { report: splat.kind, finding, held: splat.heldLists, program: null };
}
