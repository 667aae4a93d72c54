/**
 * All checks of the conformance program, in the order in which they run. No kernel counterpart.
 */
import { ANSWER_CHECKS } from './ap-answer-checks.ts';
import type { ApCheck } from './ap-check-rows.ts';
import { EXCEPTION_CHECKS } from './ap-exception-checks.ts';

export const AP_CHECKS: readonly ApCheck[] = [...EXCEPTION_CHECKS, ...ANSWER_CHECKS];
