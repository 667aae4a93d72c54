/**
 * When do two executions fail alike? By the key of what was found; and where that names tasks, also when other tasks of the same code are
 * stuck in the same way.
 */
import type { Finding } from '../locks/finding.ts';

/** `vcpu0.1` and `vcpu1.0`, `kvm2->lock` and `kvm0->lock` are alike. */
const anyNumber = (text: string): string => text.replaceAll(/\d+/g, '#');
const sorted = (words: readonly string[]): string => [...new Set(words)].toSorted().join(', ');

/** What a finding is about, without the names of tasks and the numbers of objects. */
function essence(finding: Finding): string | null {
  if (finding.kind === 'deadlock' && finding.blocked !== undefined)
    return sorted(finding.blocked.map(({ waitsFor, waitsForClass }) => waitsForClass ?? anyNumber(waitsFor)));
  if (finding.kind === 'hung-task') {
    const [, stuck] = /^hung:(.*)$/s.exec(finding.key) ?? [];
    if (stuck === undefined) return null;
    return sorted(stuck.split(';').map((entry) => anyNumber(entry.slice(entry.indexOf(':') + 1))));
  }
  // The line of a file in which something was expected is another one once lines above it are gone.
  if (finding.kind === 'assertion') return /^.*?:\d+:\d+: (.*)$/s.exec(finding.title)?.[1] ?? null;
  // Which of the two came first, and from where the second one was made, is the schedule's.
  if (finding.kind === 'data-race') return finding.key.split(':')[1] ?? null;
  return null;
}

/** The failure that is being looked for. */
export function sameFailure(a: Finding, b: Finding): boolean {
  if (a.kind !== b.kind) return false;
  if (a.key === b.key) return true;
  const what = essence(a);
  return what !== null && what === essence(b);
}
