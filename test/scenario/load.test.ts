/**
 * What the loader makes of a scenario that is right: ids, defaults, names in paths, events; and how files are found.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { expectedKinds } from '../../src/scenario/expectation.ts';
import { EMBEDDED, loadDefaultScenario, loadScenario, loadScenarioFile } from '../../src/scenario/load.ts';
import { mdevUuid } from '../../src/scenario/mdev-uuid.ts';
import { ScenarioError } from '../../src/scenario/place.ts';
import { EXAMPLE, example, withEvent } from './example.ts';
import { DESIGNS, refusal } from './refusal.ts';

const load = (text: string) => loadScenario(text, 'dir/t.yaml', { designs: DESIGNS });
const verbOf = (event: string) => load(withEvent(event)).events[2]!.verb;
const M1 = '783e6dbb-ea0e-411f-94e2-717eaad438bf';

describe('a scenario that is right', () => {
  it('fills in the defaults', () => {
    const scenario = load(EXAMPLE);
    expect(scenario).toMatchObject({ name: 't', source: 'dir/t.yaml', text: EXAMPLE, design: 'guests-lock', quirks: [], faults: [] });
    expect(scenario.expect).toEqual({ verdict: [], designs: {} });
    const { mdevs, guests, ...host } = scenario.host;
    expect(host).toEqual({
      kernel: 'current',
      adapters: [
        { id: 5, type: 'CEX8C' },
        { id: 6, type: 'CEX8A' },
      ],
      domains: [4, 0x47, 0xab],
      controlDomains: [4, 0x47, 0xab],
      apmask: '-5,-6',
      aqmask: null,
      serviceScale: 1,
    });
    expect(mdevs[1]).toEqual({ name: 'm2', uuid: mdevUuid('m2'), adapters: [5], domains: [0x47], controlDomains: [] });
    expect(guests[1]).toEqual({ name: 'g2', mdev: 'm2', vcpus: 1, workload: null, apie: true, interrupts: true, attach: true });
    expect(guests[0]!.workload).toEqual({ kind: 'rsa', operations: 120, bits: [1024, 4096], forms: ['mex', 'crt'] });
  });

  it('reads JSON to the same scenario as YAML', () => {
    const json = JSON.stringify(parse(EXAMPLE), null, 2);
    const { text: _text, events, ...rest } = load(json);
    const yaml = load(EXAMPLE);
    expect(rest.host).toEqual(yaml.host);
    expect(events.map(({ place: _place, ...event }) => event)).toEqual(yaml.events.map(({ place: _place, ...event }) => event));
  });

  it.each([
    ['4', 4],
    ['0x47', 0x47],
    ['0xFf', 255],
    ['"010"', 8],
    ['"0x10"', 16],
    ["'+7'", 7],
    ['"10"', 10],
    ['0', 0],
  ])('reads the domain %s as %i', (written, value) => {
    expect(load(example('[4, 0x47, 0xab]', `[${written}]`)).host.domains).toEqual([value]);
  });

  it('expands ranges to a host of 256 adapters and domains', () => {
    const { host } = load(
      'host:\n  adapters: { range: [0, 255], type: CEX7P }\n  domains: [{ range: [1, 0xff] }, 0]\n  controlDomains: [3]\n',
    );
    expect(host.adapters).toHaveLength(256);
    expect(host.adapters[255]).toEqual({ id: 255, type: 'CEX7P' });
    expect(host.domains).toEqual([...Array.from({ length: 255 }, (_, i) => i + 1), 0]);
    expect(host.controlDomains).toEqual([3]);
    const listed = load('host:\n  adapters: [{ range: [2, 3], type: CEX4A }, { id: "010", type: CEX5C }]\n  domains: []\n').host.adapters;
    expect(listed.map(({ id }) => id)).toEqual([2, 3, 8]);
  });

  it('takes a mask on either side as enough to free an APQN', () => {
    expect(load(example('apmask: "-5,-6"', 'aqmask: "-4,-0x47,-0xab"')).host).toMatchObject({ apmask: null, aqmask: '-4,-0x47,-0xab' });
  });

  it('follows anchors and aliases', () => {
    const shared = load(example('workload: { rsa', 'workload: &w { rsa').replace('mdev: m2 }', 'mdev: m2, workload: *w }')).host.guests;
    expect(shared[1]!.workload).toEqual(shared[0]!.workload);
  });

  it('takes fractions as service scale', () => {
    expect(load(example('host:', 'host:\n  serviceScale: 0.25\n  kernel: current')).host).toMatchObject({
      serviceScale: 0.25,
      kernel: 'current',
    });
  });

  it('keeps what is expected of each design', () => {
    const { expect: expected } = load(example('events:', 'expect: { designs: { kvm-busy: [deadlock] } }\nevents:'));
    expect(expectedKinds(expected, 'kvm-busy')).toEqual(['deadlock']);
    expect(expectedKinds(expected, 'guests-lock')).toEqual([]);
    expect(expectedKinds(expected, 'toString')).toEqual([]);
  });

  it.each(['./my-design.ts', '../x/my-design.yaml', '/abs/d.ts'])('leaves the design file %s to the design loader', (design) => {
    expect(load(example('events:', `design: ${design}\nevents:`)).design).toBe(design);
  });

  it('derives UUIDs of version 5 from the name alone', () => {
    expect(mdevUuid('m2')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(mdevUuid('m2')).toBe(mdevUuid('m2'));
    expect(mdevUuid('m2')).not.toBe(mdevUuid('m3'));
  });
});

describe('events', () => {
  it('says when, who, what and what should come back', () => {
    const [first, second] = load(EXAMPLE).events;
    expect(first).toEqual({
      at: { kind: 'share', share: 0.25 },
      task: 'admin',
      verb: { kind: 'write', path: `/sys/devices/vfio_ap/matrix/${M1}/unassign_adapter`, value: '6' },
      expect: 'ok',
      place: { file: 'dir/t.yaml', line: 12, column: 5 },
    });
    expect(second).toMatchObject({ at: null, expect: null, verb: { kind: 'attach', guest: 'g1' } });
  });

  it.each([
    ['now', { kind: 'now' }],
    ['12.5%', { kind: 'share', share: 0.125 }],
    ['{ op: 240 }', { kind: 'operations', count: 240 }],
    ['2s', { kind: 'time', ms: 2000 }],
    ['150ms', { kind: 'time', ms: 150 }],
    ['0.5s', { kind: 'time', ms: 500 }],
  ])('at: %s', (at, when) => {
    expect(load(withEvent(`{ at: ${at}, task: t, read: /sys/x }`)).events[2]!.at).toEqual(when);
  });

  it.each([
    ['read: /sys/bus/mdev/devices/m1/matrix', { kind: 'read', path: `/sys/bus/mdev/devices/${M1}/matrix` }],
    ['read: /sys/bus/mdev/devices/m12/matrix', { kind: 'read', path: '/sys/bus/mdev/devices/m12/matrix' }],
    ['read: /sys/bus/ap/devices/m1', { kind: 'read', path: '/sys/bus/ap/devices/m1' }],
    ['write: [/sys/devices/vfio_ap/matrix/m1, 0xAB]', { kind: 'write', path: `/sys/devices/vfio_ap/matrix/${M1}`, value: '0xAB' }],
    ['write: [/sys/x, "a\\n"]', { kind: 'write', path: '/sys/x', value: 'a\n' }],
    ['write: [/sys/x, ""]', { kind: 'write', path: '/sys/x', value: '' }],
    ['do: detach, guest: g2', { kind: 'detach', guest: 'g2' }],
    ['do: unbind, queue: "05.00AB"', { kind: 'unbind', queue: '05.00ab' }],
    ['do: bind, queue: "05.0004", driver: vfio_ap', { kind: 'bind', queue: '05.0004', driver: 'vfio_ap' }],
    ['do: checkstop, adapter: "05", on: true', { kind: 'checkstop', adapter: 5, on: true }],
    ['do: host-config, unplug: [6, 5]', { kind: 'unplug', adapters: [6, 5] }],
    ['do: pause, for: 300ms', { kind: 'pause', ms: 300 }],
    [
      'do: host-config, plug: [6, { id: 9, type: CEX6P }]',
      {
        kind: 'plug',
        adapters: [
          { id: 6, type: 'CEX8A' },
          { id: 9, type: 'CEX6P' },
        ],
      },
    ],
  ])('%s', (fields, verb) => {
    expect(verbOf(`{ task: t, ${fields} }`)).toEqual(verb);
  });

  it('knows an adapter that an earlier event plugs', () => {
    const text = `${withEvent('{ task: t, do: host-config, plug: [{ id: 9, type: CEX6P }] }')}  - { task: t, do: checkstop, adapter: 9, on: false }\n`;
    expect(load(text).events[3]!.verb).toEqual({ kind: 'checkstop', adapter: 9, on: false });
  });

  it('gives the events of a repeat its task', () => {
    const verb = verbOf(
      '{ at: 1s, task: t, repeat: 3, events: [{ do: attach, guest: g2 }, { repeat: 2, events: [{ read: /sys/x, expect: EBUSY }] }] }',
    );
    expect(verb).toMatchObject({
      kind: 'repeat',
      times: 3,
      events: [
        { at: null, task: 't', verb: { kind: 'attach', guest: 'g2' } },
        { task: 't', verb: { kind: 'repeat', times: 2, events: [{ at: null, task: 't', expect: 'EBUSY' }] } },
      ],
    });
  });
});

describe('hostile texts', () => {
  it.each([
    ['deep nesting', `host: ${'['.repeat(100)}${']'.repeat(100)}`, /at most 64 levels/],
    ['nesting that exhausts the YAML parser', `host: ${'['.repeat(100_000)}`, /a YAML error|at most 64 levels/],
    ['aliases that multiply', `a: &a [${'1,'.repeat(99)}1]\n${manyAliases()}`, /at most 200000 values/],
  ])('%s', (_name, text, message) => {
    expect(refusal(text).message).toMatch(message);
  });

  function manyAliases(): string {
    return ['b', 'c', 'd'].map((name, i) => `${name}: &${name} [${`*${'abc'[i]!}, `.repeat(100)}]\n`).join('');
  }
});

describe('files', () => {
  const dir = mkdtempSync(join(tmpdir(), 'apemu-scenario-'));
  afterAll(() => rmSync(dir, { recursive: true }));

  it('loads a file and names the scenario after it', () => {
    const path = join(dir, 'two.yaml');
    writeFileSync(path, EXAMPLE);
    expect(loadScenarioFile(path, { designs: DESIGNS })).toMatchObject({ name: 'two', source: path });
  });

  it.each([
    ['a missing file', 'nowhere.yaml', 'ENOENT: no such file or directory'],
    ['a directory', '.', 'EISDIR: illegal operation on a directory'],
    ['bytes that are not UTF-8', 'latin1.yaml', 'a file that is not UTF-8'],
  ])('refuses %s with its path', (_name, file, reason) => {
    writeFileSync(join(dir, 'latin1.yaml'), Buffer.from('name: \xe9', 'latin1'));
    const path = join(dir, file);
    expect(() => loadScenarioFile(path)).toThrow(ScenarioError);
    expect(() => loadScenarioFile(path)).toThrow(`${path}:1:1: (document): expected a readable scenario file, got ${reason}`);
  });

  it('comes with the three-guest example', () => {
    const scenario = loadDefaultScenario({ designs: DESIGNS });
    expect(scenario).toMatchObject({ name: 'three-guests', source: EMBEDDED, design: 'guests-lock', expect: { verdict: [] } });
    expect(scenario.host.mdevs.map(({ adapters, domains }) => [adapters, domains])).toEqual([
      [
        [5, 6],
        [4, 0xab],
      ],
      [[5], [0x47, 0xff]],
      [[6], [0x47, 0xff]],
    ]);
    expect(scenario.host.guests.map(({ name, mdev, vcpus }) => [name, mdev, vcpus])).toEqual([
      ['guest1', 'm1', 2],
      ['guest2', 'm2', 2],
      ['guest3', 'm3', 2],
    ]);
    expect(scenario.events.map(({ at, verb }) => [at?.kind === 'share' ? at.share : at, verb.kind])).toEqual([
      [0.25, 'write'],
      [null, 'write'],
      [0.5, 'write'],
      [null, 'write'],
      [0.75, 'write'],
      [null, 'pause'],
      [null, 'write'],
    ]);
  });
});
