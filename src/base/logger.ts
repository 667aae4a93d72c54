/**
 * The kernel log of the emulated host and of its guests (printk levels), written by pino as NDJSON.
 * Timestamps come from the runtime's clock, pid and host name are left out: a controlled run writes the same log twice.
 */
import { pino, type DestinationStream, type Logger } from 'pino';

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type { Logger };

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Milliseconds of the runtime's clock. */
  readonly now: () => number;
  readonly destination?: DestinationStream;
}

export function createLogger({ level, now, destination }: LoggerOptions): Logger {
  const options = { level, base: null, timestamp: () => `,"t":${Math.round(now() * 1000) / 1000}` };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Opens a log file for appending; throws the system's error when that is impossible. */
export function logFile(path: string): DestinationStream {
  return pino.destination({ dest: path, sync: true, mkdir: false });
}
