/**
 * Goal: an event that is typed is the event of a scenario file, in every verb, with the same refusals. Method: words and the form of a file
 * side by side; nonsense.
 */
import { describe, expect, test } from 'vitest';
import { readEvent, RequestError } from '../../src/session/event-words.ts';
import type { EventSpec } from '../../src/scenario/scenario.ts';
import { smallScenario, UUID } from '../helpers/sessions.ts';

const { host } = smallScenario();
const read = (text: string): EventSpec => readEvent(text, host, 'event1');

test.each([
  ['write /sys/devices/vfio_ap/matrix/m1/assign_adapter 5', '{ write: [/sys/devices/vfio_ap/matrix/m1/assign_adapter, "5"] }'],
  ['write /sys/bus/ap/apmask +5,-6  expect=EBUSY', 'write: [/sys/bus/ap/apmask, "+5,-6"]\nexpect: EBUSY'],
  ['write /sys/a two words', '{ write: [/sys/a, two words] }'],
  ['read /sys/bus/ap/apmask', '{ read: /sys/bus/ap/apmask }'],
  ['read /sys/bus/ap/apmask expect=ENOENT', '{ read: /sys/bus/ap/apmask, expect: ENOENT }'],
  ['attach guest1', '{ do: attach, guest: guest1 }'],
  ['detach guest=guest1 task=admin', '{ do: detach, guest: guest1, task: admin }'],
  ['open guest1 m2 keep=true', '{ do: open, guest: guest1, mdev: m2, keep: true }'],
  ['pv-start guest1', '{ do: pv-start, guest: guest1 }'],
  ['ioctl guest1 set-irqs index=1 fd=-1', '{ do: ioctl, guest: guest1, request: set-irqs, index: 1, fd: -1 }'],
  ['signal admin', '{ do: signal, to: admin }'],
  ['unbind 05.0004', '{ do: unbind, queue: "05.0004" }'],
  ['bind 05.0004 vfio_ap expect=ENODEV', '{ do: bind, queue: "05.0004", driver: vfio_ap, expect: ENODEV }'],
  ['checkstop 0x05 on', '{ do: checkstop, adapter: 5, on: true }'],
  ['checkstop 5 off', '{ do: checkstop, adapter: 5, on: false }'],
  ['host-config unplug=5,6', '{ do: host-config, unplug: [5, 6] }'],
  ['host-config domains=4,0xab', '{ do: host-config, domains: [4, 0xab] }'],
  ['host-config plug=7:CEX8P', '{ do: host-config, plug: [{ id: 7, type: CEX8P }] }'],
  ['fault mute 05.0004 for=2s', '{ do: fault, kind: mute, queue: "05.0004", for: 2s }'],
  [
    'fault response-code adapter=5 for=300ms code=BUSY times=3',
    '{ do: fault, kind: response-code, adapter: 5, for: 300ms, code: BUSY, times: 3 }',
  ],
  ['pause 2s', '{ do: pause, for: 2s }'],
])('%s is the event that a scenario writes as %s', (words, form) => {
  const { place: _words, ...event } = read(words);
  const { place: _form, ...wanted } = read(form);
  expect(event).toEqual(wanted);
});

test('a name of an mdev stands for its UUID, and the task is the one of the request', () => {
  expect(read('read /sys/devices/vfio_ap/matrix/m1/matrix')).toMatchObject({
    task: 'event1',
    verb: { kind: 'read', path: `/sys/devices/vfio_ap/matrix/${UUID}/matrix` },
  });
});

test('a repeat is played as a whole', () => {
  expect(read('{ repeat: 3, events: [{ do: detach, guest: guest1 }, { do: attach, guest: guest1 }] }').verb).toMatchObject({
    kind: 'repeat',
    times: 3,
    events: [{ task: 'event1' }, { task: 'event1' }],
  });
});

describe('what is no event is refused in one line:', () => {
  test.each([
    ['', /^expected an event like/],
    ['   ', /^expected an event like/],
    ['atach guest1', /^expected one of the verbs write, read, attach,.*, got "atach"; did you mean "attach"\?$/],
    ['write', /^write: expected PATH VALUE \[expect=ERRNO\], got ""$/],
    ['write /sys/bus/ap/apmask', /^write: expected PATH VALUE/],
    ['write /sys/bus/ap/apmask expect=ok', /^write: expected PATH VALUE/],
    ['read', /^read: expected PATH/],
    ['read /sys/a /sys/b', /^read: expected PATH/],
    ['read /etc/passwd', /^read: expected the path of a file below \/sys, like \S+, got "?\/etc\/passwd"?$/],
    ['{ repeat: 2, events: [{ write: [/etc/passwd, x] }] }', /: expected the path of a file below \/sys/],
    ['attach', /^guest: expected the name of a guest, got nothing$/],
    ['attach guest2', /^guest: expected the name of a guest of this file \(guest1\), got "guest2"/],
    ['attach guest1 guest2', /^attach: expected GUEST and FIELD=VALUE, got "guest2" as well$/],
    ['attach guest1 guest=guest1', /^attach: expected guest once, got it again$/],
    ['attach guest1 expect=EFOO', /^expect: expected ok or the name of an errno/],
    ['attach guest1 at=2s', /^at: expected no "at": the event begins at once, got "at"$/],
    ['unbind 5', /^queue: expected a queue in quotes/],
    ['fault mute 05.0004', /^for: expected a time/],
    ['{ do: atach, guest: guest1 }', /^<event>:1:7: do: expected one of .*, got atach; did you mean "attach"\?$/],
    ['{ do: attach, gest: guest1 }', /^<event>:1:15: gest: expected one of the keys/],
    ['{ do: attach, guest: [', /^<event>:1:\d+: .*expected YAML/],
    ['do: attach', /^<event>:1:1: guest: expected the name of a guest/],
  ])('%s', (text, message) => {
    expect(() => read(text)).toThrow(RequestError);
    expect(() => read(text)).toThrow(message);
  });
});
