/**
 * What is said over the control socket of a session: one JSON object a line, a request and its answer. No kernel counterpart.
 */
import type { HostStatus } from './host-status.ts';
import type { EventOutcome } from './live-host.ts';
import { RequestError } from './event-words.ts';

/** Bytes of a request; an event of a scenario needs far less. */
export const LONGEST_REQUEST = 64 * 1024;

export type Request = { readonly request: 'status' } | { readonly request: 'event'; readonly event: string };

/** Who is asked. */
export interface SessionFacts {
  readonly session: string;
  readonly pid: number;
  readonly command: 'mount' | 'shell';
  readonly scenario: string;
  readonly design: string;
  readonly seed: number;
  /** Where the emulated /sys and device nodes are mounted. */
  readonly mounts: readonly string[];
}

export interface SessionStatus extends SessionFacts, HostStatus {
  /** Milliseconds of the clock of the host. */
  readonly upMs: number;
}

export type Answer =
  | { readonly ok: true; readonly status: SessionStatus }
  | { readonly ok: true; readonly event: EventOutcome }
  /** What is wrong with the request, in one line. */
  | { readonly ok: false; readonly error: string };

/** RequestError for what is no request. */
export function readRequest(line: string): Request {
  const expected = 'expected { "request": "status" } or { "request": "event", "event": "TEXT" } on one line';
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new RequestError(`${expected}, got what is no JSON`);
  }
  const fields: { request?: unknown; event?: unknown } = typeof value === 'object' && value !== null ? value : {};
  const { request, event } = fields;
  if (request === 'status') return { request };
  if (request === 'event' && typeof event === 'string') return { request, event };
  const got = JSON.stringify(value);
  throw new RequestError(`${expected}, got ${got.length > 80 ? `${got.slice(0, 77)}...` : got}`);
}

export const answerLine = (answer: Answer): string => `${JSON.stringify(answer)}\n`;
