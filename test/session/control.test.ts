/**
 * Goal: the socket of a session answers whoever asks properly, is private, and survives whoever does not: garbage, huge lines, half-closed and
 * silent clients, many at once. Method: a small host behind a real unix socket; raw bytes.
 */
import { rmdirSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ask, findSession } from '../../src/session/control-client.ts';
import { LONGEST_REQUEST, type Answer } from '../../src/session/control-protocol.ts';
import { ControlServer } from '../../src/session/control-server.ts';
import { RuntimeDirectory, SessionError } from '../../src/session/runtime-directory.ts';
import { endSessionsAfterEach, hostSession, sessionEnvironment, temporaryFolder } from '../helpers/sessions.ts';

endSessionsAfterEach();

async function started(name = 'one'): Promise<{ path: string; directory: RuntimeDirectory; folder: string }> {
  const folder = temporaryFolder();
  await hostSession(folder, name);
  const directory = new RuntimeDirectory(sessionEnvironment(folder));
  return { path: directory.socketOf(name), directory, folder };
}

/** Sends bytes, closes the own side, and answers all that came back. */
function exchange(path: string, bytes: Buffer | string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = '';
    socket.on('data', (piece: Buffer) => (text += piece.toString()));
    socket.on('close', () => resolve(text));
    // The server need not read to the end what it has refused.
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EPIPE' || error.code === 'ECONNRESET' ? resolve(text) : reject(error),
    );
    socket.end(bytes);
  });
}

const answersOf = (text: string): Answer[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Answer);

const STATUS = '{"request":"status"}\n';

test('status and events are answered, in order, on one connection', async () => {
  const { path } = await started();
  const lines = [
    STATUS,
    '{"request":"event","event":"read /sys/bus/ap/apmask"}\n',
    '\n',
    '{"request":"event","event":"attach"}\n',
    STATUS.trimEnd(),
  ];
  const answers = answersOf(await exchange(path, lines.join('')));
  expect(answers).toMatchObject([
    { ok: true, status: { session: 'one', command: 'mount', scenario: 'small', mounts: [], guests: [{ name: 'guest1' }] } },
    { ok: true, event: { result: 'ok', text: expect.stringMatching(/^0xf9f/) } },
    { ok: false, error: 'guest: expected the name of a guest, got nothing' },
    { ok: true, status: { session: 'one' } },
  ]);
});

test('nobody else can reach it', async () => {
  const { path, directory } = await started();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(directory.path).mode & 0o777).toBe(0o700);
});

describe('what is no request is refused, and the next one is answered:', () => {
  test.each([
    ['text', 'hello'],
    ['a number', '5'],
    ['null', 'null'],
    ['a list', '[]'],
    ['an unknown request', '{"request":"shutdown"}'],
    ['an event without a text', '{"request":"event"}'],
    ['an event that is a list', '{"request":"event","event":[]}'],
    ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe, 0x80, 0x00])],
    ['deep nesting', '['.repeat(LONGEST_REQUEST - 10)],
    ['a key of the prototype', '{"__proto__":{"request":"status"}}'],
  ])('%s', async (_name, garbage) => {
    const { path } = await started();
    const [refused, answered, ...more] = answersOf(await exchange(path, Buffer.concat([Buffer.from(garbage), Buffer.from(`\n${STATUS}`)])));
    expect(refused).toEqual({ ok: false, error: expect.stringMatching(/^expected \{ "request": "status" \} or .*, got /) });
    expect(answered).toMatchObject({ ok: true });
    expect(more).toEqual([]);
  });
});

test('random bytes never end the server', async () => {
  const { path } = await started();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      for (const answer of answersOf(await exchange(path, Buffer.from(bytes)))) expect(answer.ok).toBe(false);
    }),
    { numRuns: 60 },
  );
  expect(answersOf(await exchange(path, STATUS))).toMatchObject([{ ok: true }]);
});

test('a line that is too long is refused once, whatever follows', async () => {
  const { path } = await started();
  for (const length of [LONGEST_REQUEST + 1, 5_000_000]) {
    const answers = answersOf(await exchange(path, `${'x'.repeat(length)}\n${STATUS}`));
    // A client that is still sending may lose the answer to a reset.
    expect(answers.every(({ ok }) => !ok) && answers.length <= 1).toBe(true);
  }
  const whole = `{"request":"event","event":"${'x'.repeat(LONGEST_REQUEST - 40)}"}`;
  expect(answersOf(await exchange(path, whole))).toMatchObject([{ ok: false, error: expect.stringMatching(/^expected one of the verbs/) }]);
  expect(answersOf(await exchange(path, STATUS))).toMatchObject([{ ok: true }]);
});

test('clients that say nothing, leave in the middle or never read do not disturb 200 others', async () => {
  const { path } = await started();
  const idle: Socket[] = [];
  const open = (bytes: string, then: (socket: Socket) => void): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(path, () => {
        idle.push(socket);
        socket.write(bytes, () => {
          then(socket);
          resolve();
        });
      });
      socket.on('error', () => undefined);
    });
  await open('', () => undefined);
  await open('{"request":', (socket) => socket.destroy());
  await open('{"request":"event","event":"pause 60s"}\n', (socket) => socket.destroy());
  await open(STATUS.repeat(2000), (socket) => socket.pause());
  const answers = await Promise.all(Array.from({ length: 200 }, () => exchange(path, STATUS)));
  for (const text of answers) expect(answersOf(text)).toMatchObject([{ ok: true }]);
  for (const socket of idle) socket.destroy();
});

test('an event that waits keeps nobody else waiting, and is told that the session ends', async () => {
  const folder = temporaryFolder();
  const session = await hostSession(folder, 'one');
  const directory = new RuntimeDirectory(sessionEnvironment(folder));
  const path = directory.socketOf('one');
  const waiting = ask(path, { request: 'event', event: 'pause 600s' });
  expect(await ask(path, { request: 'status' })).toMatchObject({ ok: true });
  await session.end();
  // Its pause is cut short, or the socket has gone before it could say so.
  const end = await waiting.catch((error: unknown) => error);
  if (end instanceof Error) expect(end).toBeInstanceOf(SessionError);
  else expect(end).toMatchObject({ ok: true, event: { result: 'cut short' } });
  expect(await directory.sessions()).toEqual([]);
});

describe('the session that is meant is', () => {
  test('the named one, or the only one', async () => {
    const { directory, folder } = await started('one');
    expect(await findSession(directory, undefined)).toBe('one');
    await hostSession(folder, 'two');
    expect(await findSession(directory, 'two')).toBe('two');
    await expect(findSession(directory, undefined)).rejects.toThrow(
      'expected --session NAME or APEMU_SESSION with one of the sessions that run (one, two), got neither',
    );
    await expect(findSession(directory, 'three')).rejects.toThrow('expected the name of a session that runs (one, two), got three');
  });

  test('none when none runs', async () => {
    const directory = new RuntimeDirectory(sessionEnvironment(temporaryFolder()));
    await expect(findSession(directory, undefined)).rejects.toThrow(/^expected a session to talk to, got none/);
    await expect(findSession(directory, 'one')).rejects.toThrow(SessionError);
    await expect(findSession(directory, '../one')).rejects.toThrow(/^expected a session name/);
  });
});

test('a socket that cannot be made is the business of the user', async () => {
  const folder = temporaryFolder();
  const directory = new RuntimeDirectory(sessionEnvironment(folder));
  rmdirSync(directory.path);
  const server = new ControlServer(directory, 'one', () => Promise.reject(new Error('nobody asks')));
  const failure: unknown = await server.listen().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(SessionError);
  expect((failure as Error).message).toMatch(/^expected to make the socket \S+one\.sock, got listen E[A-Z]+: /);
});

test('a name that runs is not taken again', async () => {
  const { folder, path } = await started('one');
  await expect(hostSession(folder, 'one')).rejects.toThrow('expected a session name that is free, got one, which runs');
  expect(answersOf(await exchange(path, STATUS))).toMatchObject([{ ok: true }]);
});

test('something else in the place of a socket is replaced by the session', async () => {
  const folder = temporaryFolder();
  const directory = new RuntimeDirectory(sessionEnvironment(folder));
  writeFileSync(directory.socketOf('one'), 'left over');
  await hostSession(folder, 'one');
  expect(await ask(directory.socketOf('one'), { request: 'status' })).toMatchObject({ ok: true });
});
