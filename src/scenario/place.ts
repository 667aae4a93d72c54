/**
 * Where something stands in a scenario file, and the error that every refusal of a scenario is. No kernel counterpart.
 */

export interface Place {
  readonly file: string;
  /** From 1, both. */
  readonly line: number;
  readonly column: number;
}

/** Keys and list positions from the top of the file. */
export type FieldPath = readonly (string | number)[];

/** `mdevs[0].uuid`; `(document)` for the whole file. */
export function pathText(path: FieldPath): string {
  if (path.length === 0) return '(document)';
  return path.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`)).join('');
}

export interface Refusal {
  readonly expected: string;
  readonly got: string;
  /** How to put it right, where that is known. */
  readonly hint?: string | undefined;
}

/** Prints as `file:line:column: path: expected ..., got ...`. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The field, as `pathText` writes it. */
  readonly path: string;

  constructor(place: Place, path: FieldPath, refusal: Refusal) {
    const { file, line, column } = place;
    const hint = refusal.hint === undefined ? '' : `; ${refusal.hint}`;
    super(`${file}:${line}:${column}: ${pathText(path)}: expected ${refusal.expected}, got ${refusal.got}${hint}`);
    this.file = file;
    this.line = line;
    this.column = column;
    this.path = pathText(path);
  }
}
