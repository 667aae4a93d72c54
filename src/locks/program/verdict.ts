/**
 * What the check of a lock program answers. Scripts read it as JSON, so names and shapes stay.
 */

/**
 * `nest-mismatch` and `max-depth` are limits of Linux lockdep itself: it warns about its own state and switches off (strict verdicts only).
 */
export type ReportType =
  'circular' | 'recursive' | 'bad-unlock' | 'init-held' | 'exit-held' | 'nest-not-held' | 'nest-mismatch' | 'max-depth';

/** What an exhaustive scheduler finds when every section may run in two tasks at once. */
export type Grade = 'REACHABLE' | 'NEEDS-WRITER' | 'GUARDED' | 'CLASS-ONLY' | 'SINGLE-TASK';

/** `to` was asked for while `from` was held: the first operation that did so in these modes. */
export interface Dependency {
  readonly from: string;
  readonly to: string;
  readonly fromMode: string;
  readonly toMode: string;
  readonly op: number;
  readonly task: number;
}

export interface Report {
  readonly atOp: number;
  readonly type: ReportType;
  /** Class names in the order of the dependencies; the last one leads back to the first. */
  readonly cycle?: readonly string[];
  readonly dependencies?: readonly Dependency[];
  /** One sentence for people. */
  readonly message: string;
}

export interface ProgramError {
  /** Position of the operation, null when the program as a whole is wrong. */
  readonly op: number | null;
  readonly message: string;
}

export interface ProgramVerdict {
  readonly name: string;
  readonly verdict: 'report' | 'ok' | 'error';
  readonly atOp?: number;
  readonly type?: ReportType;
  readonly grade?: Grade;
  readonly cycle?: readonly string[];
  readonly error?: ProgramError;
  /** The locks that make the cycle impossible, with grade GUARDED. */
  readonly guards?: readonly string[];
  /** Everything that was found, in order; the fields above are those of the first. */
  readonly reports?: readonly Report[];
}
