/**
 * `apemu status`: asks a session for the state of its host. No kernel counterpart.
 */
import { statusText } from '../report/status-text.ts';
import { askSession } from './ask-session.ts';
import type { CommandBody } from './command.ts';
import { EXIT_OK } from './exit-code.ts';
import { paintFor, writeOut } from './terminal.ts';
import { UsageError } from './usage-error.ts';

export const status: CommandBody = async (options, terminal) => {
  const answer = await askSession('apemu status', options, terminal.env, { request: 'status' });
  if (!('status' in answer)) throw new UsageError('apemu status: expected the state of the session, got something else');
  const text = options.has('json') ? `${JSON.stringify(answer.status, null, 2)}\n` : statusText(answer.status, paintFor(terminal));
  await writeOut(terminal.stdout, text);
  return EXIT_OK;
};
