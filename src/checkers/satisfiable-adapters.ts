/**
 * A guest has every adapter that it can be given: assigned, in the host, each of its queues linked and passable. The driver does not promise
 * it: it filters when something is added, and not when what stood in the way is taken away. So this is looked at with quirk Q12 only, which
 * asks for nothing but that.
 */
import { apqnOf } from '../base/apqn.ts';
import type { Checker } from './checker.ts';

export const satisfiableAdapters: Checker = {
  name: 'given: an adapter that a guest can be given is not left out',
  check: ({ mdevs, info, passable, quirks }) => {
    if (!quirks.has('Q12')) return null;
    for (const mdev of mdevs) {
      const { apm, aqm } = mdev.matrix.inspect();
      const pending = mdev.pending.inspect();
      // In the middle of a host change: the end of the scan filters.
      if (!pending.apm.isEmpty() || !pending.aqm.isEmpty()) continue;
      const ready = new Set([...mdev.qtable.inspect().values()].filter(passable).map(({ apqn }) => apqn));
      const domains = [...aqm.and(info.aqm).bits()];
      for (const adapter of apm.and(info.apm).andNot(mdev.shadow.inspect().apm).bits()) {
        if (domains.every((domain) => ready.has(apqnOf(adapter, domain))))
          return `adapter ${adapter} is left out of ${mdev.name}, although each of its queues is linked and passable`;
      }
    }
    return null;
  },
};
