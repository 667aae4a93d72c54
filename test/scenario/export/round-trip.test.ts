/**
 * Goal: an import of an export gives the same host, as far as the format can carry it.
 * Method: hosts by seed, booted, exported in every format, imported again, and compared field by field.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exportHost } from '../../../src/scenario/export/export-host.ts';
import { importFiles } from '../../../src/scenario/import/import-files.ts';
import { designOf } from '../../../src/scenario/design-file.ts';
import { loadScenario } from '../../../src/scenario/load.ts';
import { hostMasks } from '../../../src/scenario/mdevs.ts';
import type { Scenario } from '../../../src/scenario/scenario.ts';
import { topology } from './topologies.ts';

async function roundTrip(format: string, scenario: Scenario): Promise<Scenario> {
  const folder = mkdtempSync(join(tmpdir(), 'apemu-export-'));
  try {
    const path = join(folder, 'exported');
    const text = await exportHost(format, scenario, designOf(scenario.design)!, path);
    if (text !== null) writeFileSync(path, text);
    return loadScenario(importFiles({ files: [path], partitions: [], variants: [] }), 'imported');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const sorted = (list: Iterable<number>): number[] => [...list].toSorted((a, b) => a - b);

function mdevsOf({ host }: Scenario): Record<string, unknown> {
  return Object.fromEntries(
    host.mdevs.map(({ uuid, adapters, domains, controlDomains }) => [uuid, [sorted(adapters), sorted(domains), sorted(controlDomains)]]),
  );
}

/** A card without a queue is no device: nobody sees it. */
const visibleCards = (scenario: Scenario): unknown => (scenario.host.domains.length === 0 ? [] : adaptersOf(scenario));

const adaptersOf = ({ host }: Scenario): unknown => host.adapters.toSorted((a, b) => a.id - b.id);

function masksOf({ host: { apmask, aqmask } }: Scenario): string[] {
  const { apm, aqm } = hostMasks(apmask, aqmask);
  return [apm.toString(), aqm.toString()];
}

/** Queues of the host that there are, by who has them. */
function ownersOf({ host }: Scenario): Record<string, boolean> {
  const { apm, aqm } = hostMasks(host.apmask, host.aqmask);
  return Object.fromEntries(
    host.adapters.flatMap(({ id }) => host.domains.map((domain) => [`${id}.${domain}`, apm.has(id) && aqm.has(domain)])),
  );
}

/** UUIDs of mdevs in a guest that has a queue: only then a tree shows it. */
function visiblyInUse({ host }: Scenario): string[] {
  const there = (mdev: (typeof host.mdevs)[number]): boolean =>
    mdev.adapters.some((id) => host.adapters.some((adapter) => adapter.id === id)) && mdev.domains.some((id) => host.domains.includes(id));
  const used = host.guests.flatMap(({ mdev }) => host.mdevs.filter(({ name }) => name === mdev));
  return used
    .filter(there)
    .map(({ uuid }) => uuid)
    .toSorted();
}

const check = (format: string, compare: (was: Scenario, is: Scenario) => void): Promise<void> =>
  fc.assert(
    fc.asyncProperty(topology, async (scenario) => {
      compare(scenario, await roundTrip(format, scenario));
    }),
    { numRuns: 12, seed: 5 },
  );

test('scenario: everything', () =>
  check('scenario', (was, is) => {
    expect({ ...is.host, adapters: adaptersOf(is), mdevs: mdevsOf(is), apmask: '', aqmask: '', domains: [], controlDomains: [] }).toEqual({
      ...was.host,
      adapters: adaptersOf(was),
      mdevs: mdevsOf(was),
      ...{ apmask: '', aqmask: '', domains: [], controlDomains: [] },
    });
    expect([masksOf(is), sorted(is.host.domains), sorted(is.host.controlDomains)]).toEqual([
      masksOf(was),
      sorted(was.host.domains),
      sorted(was.host.controlDomains),
    ]);
    expect(is.design).toBe(was.design);
  }));

test('sysfs: cards, domains, masks, mdevs, and which of them are in use', () =>
  check('sysfs', (was, is) => {
    expect([adaptersOf(is), sorted(is.host.domains), sorted(is.host.controlDomains)]).toEqual([
      visibleCards(was),
      sorted(was.host.domains),
      sorted(was.host.controlDomains),
    ]);
    expect([masksOf(is), mdevsOf(is), visiblyInUse(is)]).toEqual([masksOf(was), mdevsOf(was), visiblyInUse(was)]);
    expect([is.host.apxa ?? true, is.host.kernel]).toEqual([was.host.apxa ?? true, was.host.kernel]);
    expect(is.host.guests.map(({ mdev }) => is.host.mdevs.find(({ name }) => name === mdev)!.uuid).toSorted()).toEqual(visiblyInUse(was));
  }));

test('mdevctl: the mdevs', () => check('mdevctl', (was, is) => expect(mdevsOf(is)).toEqual(mdevsOf(was))));

test.each(['lszcrypt', 'lszcrypt-2.16'])('%s: cards, domains that have a queue, and who has which', (format) =>
  check(format, (was, is) => {
    expect(adaptersOf(is)).toEqual(visibleCards(was));
    expect(sorted(is.host.domains)).toEqual(was.host.adapters.length === 0 ? [] : sorted(was.host.domains));
    expect(ownersOf(is)).toEqual(was.host.adapters.length === 0 ? {} : ownersOf(was));
  }),
);

test('the hosts of the property have queues on both sides, mdevs and guests', () => {
  const all = fc.sample(topology, { numRuns: 25, seed: 5 });
  const owners = all.flatMap((scenario) => Object.values(ownersOf(scenario)));
  const counted = all.flatMap(({ host }) => host.mdevs.flatMap(({ adapters, domains }) => adapters.length * domains.length));
  expect([owners.includes(true), owners.includes(false), Math.max(...counted) > 1, all.some((it) => visiblyInUse(it).length > 0)]).toEqual([
    true,
    true,
    true,
    true,
  ]);
});
