/**
 * Asks a session one thing over its control socket. No kernel counterpart.
 */
import { connect } from 'node:net';
import type { Answer, Request } from './control-protocol.ts';
import { SESSION_VARIABLE, SessionError, type RuntimeDirectory } from './runtime-directory.ts';

/** The session that is meant: the named one, that of the environment, or the only one. SessionError when there is none, or no telling. */
export async function findSession(directory: RuntimeDirectory, named: string | undefined): Promise<string> {
  if (named !== undefined) directory.checkName(named);
  const running = await directory.sessions();
  const list = running.length === 0 ? 'none runs' : running.join(', ');
  if (running.length === 0)
    throw new SessionError(`expected a session to talk to, got none: start one with apemu mount DIR or apemu shell`);
  if (named !== undefined) {
    if (running.includes(named)) return named;
    throw new SessionError(`expected the name of a session that runs (${list}), got ${named}`);
  }
  if (running.length === 1) return running[0]!;
  throw new SessionError(`expected --session NAME or ${SESSION_VARIABLE} with one of the sessions that run (${list}), got neither`);
}

/** SessionError when the session ends before it has answered. */
export function ask(socketPath: string, request: Request): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    const pieces: Buffer[] = [];
    socket.on('data', (bytes: Buffer) => pieces.push(bytes));
    socket.on('error', (error) => reject(new SessionError(`expected the session to answer, got ${error.message}`)));
    socket.on('close', () => {
      const line = Buffer.concat(pieces).toString();
      if (line.endsWith('\n')) resolve(JSON.parse(line) as Answer);
      else reject(new SessionError('expected the session to answer, but it has ended before'));
    });
    socket.end(`${JSON.stringify(request)}\n`);
  });
}
