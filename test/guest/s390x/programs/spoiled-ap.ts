/**
 * AP instructions with one rule broken each, and the checks of the conformance program that must notice.
 */
import { AP_CHECKS } from '../../../../src/guest/s390x/programs/ap-checks.ts';
import type { Spoiled } from './spoil.ts';
import { SPOILED_EXCEPTIONS } from './spoiled-exceptions.ts';
import { SPOILED_INTERRUPTS, SPOILED_MESSAGES } from './spoiled-messages.ts';
import { SPOILED_QUERIES } from './spoiled-queries.ts';

export const SPOILED: readonly Spoiled[] = [...SPOILED_EXCEPTIONS, ...SPOILED_QUERIES, ...SPOILED_MESSAGES, ...SPOILED_INTERRUPTS];

/** Names of the checks that must notice. */
export const noticing = ({ noticed }: Spoiled): readonly string[] => AP_CHECKS.map(({ name }) => name).filter((name) => noticed.test(name));
