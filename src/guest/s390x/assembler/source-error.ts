/**
 * Where something stands in a source text, and what is wrong there. No kernel counterpart.
 */
export interface SourcePlace {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

export class AssemblerError extends Error {
  override readonly name = 'AssemblerError';
  readonly place: SourcePlace;

  constructor(place: SourcePlace, message: string) {
    super(`${place.file}:${place.line}:${place.column}: ${message}`);
    this.place = place;
  }
}
