/**
 * Goal: what `scenarioText` writes loads to the scenario that it was made of. Method: all scenarios of the repository there and back, the
 * spellings that could be read as something else, and scenarios of random parts.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadScenario, loadScenarioFile } from '../../src/scenario/load.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { scenarioText } from '../../src/scenario/scenario-text.ts';
import { ROOT } from '../tidy/tree.ts';
import { scenarioText as small } from '../campaign/small-scenario.ts';

const FILES = ['', 'corpus', 'history'].flatMap((folder) => {
  const path = join(ROOT, 'scenarios', folder);
  return readdirSync(path)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => join(path, name));
});

/** Its text is another one, and so is the place of everything in it. */
const withoutPlaces = (scenario: Scenario): unknown =>
  JSON.parse(JSON.stringify({ ...scenario, text: '' }, (key, value: unknown) => (key === 'place' ? undefined : value)));

function expectSame(scenario: Scenario): void {
  const again = loadScenario(scenarioText(scenario), scenario.source);
  expect(withoutPlaces(again)).toEqual(withoutPlaces(scenario));
  // What is written of it is the same, too: there is one way to write a scenario.
  expect(scenarioText(again)).toBe(scenarioText(scenario));
}

test.each(FILES)('%s loads to the same again', (path) => expectSame(loadScenarioFile(path)));

describe('what could be read as something else is written so that it is not:', () => {
  test.each([
    '{ task: "05.0004", do: unbind, queue: "05.0004" }',
    '{ task: "010", do: bind, queue: "ab.0004", driver: "0X5" }',
    '{ task: "true", write: [/sys/bus/ap/apmask, "0x00ff"] }',
    '{ task: a, write: [/sys/bus/ap/apmask, 0xab] }',
    '{ task: a, write: [/sys/bus/ap/apmask, ""] }',
    '{ task: a, write: [/sys/bus/ap/apmask, "+1\\n"] }',
    '{ task: a, write: ["/sys/bus/ap/a: b, #c", " no "] }',
    '{ task: a, write: [/sys/devices/vfio_ap/matrix/mdev_supported_types/vfio_ap-passthrough/create, m1] }',
    '{ at: 0.1s, task: a, do: pause, for: 0.0000001s }',
    '{ at: 33.3%, task: a, read: /sys/devices/vfio_ap/matrix/m1/matrix, expect: ENODEV }',
    '{ at: { op: 1 }, task: a, do: open, guest: guest1, mdev: m1, keep: true }',
    '{ task: a, do: host-config, plug: [{ id: 9, type: CEX5A }, 5] }, { task: a, do: host-config, unplug: [9] }',
    '{ task: a, do: host-config, domains: [] }, { task: a, do: host-config, controlDomains: [1, 2, 3, 4] }',
    '{ at: now, task: a, repeat: 3, events: [{ repeat: 2, events: [{ do: pause, for: 1ms }] }, { do: checkstop, adapter: 5, on: true }] }',
  ])('%s', (events) => expectSame(loadScenario(small({ events, more: 'faults: [probe-allocation]' }), 'small.yaml')));

  test('a factor of many decimals', () => {
    expectSame(loadScenario(small({}).replace('serviceScale: 0', 'serviceScale: 0.00000012'), 'small.yaml'));
  });

  test('a name that comes from a file and could not stand in one', () => {
    const scenario = loadScenario(small({}), 'a b (2).yaml');
    expect(scenario.name).toBe('a b (2)');
    expectSame(scenario);
  });
});

describe('random', () => {
  const id = fc.nat({ max: 255 });
  /** As the loader makes them of percentages. */
  const part = fc.nat({ max: 1e6 }).map((n) => n / 1e4 / 100);
  const time = fc.double({ min: 1e-9, max: 1e9, noNaN: true });
  const text = fc.string({ unit: 'grapheme-ascii', maxLength: 12 });

  test('shares, times and texts to write', () => {
    const base = loadScenario(small({ events: '{ task: a, write: [/sys/bus/ap/apmask, x] }' }), 'small.yaml');
    fc.assert(
      fc.property(part, time, text, (share, ms, value) => {
        const [event] = base.events;
        const events = [
          { ...event!, at: { kind: 'share', share } as const },
          { ...event!, at: { kind: 'time', ms } as const, verb: { kind: 'write', path: '/sys/bus/ap/apmask', value } as const },
        ];
        expectSame({ ...base, events });
      }),
    );
  });

  test('hosts', () => {
    const base = loadScenario(small({ guests: '' }), 'small.yaml');
    const ids = fc.uniqueArray(id, { maxLength: 40 });
    fc.assert(
      fc.property(ids, ids, ids, fc.boolean(), (adapters, domains, others, sameControl) => {
        const host = {
          ...base.host,
          adapters: adapters.map((number, i) => ({ id: number, type: i % 3 === 0 ? 'CEX8C' : 'CEX4A' })),
          domains,
          controlDomains: sameControl ? domains : others,
          mdevs: [{ ...base.host.mdevs[0]!, adapters: [], controlDomains: others }],
        };
        expectSame({ ...base, host });
      }),
    );
  });
});
