/**
 * A small number for everybody who can go on, so that strategies keep what they know of them in arrays: ids of timers are negative.
 */
import type { Runnable } from '../../runtime/strategy.ts';

/** Even for tasks, odd for timers. */
export const slotOf = ({ id }: Runnable): number => (id >= 0 ? id * 2 : -id * 2 - 1);
