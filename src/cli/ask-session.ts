/**
 * One request to the session that a command line means. No kernel counterpart.
 */
import { ask, findSession } from '../session/control-client.ts';
import type { Answer, Request } from '../session/control-protocol.ts';
import { RuntimeDirectory, SESSION_VARIABLE } from '../session/runtime-directory.ts';
import type { ParsedOptions } from './options.ts';
import { NAME } from './option-values.ts';
import { withSessionErrors } from './session-errors.ts';
import { UsageError } from './usage-error.ts';
import type { Terminal } from './terminal.ts';

/** UsageError when no session answers, or when it refuses the request. */
export async function askSession(
  command: string,
  options: ParsedOptions,
  env: Terminal['env'],
  request: Request,
): Promise<Extract<Answer, { ok: true }>> {
  const answer = await withSessionErrors(command, async () => {
    const directory = new RuntimeDirectory(env);
    const name = await findSession(directory, options.get('session', NAME) ?? (env[SESSION_VARIABLE] || undefined));
    return await ask(directory.socketOf(name), request);
  });
  if (!answer.ok) throw new UsageError(`${command}: ${answer.error}`);
  return answer;
}
