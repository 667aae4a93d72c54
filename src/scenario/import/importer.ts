/**
 * What a reader of a foreign format is: it recognizes its files by their content, and adds what they say to the draft. No kernel counterpart.
 */
import type { Draft } from './draft.ts';
import type { ForeignText } from './foreign-text.ts';

export interface ImportOptions {
  /** Of a DPM export, by name; none: all that have crypto. */
  readonly partitions: readonly string[];
  /** Of a test configuration; none: all that can be expressed. */
  readonly variants: readonly string[];
}

export interface Importer {
  /** As `--format` takes it. */
  readonly name: string;
  /** Is this one of its files? */
  recognizes(text: string): boolean;
  /** ScenarioError for what cannot be expressed. */
  read(source: ForeignText, draft: Draft, options: ImportOptions): void;
}
