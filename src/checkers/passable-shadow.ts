/**
 * The other half of invariant d: what a filtering leaves in the shadow is passable at that moment. A reset that the guest asks for may end
 * otherwise later, and the queue stays with the guest until the next filtering.
 */
import { apqnText } from '../base/apqn.ts';
import type { Findings } from '../locks/finding.ts';
import { apqnsOf } from '../vfio-ap/ap-matrix.ts';
import type { MatrixDev } from '../vfio-ap/matrix-dev.ts';
import { isPassable } from '../vfio-ap/vfio-ap-queue.ts';

export function watchFiltering(dev: MatrixDev, findings: Findings, now: () => number): void {
  dev.onFiltered = (mdev): void => {
    // Where a guest is given what is assigned nothing has looked at it.
    if (dev.host.kernel.filters === 'nothing') return;
    const qtable = mdev.qtable.inspect();
    for (const apqn of apqnsOf(mdev.shadow.inspect())) {
      const queue = qtable.get(apqn);
      // A queue that is missing is looked for at every release of the state lock.
      if (queue === undefined || isPassable(queue.resetStatus.inspect(), dev.host.kernel)) continue;
      const rc = queue.resetStatus.inspect().rc.toString(16).padStart(2, '0');
      findings.report({
        kind: 'invariant',
        key: `invariant:passable-shadow:${apqnText(apqn)}`,
        title: `invariant d: what is filtered in is passable: ${apqnText(apqn)} is in the shadow of ${mdev.name}, but its last reset ended with ${rc}`,
        tasks: [],
        time: now(),
      });
    }
  };
}
