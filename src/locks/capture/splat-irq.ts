/**
 * The three reports about interrupts (kernel/locking/lockdep.c: print_usage_bug, print_bad_irq_dependency, print_irq_inversion_bug): a
 * lock that an interrupt takes must not be held, directly or through others, while that interrupt can come.
 */
import type { CycleEdge, Finding } from '../finding.ts';
import type { CapturedReport } from './captured-report.ts';
import { lockCall } from './lock-function.ts';
import { bareLock, type TaskName } from './splat-parts.ts';
import type { SplatText } from './splat-scan.ts';

export function readIrq(splat: SplatText): CapturedReport | null {
  const read = splat.kind === 'inconsistent-state' ? inconsistent(splat) : splat.kind === 'irq-order' ? order(splat) : inversion(splat);
  if (read === null) return null;
  const finding: Finding = { kind: 'lock-order', key: `captured:${splat.kind}:${read.title}`, time: splat.time, ...read };
  return { report: splat.kind, finding, held: splat.heldLists, program: null };
}

type Read = Pick<Finding, 'title' | 'tasks' | 'place' | 'notes' | 'cycle'>;

/** `HARDIRQ` or `SOFTIRQ`, as people say it. */
const irqName = (text: string): string =>
  /hard/i.test(text) ? 'a hard interrupt' : /soft/i.test(text) ? 'a soft interrupt' : 'an interrupt';

function inconsistent(splat: SplatText): Read | null {
  const states = splat.find(/inconsistent \{.*\} -> \{.*\} usage/);
  const takes = splat.find(/ takes:/);
  const lock = splat.lockAfter(takes);
  if (states < 0 || lock === null) return null;
  const [, before, now] = /\{(.*?)\} -> \{(.*?)\}/.exec(splat.text(states))!;
  const who = splat.taskAt(takes)?.task ?? 'unnamed';
  const registered = splat.find(/state was registered at:/);
  const earlier = lockCall(splat.stackAfter(registered)).place;
  const place = lockCall(splat.backtrace).place;
  return {
    title: `inconsistent lock state: ${who} takes ${lock.name} as ${now}, which was taken as ${before} before`,
    tasks: [who],
    place: place.length > 0 ? place : lock.at === null ? [] : [lock.at],
    notes: [
      `Schedule that deadlocks: one CPU takes ${lock.name} while ${irqName(`${before}${now}`)} can come, and the interrupt asks for it as well.`,
      `First taken as ${before} in: ${earlier.length === 0 ? 'an unknown place' : earlier.join(' < ')}`,
    ],
  };
}

interface Irq {
  readonly who: TaskName;
  readonly safe: string;
  readonly unsafe: string;
  readonly irq: string;
}

/** The lock that the interrupt takes leads to one that is held while it can come: two steps, the second made by the interrupt. */
function ring(
  splat: SplatText,
  { who, safe, unsafe, irq }: Irq,
  places: { safe: string[]; unsafe: string[]; step: string[] },
): CycleEdge[] {
  const common = { fromMode: 'write', toMode: 'write', time: Number.NaN };
  return [
    { ...common, ...who, from: safe, to: unsafe, time: splat.time, fromPlace: [], toPlace: places.step, held: [safe] },
    {
      ...common,
      task: `${irq} on another CPU`,
      pid: 0,
      from: unsafe,
      to: safe,
      fromPlace: places.unsafe,
      toPlace: places.safe,
      held: [unsafe],
    },
  ];
}

function order(splat: SplatText): Read | null {
  const asks = splat.find(/is trying to acquire:/);
  const next = splat.lockAfter(asks);
  const held = splat.lockAfter(splat.find(/already holding:/, asks));
  const safeAt = splat.find(/connects an? \S*-safe lock:/);
  const unsafeAt = splat.find(/to an? \S*-unsafe lock:/);
  const [safe, unsafe] = [lockNameAfter(splat, safeAt), lockNameAfter(splat, unsafeAt)];
  if (asks < 0 || next === null || held === null || safe === null || unsafe === null) return null;
  const who = splat.taskAt(asks) ?? { task: 'unnamed', pid: 0 };
  const irq = irqName(splat.text(safeAt));
  const became = (from: number): string[] => [...lockCall(splat.stackAfter(splat.find(/which became/, from))).place];
  const step = [...lockCall(splat.backtrace).place];
  const cycle = ring(splat, { who, safe, unsafe, irq }, { safe: became(safeAt), unsafe: became(unsafeAt), step });
  return {
    title: `lock order unsafe for interrupts: ${irq} takes ${safe}, which leads to ${unsafe}, held while it can come`,
    tasks: [who.task],
    cycle,
    notes: [`The new dependency is ${held.name} -> ${next.name}; the others were known before.`],
  };
}

function inversion(splat: SplatText): Read | null {
  const changed = splat.find(/just changed the state of lock:/);
  const lock = splat.lockAfter(changed);
  const past = splat.find(/but this lock (?:took another|was taken by another)/);
  const other = lockNameAfter(splat, past);
  if (lock === null || past < 0 || other === null) return null;
  const who = splat.taskAt(changed) ?? { task: 'unnamed', pid: 0 };
  const irq = irqName(splat.text(past));
  const took = splat.text(past).includes('took another');
  const [safe, unsafe] = took ? [lock.name, other] : [other, lock.name];
  const place = [...lockCall(splat.backtrace).place];
  const cycle = ring(splat, { who, safe, unsafe, irq }, { safe: took ? place : [], unsafe: took ? [] : place, step: [] });
  return {
    title: `irq lock inversion: ${irq} takes ${safe}, which leads to ${unsafe}, held while it can come`,
    tasks: [who.task],
    cycle,
    notes: [`What ${who.task} did just now made it so: it took ${lock.name}.`],
  };
}

function lockNameAfter(splat: SplatText, at: number): string | null {
  if (at < 0) return null;
  for (let i = at + 1; i <= at + 4; i++) {
    const name = bareLock(splat.text(i));
    if (name !== null) return name;
  }
  return null;
}
