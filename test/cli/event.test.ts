/**
 * Goal: apemu event does one thing to the host of a session and tells by exit code and text what came of it. Method: a session in this
 * process, the command beside it.
 */
import { expect, test } from 'vitest';
import { endSessionsAfterEach, hostSession, sessionEnvironment, temporaryFolder } from '../helpers/sessions.ts';
import { apemu, type Answered } from './session-commands.ts';

endSessionsAfterEach();

async function session(): Promise<(...args: string[]) => Promise<Answered>> {
  const folder = temporaryFolder();
  await hostSession(folder, 'one');
  return (...args) => apemu(sessionEnvironment(folder), 'event', ...args);
}

test('success, what was read, and an errno with its meaning', async () => {
  const event = await session();
  const assign = '/sys/devices/vfio_ap/matrix/m2/assign_adapter';
  expect(await event('write', '/sys/devices/vfio_ap/matrix/m1/assign_adapter', '5')).toEqual({ code: 0, out: 'ok\n', err: '' });
  expect(await event('read /sys/devices/vfio_ap/matrix/m1/matrix')).toEqual({ code: 0, out: '05.0004\n', err: '' });
  expect(await event('write /sys/devices/vfio_ap/matrix/m2/assign_domain 4')).toMatchObject({ code: 0 });
  expect(await event(`write ${assign} 5`)).toEqual({ code: 1, out: 'EADDRINUSE (address already in use)\n', err: '' });
  expect(await event(`write ${assign} 5 expect=EADDRINUSE`)).toEqual({ code: 0, out: 'EADDRINUSE (address already in use)\n', err: '' });
  expect(await event('--session', 'one', '{ do: unbind, queue: "05.00ab" }')).toEqual({ code: 0, out: 'ok\n', err: '' });
});

test('what was expected otherwise', async () => {
  const event = await session();
  expect(await event('unbind 05.0004 expect=EBUSY')).toEqual({ code: 1, out: 'ok, expected EBUSY (resource busy or locked)\n', err: '' });
});

test('as JSON', async () => {
  const event = await session();
  const { code, out } = await event('--json', 'read /sys/bus/ap/config_time');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ what: 'read /sys/bus/ap/config_time', result: 'ok', text: '30\n' });
});

test('what is no event is one line, exit code 2, and nothing happens', async () => {
  const event = await session();
  for (const [text, line] of [
    ['', 'apemu event: expected an event like "write PATH VALUE" or "unbind 05.0004", got nothing\n'],
    ['attach guest2', /^apemu event: guest: expected the name of a guest of this file \(guest1\), got "guest2"[^\n]*\n$/],
    ['read /etc/passwd', 'apemu event: read: expected the path of a file below /sys, like /sys/bus/ap/apmask, got "/etc/passwd"\n'],
  ] as const) {
    const answer = await event(text);
    expect(answer).toMatchObject({ code: 2, out: '' });
    if (typeof line === 'string') expect(answer.err).toBe(line);
    else expect(answer.err).toMatch(line);
  }
});

test('without a session it says so', async () => {
  const answer = await apemu(sessionEnvironment(temporaryFolder()), 'event', 'read /sys/bus/ap/apmask');
  expect(answer).toMatchObject({ code: 2, out: '' });
  expect(answer.err).toMatch(/^apemu event: expected a session to talk to, got none/);
});
