/**
 * Registers of the AP instructions as the checks of the conformance program use them: expressions for the assembler
 * (arch/s390/include/asm/ap.h). No kernel counterpart of their own.
 */
import type { ApCheck } from './ap-check-rows.ts';

export const PQAP = 'pqap';
const NQAP = 'nqap %r4,%r6';
const DQAP = 'dqap %r4,%r6';
const FUNCTION = { tapq: 0, rapq: 1, zapq: 2, aqic: 3, qci: 4, qact: 5 } as const;
export const fc = (name: keyof typeof FUNCTION): string => `${FUNCTION[name]} << 24`;
export const T = '0x00800000';
export const LAST = '0x40000000';
export const START = '0x80000000';
/** Behind all storage of a machine that this program is meant for. */
export const NOWHERE = '0x0000100000000000';
/** IR and ISC of AQIC. */
export const ENABLE = '0x0000800000000003';

export const nqap: Pick<ApCheck, 'instruction' | 'gr0'> = { instruction: NQAP, gr0: LAST };
export const dqap: Pick<ApCheck, 'instruction' | 'gr0' | 'gr6' | 'gr7'> = { instruction: DQAP, gr0: START, gr6: 'reply', gr7: '4096' };
export const qci: Pick<ApCheck, 'instruction' | 'gr0' | 'gr2' | 'apqn'> = { instruction: PQAP, gr0: fc('qci'), gr2: 'block', apqn: 'none' };
