/**
 * The load of a card is the sum of the weights of its requests under way, neither more nor less: zcrypt chooses by it. Cards are looked at
 * whenever loads may have changed, queues when nobody works any more.
 */
import type { Findings } from '../locks/finding.ts';
import type { Machine } from '../machine/machine.ts';

export interface LoadWatch {
  /** To be asked when nobody works any more. */
  atRest(): void;
}

export function watchLoads({ bus: { zcrypt }, layer }: Machine, findings: Findings): LoadWatch {
  const report = (what: string, tasks: readonly string[]): void => {
    const title = `invariant: loads are what is under way: ${what}`;
    findings.report({ kind: 'invariant', key: 'invariant:loads', title, tasks, time: layer.rt.now() });
  };
  zcrypt.onLoads((task) => {
    for (const { card, load } of zcrypt.cards.cards)
      if (load.problem !== null) report(`load of ${card.device.name} ${load.problem}`, task === null ? [] : [task.name]);
  });
  return {
    atRest() {
      for (const problem of zcrypt.loadProblems()) report(problem, []);
    },
  };
}
