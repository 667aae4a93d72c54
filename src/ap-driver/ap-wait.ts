/**
 * What a queue asks its owner to do next (enum ap_sm_wait in drivers/s390/crypto/ap_bus.h), most urgent first.
 */
export type ApWait = 'again' | 'high-timeout' | 'low-timeout' | 'interrupt' | 'none';

const URGENCY: Readonly<Record<ApWait, number>> = { again: 0, 'high-timeout': 1, 'low-timeout': 2, interrupt: 3, none: 4 };

export function moreUrgent(a: ApWait, b: ApWait): ApWait {
  return URGENCY[a] <= URGENCY[b] ? a : b;
}
