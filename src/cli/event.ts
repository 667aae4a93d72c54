/**
 * `apemu event`: tells one event to the host of a session, and shows what came of it. No kernel counterpart.
 */
import { getSystemErrorMap } from 'node:util';
import type { EventOutcome } from '../session/live-host.ts';
import { askSession } from './ask-session.ts';
import type { CommandBody } from './command.ts';
import { EXIT_FOUND, EXIT_OK } from './exit-code.ts';
import { writeOut } from './terminal.ts';
import { UsageError } from './usage-error.ts';

export const event: CommandBody = async (options, terminal) => {
  const text = options.positionals.join(' ');
  const answer = await askSession('apemu event', options, terminal.env, { request: 'event', event: text });
  if (!('event' in answer)) throw new UsageError('apemu event: expected what came of the event, got something else');
  const { event: outcome } = answer;
  await writeOut(terminal.stdout, options.has('json') ? `${JSON.stringify(outcome, null, 2)}\n` : outcomeText(outcome));
  return outcome.ok && (outcome.expected !== null || outcome.result === 'ok') ? EXIT_OK : EXIT_FOUND;
};

/** What a read has read, or `ok`, or the errno as shells say it; what was expected where it is something else. */
function outcomeText({ result, expected, ok, text }: EventOutcome): string {
  if (ok && text !== undefined) return text;
  const said = errnoText(result);
  return ok ? `${said}\n` : `${said}${expected === null ? '' : `, expected ${errnoText(expected)}`}\n`;
}

/** `EADDRINUSE (address already in use)`; whatever is no name of an errno stays as it is. */
function errnoText(name: string): string {
  for (const [known, message] of getSystemErrorMap().values()) if (known === name) return `${name} (${message})`;
  return name;
}
