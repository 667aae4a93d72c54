/**
 * What is read out of a captured report of the kernel's validator: a finding like our own, and what only the capture has.
 */
import type { Finding } from '../finding.ts';
import type { CapturedProgram } from './captured-program.ts';
import type { HeldList } from './splat-parts.ts';

/** The reports of lockdep and of khungtaskd that are understood. */
export type ReportKind =
  | 'circular'
  | 'recursive'
  | 'inconsistent-state'
  | 'irq-order'
  | 'irq-inversion'
  | 'bad-unlock'
  | 'held-freed'
  | 'exit-held'
  | 'user-held'
  | 'nest-not-held'
  | 'bad-contention'
  | 'wait-context'
  | 'validator-limit'
  | 'hung-task';

export interface CapturedReport {
  readonly report: ReportKind;
  /** Its cycle has the functions of the stacks as places; what the kernel did not record is missing, not invented. */
  readonly finding: Finding;
  /** Lists of held locks, in the order of the text. */
  readonly held: readonly HeldList[];
  /** The cycle as operations, for a checker that grades it; null when there is none. */
  readonly program: CapturedProgram | null;
}
