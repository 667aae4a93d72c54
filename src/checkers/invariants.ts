/**
 * All invariants of the host, and the watch that evaluates them whenever the state lock of the design is released.
 */
import type { Findings } from '../locks/finding.ts';
import type { Lock } from '../locks/lock.ts';
import type { Task } from '../runtime/task.ts';
import type { Checker, HostView } from './checker.ts';
import { crycbEmpty } from './crycb-empty.ts';
import { crycbIsShadow } from './crycb-is-shadow.ts';
import { hookOwner } from './hook-owner.ts';
import { interruptResources } from './interrupt-resources.ts';
import { noReservedApqn } from './no-reserved-apqn.ts';
import { noSharedApqn } from './no-shared-apqn.ts';
import { qtableComplete } from './qtable-complete.ts';
import { removedMdev } from './removed-mdev.ts';
import { satisfiableAdapters } from './satisfiable-adapters.ts';
import { shadowLinked } from './shadow-linked.ts';
import { shadowSubset } from './shadow-subset.ts';
import { supportedAdditions } from './supported-additions.ts';

export const INVARIANTS: readonly Checker[] = [
  noSharedApqn,
  noReservedApqn,
  shadowSubset,
  shadowLinked,
  crycbIsShadow,
  crycbEmpty,
  hookOwner,
  interruptResources,
  qtableComplete,
  supportedAdditions,
  removedMdev,
  satisfiableAdapters,
];

export class InvariantWatch {
  private readonly findings: Findings;
  private readonly view: () => HostView;
  private readonly now: () => number;
  /** Evaluations so far, all invariants together counted once. */
  checks = 0;

  constructor(findings: Findings, options: { view: () => HostView; now: () => number }) {
    this.findings = findings;
    this.view = options.view;
    this.now = options.now;
  }

  /** From now on at each exclusive release of the lock, while it is still held. */
  watch(lock: Lock): void {
    lock.onExclusiveRelease((task) => this.check(task));
  }

  /** Answers whether every invariant holds; reports those that do not. */
  check(task: Task | null): boolean {
    this.checks++;
    const view = this.view();
    let clean = true;
    for (const checker of INVARIANTS) {
      const wrong = checker.check(view);
      if (wrong === null) continue;
      clean = false;
      this.findings.report({
        kind: 'invariant',
        key: `invariant:${checker.name}`,
        title: `invariant ${checker.name}: ${wrong}`,
        tasks: task === null ? [] : [task.name],
        time: this.now(),
      });
    }
    return clean;
  }
}
