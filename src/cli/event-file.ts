/**
 * Writes the event log of a run to a file as NDJSON. A full disk ends the writing, not the run. No kernel counterpart.
 */
import { eventLine, type LogEvent } from '../base/event-log.ts';
import { LineFile } from './line-file.ts';

export class EventFile {
  private readonly file: LineFile;

  /** Throws the system's error when the file cannot be opened. */
  constructor(path: string) {
    this.file = new LineFile(path);
  }

  readonly write = (event: LogEvent): void => this.file.write(eventLine(event));

  /** Answers the first error there was. */
  close(): Error | null {
    return this.file.close();
  }
}
