/**
 * The files that a run writes: opened before it starts, so that a wrong name is told at once and not after the run. No kernel counterpart.
 */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import type { DestinationStream } from 'pino';
import { logFile, type LogLevel } from '../base/logger.ts';
import { EventFile } from './event-file.ts';
import type { RunSettings } from './run-settings.ts';
import { UsageError } from './usage-error.ts';

export interface LogTarget {
  readonly level: LogLevel;
  readonly destination?: DestinationStream;
}

/** What can be kept of a run. */
export interface RunResults {
  readonly json: string;
  /** Made only when somebody wants it. */
  proc(): string;
}

export class RunFiles {
  readonly events: EventFile | null;
  readonly log: LogTarget;
  private readonly save: string | undefined;
  private readonly proc: string | undefined;

  /** `console` takes the kernel log when no file does. */
  constructor(settings: RunSettings, console: DestinationStream) {
    const { mode, save, proc, events, logFile: logPath, logLevel } = settings;
    const attempt = <T>(option: string, path: string, open: (path: string) => T): T => {
      try {
        return open(path);
      } catch (error) {
        throw new UsageError(`apemu ${mode}: --${option}: expected a file that can be written, got ${reason(error as Error)}`);
      }
    };
    this.save = save;
    // Opened for appending: an earlier report stays until there is a new one.
    this.proc = proc;
    if (save !== undefined) attempt('save', save, (path) => closeSync(openSync(path, 'a')));
    if (proc !== undefined) attempt('proc', proc, (path) => closeSync(openSync(path, 'a')));
    if (logPath !== undefined) this.log = { level: logLevel ?? 'info', destination: attempt('log-file', logPath, logFile) };
    else this.log = logLevel === undefined ? { level: 'silent' } : { level: logLevel, destination: console };
    this.events = events === undefined ? null : attempt('events', events, (path) => new EventFile(path));
  }

  /** Keeps the results and closes the event log; answers one line for each thing that failed. Null: the run has no results. */
  finish(results: RunResults | null): string[] {
    const problems: string[] = [];
    const attempt = (option: string, act: () => void): void => {
      try {
        act();
      } catch (error) {
        problems.push(`--${option}: expected the file to be written, got ${reason(error as Error)}`);
      }
    };
    attempt('events', () => {
      const error = this.events?.close() ?? null;
      if (error !== null) throw error;
    });
    const { save, proc } = this;
    if (results === null) return problems;
    if (save !== undefined) attempt('save', () => writeFileSync(save, results.json));
    if (proc !== undefined) attempt('proc', () => writeFileSync(proc, results.proc()));
    return problems;
  }
}

/** `ENOENT: no such file or directory, open 'x/y'`, as the system says it. */
const reason = (error: Error): string => error.message;
