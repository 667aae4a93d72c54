/**
 * Findings about lock order: cycles of classes, one class inside itself, interrupts that take what they interrupt (kernel/locking/lockdep.c:
 * print_circular_bug, print_deadlock_bug, print_usage_bug, print_irq_inversion_bug).
 */
import type { Task } from '../runtime/task.ts';
import type { CycleGrade } from './cycle-grade.ts';
import type { Cycle, DependencyGraph } from './dependency-graph.ts';
import type { Finding } from './finding.ts';
import { heldNames, type Guard } from './guard.ts';
import type { IrqPair, UsageSite } from './irq-usage.ts';
import { modeName, type LockMode } from './modes.ts';
import type { Place } from './place.ts';

export function cycleFinding(graph: DependencyGraph, who: { name: string; time: number }, cycle: Cycle, graded: CycleGrade): Finding {
  const edges = graph.cycleEdges(cycle);
  const classes = edges.map((edge) => edge.from);
  const irqs = new Set(cycle.map(({ context }) => context.origin).filter((origin) => origin === 'hardirq' || origin === 'softirq'));
  const declared = cycle.flatMap(({ context }, i) => (context.origin === 'declared' ? [edges[i]!] : []));
  const ring = [...classes, classes[0]].join(' -> ');
  const what =
    declared.length > 0
      ? 'declared lock order broken'
      : irqs.size > 0
        ? `possible deadlock with a ${[...irqs].join(' and a ')}`
        : 'possible circular locking dependency';
  const tasks = edges.filter((edge) => !declared.includes(edge)).map((edge) => edge.task);
  const notes = [
    ...declared.map(({ from, to, task }) => `${from} before ${to} is declared by ${task}`),
    ...cycle.flatMap(({ context }, i) => interruptNote(context.origin, edges[i]!)),
    ...(graded.notes ?? []),
  ];
  return {
    kind: 'lock-order',
    key: `lock-order:${canonical(classes)}`,
    title: `${what}: ${ring}`,
    tasks: [...new Set([who.name, ...tasks])],
    time: who.time,
    cycle: edges,
    ...graded,
    ...(notes.length > 0 ? { notes } : {}),
  };
}

function interruptNote(origin: string, edge: { from: string; to: string }): string[] {
  if (origin !== 'hardirq' && origin !== 'softirq') return [];
  return [`${edge.from} -> ${edge.to}: a ${origin} that takes ${edge.to} can come while ${edge.from} is held with it enabled`];
}

export interface SameClass {
  readonly task: Task;
  readonly held: Guard;
  readonly cls: string;
  readonly mode: LockMode;
  readonly place: Place;
  readonly time: number;
}

/** One edge from the class to itself: the two acquisitions. */
export function sameClassFinding({ task, held, cls, mode, place, time }: SameClass): Finding {
  const fromPlace = held.after?.place ?? [];
  const edge = {
    ...{ from: cls, to: cls, fromMode: modeName(held.mode), toMode: modeName(mode) },
    ...{ task: task.name, pid: task.pid, time, fromPlace, toPlace: place, held: heldNames(task) },
  };
  return {
    kind: 'recursive-lock',
    key: `recursive-lock:${cls}:${held.mode & 3}:${mode & 3}`,
    title: `possible recursive locking: ${task.name} asks for ${cls} (${modeName(mode)}) while it holds ${held.lock.name} of the same class`,
    tasks: [task.name],
    time,
    place,
    cycle: [edge],
    notes: [`held since ${fromPlace[0] ?? 'an unknown place'}`],
  };
}

/** One class that an interrupt takes and that is held with the interrupt enabled. */
export function inconsistentFinding(cls: string, { irq, held, taken }: IrqPair, time: number): Finding {
  const side = (site: UsageSite): string =>
    `by ${site.task}/${site.pid} (${modeName(site.mode)}) at ${site.place.join(' < ') || 'an unknown place'}`;
  return {
    kind: 'lock-order',
    key: `inconsistent-state:${cls}:${irq}`,
    title: `inconsistent lock state: ${cls} is taken in a ${irq} by ${taken.task} and held with it enabled by ${held.task}`,
    tasks: [...new Set([taken.task, held.task])],
    time,
    place: taken.place,
    notes: [`taken in a ${irq} ${side(taken)}`, `held with a ${irq} enabled ${side(held)}`],
  };
}

/** The same cycle, wherever it was entered, has one name. */
function canonical(classes: readonly string[]): string {
  let best = '';
  for (let i = 0; i < classes.length; i++) {
    const turned = [...classes.slice(i), ...classes.slice(0, i)].join('>');
    if (best === '' || turned < best) best = turned;
  }
  return best;
}
