/**
 * What the validator learnt, as text (kernel: /proc/lockdep, lockdep_chains, lockdep_stats and lock_stat, kernel/locking/lockdep_proc.c):
 * the same four parts one after another, each with what the kernel's lacks: names, modes, places.
 */
import type { ChainDump, ClassDump, LockDump } from '../locks/lock-dump.ts';
import { seconds, wrapText } from './layout.ts';
import { lockStatLines } from './lock-stat-text.ts';
import { RULE } from './splat.ts';

export function procText(dump: LockDump, context?: string): string {
  const part = (name: string, lines: readonly string[]): string[] => [RULE, `${name}, at ${seconds(dump.time)}`, RULE, ...lines, ''];
  const lines = [
    ...(context === undefined ? [] : [context]),
    ...part('lockdep', classesLines(dump.classes)),
    ...part('lockdep_chains', chainsLines(dump.chains)),
    ...part('lockdep_stats', totalsLines(dump)),
    ...part('lock_stat', lockStatLines(dump.statistics, dump.sites)),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

/** Ids in the order of first use: those of the process depend on what else it has loaded. */
function classesLines(classes: readonly ClassDump[]): string[] {
  const lines = ['all lock classes:'];
  const byId = new Map(classes.map((cls) => [cls.id, cls]));
  for (const cls of classes) {
    const ops = cls.operations === null ? '-' : `${cls.operations}`;
    const counts = `OPS:${ops.padStart(8)} FD:${`${cls.forward}`.padStart(3)} BD:${`${cls.backward}`.padStart(3)}`;
    lines.push(`${counts} ${cls.name} {${cls.modes.join(', ')}}`);
    if (cls.protects !== '') lines.push(...wrapText(cls.protects, '  '));
    for (const id of cls.after) lines.push(` -> ${byId.get(id)?.name ?? id}`);
    lines.push('');
  }
  return lines.slice(0, -1);
}

function chainsLines(chains: readonly ChainDump[]): string[] {
  const lines = ['all lock chains, outermost lock first:'];
  for (const { locks, place } of chains) {
    lines.push(...wrapText(locks.map(({ name, mode }) => `${name} (${mode})`).join(' -> '), '', '    '));
    lines.push(`    ${place[0] ?? 'an unknown place'}`);
  }
  return lines;
}

function totalsLines({ totals }: LockDump): string[] {
  const figures: [string, number][] = [
    ['lock-classes', totals.classes],
    ['direct dependencies', totals.directDependencies],
    ['indirect dependencies', totals.indirectDependencies],
    ['dependency chains', totals.chains],
    ['max lock depth', totals.longestChain],
    ...Object.entries(totals.findings).map(([kind, n]): [string, number] => [`findings: ${kind}`, n]),
  ];
  return figures.map(([name, n]) => ` ${`${name}:`.padEnd(32)}${`${n}`.padStart(10)}`);
}
