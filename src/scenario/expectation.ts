/**
 * What a scenario says should come out: nothing found, or findings of certain kinds, and per design where that differs.
 * No kernel counterpart.
 */
import { z } from 'zod';
import { FINDING_KINDS, type FindingKind } from '../locks/finding.ts';
import { fields } from './validate.ts';
import { oneOf } from './values.ts';

/** The kinds of findings that are expected; empty: a clean run. */
export type ExpectedKinds = readonly FindingKind[];

export interface Expectation {
  readonly verdict: ExpectedKinds;
  readonly designs: Readonly<Record<string, ExpectedKinds>>;
}

/**
 * What to expect of a run under `design`. `corrected`: the run leaves out the known defects that the scenario switches on, and with them
 * goes what the scenario expects because of them; what it says of a design stands.
 */
export function expectedKinds(expectation: Expectation, design: string, corrected = false): ExpectedKinds {
  if (Object.hasOwn(expectation.designs, design)) return expectation.designs[design]!;
  return corrected ? [] : expectation.verdict;
}

/** Does a run with these defects leave out all those that the scenario switches on? */
export function isCorrected(own: readonly string[], chosen: readonly string[]): boolean {
  return own.length > 0 && !own.some((quirk) => chosen.includes(quirk));
}

const VERDICT_TEXT = 'clean, or a list of finding kinds';
const verdict = z
  .union([z.literal('clean'), z.array(oneOf('a kind of finding', FINDING_KINDS)).min(1, { error: VERDICT_TEXT })], { error: VERDICT_TEXT })
  .transform((value): ExpectedKinds => (value === 'clean' ? [] : value));

export const expectationSchema = fields('a map with verdict and designs', {
  verdict: verdict.default([]),
  designs: z.record(z.string(), verdict, { error: 'a map of design names to verdicts' }).default({}),
});
