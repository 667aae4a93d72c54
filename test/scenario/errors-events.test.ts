/**
 * Errors of the events of a scenario file: each with its exact place and words.
 */
import { describe, expect, it } from 'vitest';
import { ScenarioError } from '../../src/scenario/place.ts';
import { example, withEvent } from './example.ts';
import { refusal } from './refusal.ts';

const CASES: readonly (readonly [name: string, text: string, message: string])[] = [
  [
    'at pct',
    withEvent('{ at: 125%, task: t, read: /sys/x }'),
    '14:11: events[2].at: expected now, a share of all operations (25%), an operation count ({ op: 40 }) or a time (2s, 150ms), got 125%',
  ],
  [
    'at num',
    withEvent('{ at: 25, task: t, read: /sys/x }'),
    '14:11: events[2].at: expected now, a share of all operations (25%), an operation count ({ op: 40 }) or a time (2s, 150ms), got 25',
  ],
  [
    'at text',
    withEvent('{ at: soon, task: t, read: /sys/x }'),
    '14:11: events[2].at: expected now, a share of all operations (25%), an operation count ({ op: 40 }) or a time (2s, 150ms), got soon',
  ],
  [
    'at op',
    withEvent('{ at: { op: -1 }, task: t, read: /sys/x }'),
    '14:17: events[2].at.op: expected an operation count from 0 to 1000000000000, got -1',
  ],
  [
    'at op beyond',
    withEvent('{ at: { op: 241 }, task: t, read: /sys/x }'),
    '14:17: events[2].at.op: expected at most 240, the operations of all workloads, got 241',
  ],
  [
    'at key',
    withEvent('{ at: { ops: 1 }, task: t, read: /sys/x }'),
    '14:13: events[2].at.ops: expected one of the keys op, got "ops"; did you mean "op"?',
  ],
  [
    'at no workload',
    'host: { adapters: [], domains: [] }\nevents:\n  - { at: 50%, task: t, read: /sys/x }\n',
    '3:11: events[0].at: expected now or a time, as no guest has a workload, got 50%',
  ],
  ['no task', withEvent('{ read: /sys/x }'), '14:5: events[2].task: expected the name of the task, got nothing'],
  [
    'expect errno',
    withEvent('{ task: t, read: /sys/x, expect: EBUSSY }'),
    '14:38: events[2].expect: expected ok or the name of an errno, like EBUSY, got EBUSSY',
  ],
  [
    'no verb',
    withEvent('{ task: t, guest: g1 }'),
    '14:5: events[2]: expected one verb: write, read, repeat, or do: with attach, detach, open, pv-start, pv-stop, unmap, map, ioctl, signal, unbind, bind, checkstop, host-config, fault, pause, got a map with task, guest',
  ],
  [
    'not a map',
    withEvent('attach'),
    '14:5: events[2]: expected one verb: write, read, repeat, or do: with attach, detach, open, pv-start, pv-stop, unmap, map, ioctl, signal, unbind, bind, checkstop, host-config, fault, pause, got attach',
  ],
  [
    'two verbs',
    withEvent('{ task: t, read: /sys/x, do: attach }'),
    '14:30: events[2].do: expected one verb: write, read, repeat, or do: with attach, detach, open, pv-start, pv-stop, unmap, map, ioctl, signal, unbind, bind, checkstop, host-config, fault, pause, got "do"; "read" is one already',
  ],
  [
    'unknown verb',
    withEvent('{ task: t, do: atach, guest: g1 }'),
    '14:20: events[2].do: expected one of attach, detach, open, pv-start, pv-stop, unmap, map, ioctl, signal, unbind, bind, checkstop, host-config, fault, pause, got atach; did you mean "attach"?',
  ],
  [
    'verb num',
    withEvent('{ task: t, do: 5 }'),
    '14:20: events[2].do: expected one of attach, detach, open, pv-start, pv-stop, unmap, map, ioctl, signal, unbind, bind, checkstop, host-config, fault, pause, got 5',
  ],
  [
    'pv guest',
    withEvent('{ task: t, do: pv-start, guest: g3 }'),
    '14:37: events[2].guest: expected the name of a guest of this file (g1, g2), got g3; did you mean "g1"?',
  ],
  [
    'open mdev',
    withEvent('{ task: t, do: open, guest: g1, mdev: m3 }'),
    '14:43: events[2].mdev: expected the name of an mdev of this file (m1, m2), got m3; did you mean "m1"?',
  ],
  [
    'host domains',
    withEvent('{ task: t, do: host-config, domains: [4, 256] }'),
    '14:46: events[2].domains[1]: expected a domain number from 0 to 255, got 256',
  ],
  [
    'fault verb',
    withEvent('{ task: t, fault: [1] }'),
    '14:5: events[2]: expected one verb: write, read, repeat, or do: with attach, detach, open, pv-start, pv-stop, unmap, map, ioctl, signal, unbind, bind, checkstop, host-config, fault, pause, got a map with task, fault',
  ],
  [
    'fault kind',
    withEvent('{ task: t, do: fault, kind: deaf, adapter: 5, for: 1s }'),
    '14:33: events[2].kind: expected a kind of fault: deconfigured, checkstopped, reset-hang, mute, late-interrupt, duplicate-interrupt, wrong-psmid, reply-length, bit-error, response-code, got deaf',
  ],
  [
    'fault nowhere',
    withEvent('{ task: t, do: fault, kind: mute, for: 1s }'),
    '14:5: events[2]: expected either queue or adapter, got a map with task, do, kind, for',
  ],
  [
    'fault adapter',
    withEvent('{ task: t, do: fault, kind: mute, queue: "63.0004", for: 1s }'),
    '14:46: events[2].queue: expected an adapter of the host, or one that an earlier event plugs as { id, type }, got "63.0004"',
  ],
  [
    'fault for ever',
    withEvent('{ task: t, do: fault, kind: mute, adapter: 5, for: 61s }'),
    '14:56: events[2].for: expected a time like 300ms or 2s, above 0 and at most 60s, got 61s',
  ],
  [
    'fault option',
    withEvent('{ task: t, do: fault, kind: mute, adapter: 5, for: 1s, times: 2 }'),
    '14:60: events[2].times: expected no option of mute, got "times"',
  ],
  [
    'fault other option',
    withEvent('{ task: t, do: fault, kind: bit-error, adapter: 5, for: 1s, length: 2 }'),
    '14:65: events[2].length: expected of the options of bit-error only nth, times, bit, got "length"',
  ],
  [
    'fault code',
    withEvent('{ task: t, do: fault, kind: response-code, adapter: 5, for: 1s, code: NORMAL }'),
    '14:75: events[2].code: expected a response code from 1 to 255, or its name, like BUSY, got NORMAL',
  ],
  [
    'ioctl',
    withEvent('{ task: t, do: ioctl, guest: g1, request: set-irq }'),
    '14:47: events[2].request: expected get-info, get-irq-info, set-irqs, reset or the number of an ioctl, got set-irq',
  ],
  [
    'ioctl without a request',
    withEvent('{ task: t, do: ioctl, guest: g1 }'),
    '14:5: events[2].request: expected get-info, get-irq-info, set-irqs, reset or the number of an ioctl, got nothing',
  ],
  [
    'ioctl of a guest that is not there',
    withEvent('{ task: t, do: ioctl, guest: g3, request: reset }'),
    '14:34: events[2].guest: expected the name of a guest of this file (g1, g2), got g3; did you mean "g1"?',
  ],
  [
    'ioctl field of another request',
    withEvent('{ task: t, do: ioctl, guest: g1, request: get-irq-info, argsz: 16, count: 1 }'),
    '14:72: events[2].count: expected of the argument of get-irq-info only argsz, index, got "count"',
  ],
  [
    'ioctl argument of a request without one',
    withEvent('{ task: t, do: ioctl, guest: g1, request: reset, argsz: 16 }'),
    '14:54: events[2].argsz: expected no argument for reset, got "argsz"',
  ],
  [
    'ioctl argument of a number',
    withEvent('{ task: t, do: ioctl, guest: g1, request: 0x3b6e, fd: 3 }'),
    '14:55: events[2].fd: expected no argument for 15214, got "fd"',
  ],
  [
    'ioctl descriptor',
    withEvent('{ task: t, do: ioctl, guest: g1, request: set-irqs, fd: mine }'),
    '14:61: events[2].fd: expected own, or a file descriptor (-1 takes back what is registered), got mine',
  ],
  [
    'ioctl size',
    withEvent('{ task: t, do: ioctl, guest: g1, request: get-info, argsz: -1 }'),
    '14:64: events[2].argsz: expected a size in bytes from 0 to 4294967295, got -1',
  ],
  [
    'ioctl memory',
    withEvent('{ task: t, do: ioctl, guest: g1, request: get-info, memory: full }'),
    '14:65: events[2].memory: expected where the argument lies: whole, read-only, short, none, got full',
  ],
  [
    'signal to a task that is not there',
    withEvent('{ task: t, do: signal, to: admn }'),
    '14:32: events[2].to: expected the name of a task of this file (admin, t), got admn; did you mean "admin"?',
  ],
  [
    'signal to nobody',
    withEvent('{ task: t, do: signal }'),
    '14:5: events[2].to: expected the name of the task that gets it (letters, digits, "_", "." and "-"), got nothing',
  ],
  [
    'unknown guest',
    withEvent('{ task: t, do: detach, guest: g3 }'),
    '14:35: events[2].guest: expected the name of a guest of this file (g1, g2), got g3; did you mean "g1"?',
  ],
  [
    'guest without mdev',
    example('name: g2, mdev: m2', 'name: g2').replace('guest: g1', 'guest: g2'),
    '13:39: events[1].guest: expected a guest with an mdev, got g2, which has none',
  ],
  ['missing guest', withEvent('{ task: t, do: attach }'), '14:5: events[2].guest: expected the name of a guest, got nothing'],
  [
    'key of other verb',
    withEvent('{ task: t, do: attach, guest: g1, queue: "05.0004" }'),
    '14:39: events[2].queue: expected one of the keys at, task, expect, do, guest, got "queue"',
  ],
  [
    'queue form',
    withEvent('{ task: t, do: unbind, queue: "5.4" }'),
    '14:35: events[2].queue: expected a queue in quotes, like "05.0004", got "5.4"',
  ],
  [
    'driver',
    withEvent('{ task: t, do: bind, queue: "05.0004" }'),
    '14:5: events[2].driver: expected the name of a driver, like vfio_ap (letters, digits, "_", "." and "-"), got nothing',
  ],
  [
    'relative path',
    withEvent('{ task: t, read: sys/x }'),
    '14:22: events[2].read: expected the path of a file below /sys, like /sys/bus/ap/apmask, got sys/x',
  ],
  [
    'path outside',
    withEvent('{ task: t, read: /etc/passwd }'),
    '14:22: events[2].read: expected the path of a file below /sys, like /sys/bus/ap/apmask, got /etc/passwd',
  ],
  [
    'path beside',
    withEvent('{ task: t, write: [/sysx/a, 1] }'),
    '14:24: events[2].write[0]: expected the path of a file below /sys, like /sys/bus/ap/apmask, got /sysx/a',
  ],
  ['write short', withEvent('{ task: t, write: [/sys/x] }'), '14:23: events[2].write: expected [PATH, VALUE], got a list of 1'],
  ['write list', withEvent('{ task: t, write: [/sys/x, [1]] }'), '14:32: events[2].write[1]: expected the text to write, got a list of 1'],
  [
    'checkstop',
    withEvent('{ task: t, do: checkstop, adapter: 7, on: true }'),
    '14:40: events[2].adapter: expected an adapter of the host, or one that an earlier event plugs as { id, type }, got 7',
  ],
  [
    'checkstop on',
    withEvent('{ task: t, do: checkstop, adapter: 5, on: "yes" }'),
    '14:47: events[2].on: expected true or false, got "yes"',
  ],
  [
    'unplug',
    withEvent('{ task: t, do: host-config, unplug: [5, 7] }'),
    '14:45: events[2].unplug[1]: expected an adapter of the host, or one that an earlier event plugs as { id, type }, got 7',
  ],
  [
    'plug',
    withEvent('{ task: t, do: host-config, plug: [7] }'),
    '14:40: events[2].plug[0]: expected an adapter of the host, or one that an earlier event plugs as { id, type }, got 7',
  ],
  [
    'plug type',
    withEvent('{ task: t, do: host-config, plug: [{ id: 7, type: CEX3P }] }'),
    '14:55: events[2].plug[0].type: expected a card type from CEX2A to CEX8P: CEX, generation 2 to 8, mode A, C or, from 4 on, P, got CEX3P',
  ],
  [
    'plug and',
    withEvent('{ task: t, do: host-config, plug: [5], unplug: [6] }'),
    '14:5: events[2]: expected one of plug, unplug, domains, controlDomains, got a map with task, do, plug, unplug',
  ],
  [
    'plug neither',
    withEvent('{ task: t, do: host-config }'),
    '14:5: events[2]: expected one of plug, unplug, domains, controlDomains, got a map with task, do',
  ],
  ['pause', withEvent('{ task: t, do: pause, for: 300 }'), '14:32: events[2].for: expected a time like 300ms or 2s, got 300'],
  [
    'pause expect',
    withEvent('{ task: t, do: pause, for: 300ms, expect: ok }'),
    '14:39: events[2].expect: expected one of the keys at, task, do, for, got "expect"',
  ],
  [
    'repeat 0',
    withEvent('{ task: t, repeat: 0, events: [{ read: /sys/x }] }'),
    '14:24: events[2].repeat: expected a number of repetitions from 1 to 1000000, got 0',
  ],
  [
    'repeat empty',
    withEvent('{ task: t, repeat: 2, events: [] }'),
    '14:35: events[2].events: expected at least one event, got an empty list',
  ],
  [
    'repeat at',
    withEvent('{ task: t, repeat: 2, events: [{ at: 1s, read: /sys/x }] }'),
    '14:42: events[2].events[0].at: expected no "at" inside a repeat: its events follow each other, got 1s',
  ],
  [
    'repeat task',
    withEvent('{ task: t, repeat: 2, events: [{ task: u, read: /sys/x }] }'),
    '14:44: events[2].events[0].task: expected t, the task of the repeat, or none, got u',
  ],
  [
    'repeat inner',
    withEvent('{ task: t, repeat: 2, events: [{ read: /sys/x }, { do: attach, guest: nobody }] }'),
    '14:75: events[2].events[1].guest: expected the name of a guest of this file (g1, g2), got nobody',
  ],
];

describe('scenario errors: events', () => {
  it.each(CASES)('%s', (_name, text, message) => {
    const error = refusal(text);
    expect(error).toBeInstanceOf(ScenarioError);
    expect(error.message).toBe(`t.yaml:${message}`);
    expect(error.message.startsWith(`${error.file}:${error.line}:${error.column}: ${error.path}: expected `)).toBe(true);
  });
});
