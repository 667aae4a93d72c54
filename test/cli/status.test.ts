/**
 * Goal: apemu status shows the state of the session that is meant, and says in one line when there is none. Method: sessions in this process,
 * the command beside them.
 */
import { expect, test } from 'vitest';
import type { SessionStatus } from '../../src/session/control-protocol.ts';
import { endSessionsAfterEach, hostSession, sessionEnvironment, temporaryFolder, UUID } from '../helpers/sessions.ts';
import { apemu } from './session-commands.ts';

endSessionsAfterEach();

test('the state as text, and with --json all of it', async () => {
  const folder = temporaryFolder();
  const session = await hostSession(folder, 'one');
  await session.live.event('write /sys/devices/vfio_ap/matrix/m1/assign_adapter 5');
  const text = await apemu(sessionEnvironment(folder), 'status');
  expect(text).toMatchObject({ code: 0, err: '' });
  expect(text.out).toMatch(/^one: apemu mount small, up for /);
  expect(text.out).toMatch(/m1 +783e6dbb-\S+ +guest1 +05 x 04 +05 x 04\n/);
  const json = await apemu(sessionEnvironment(folder), 'status', '--json', '--session', 'one');
  expect(json).toMatchObject({ code: 0, err: '' });
  const status = JSON.parse(json.out) as SessionStatus;
  expect(status).toMatchObject({ session: 'one', pid: process.pid, mdevs: [{ uuid: UUID, matrix: { queues: ['05.0004'] } }, {}] });
});

test('the session of the environment is the one that is meant', async () => {
  const folder = temporaryFolder();
  await hostSession(folder, 'one');
  await hostSession(folder, 'two');
  const env = sessionEnvironment(folder);
  expect((await apemu({ ...env, APEMU_SESSION: 'two' }, 'status')).out).toMatch(/^two: /);
  expect((await apemu({ ...env, APEMU_SESSION: 'two' }, 'status', '--session', 'one')).out).toMatch(/^one: /);
  const answer = await apemu(env, 'status');
  expect(answer).toMatchObject({ code: 2, out: '' });
  expect(answer.err).toMatch(
    /^apemu status: expected --session NAME or APEMU_SESSION with one of the sessions that run \(one, two\), got neither\n$/,
  );
});

test('without a session it says how to start one', async () => {
  const answer = await apemu(sessionEnvironment(temporaryFolder()), 'status');
  expect(answer).toEqual({
    code: 2,
    out: '',
    err: 'apemu status: expected a session to talk to, got none: start one with apemu mount DIR or apemu shell\n',
  });
});
