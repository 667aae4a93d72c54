/**
 * What a command of apemu is: its names and options for the help, and the code behind it, loaded when it is called.
 */
import type { OptionSpec, ParsedOptions } from './options.ts';
import type { Terminal } from './terminal.ts';

/** Answers the exit code. */
export type CommandBody = (options: ParsedOptions, terminal: Terminal) => Promise<number>;

export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly positionals: readonly string[];
  readonly options: readonly OptionSpec[];
  /** What stands behind `--`, as the help writes it; absent: nothing special. */
  readonly passesOn?: string;
  /** More about it, one paragraph an entry. */
  readonly details: readonly string[];
  load(): Promise<CommandBody>;
}
