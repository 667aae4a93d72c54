/**
 * Invariant b: no assigned APQN is reserved for the host's default drivers (apmask x aqmask).
 */
import { apqnText } from '../base/apqn.ts';
import { apqnsOf } from '../vfio-ap/ap-matrix.ts';
import type { Checker } from './checker.ts';

export const noReservedApqn: Checker = {
  name: 'b: no assigned APQN is reserved for the host',
  check: ({ mdevs, apmask, aqmask }) => {
    for (const mdev of mdevs) {
      const { apm, aqm, adm } = mdev.matrix.inspect();
      for (const apqn of apqnsOf({ apm: apm.and(apmask), aqm: aqm.and(aqmask), adm })) {
        return `${apqnText(apqn)} is assigned to ${mdev.name} and reserved by apmask and aqmask`;
      }
    }
    return null;
  },
};
