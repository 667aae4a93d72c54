/**
 * Only adapters that vfio_ap can serve, CEX4 and later, wait for the end of a scan to be filtered in: on account of others nothing is
 * filtered, and no guest is told of a change.
 */
import type { Checker } from './checker.ts';

/** CEX4. */
const OLDEST_TYPE = 10;

export const supportedAdditions: Checker = {
  name: 'additions: adapters that wait to be filtered in are of a supported type',
  check: ({ mdevs, rawType }) => {
    for (const mdev of mdevs) {
      for (const adapter of mdev.pending.inspect().apm.bits()) {
        const type = rawType(adapter);
        if (type !== null && type < OLDEST_TYPE) return `adapter ${adapter}, of type ${type}, waits for ${mdev.name}`;
      }
    }
    return null;
  },
};
