/**
 * Goal: every known defect does harm that a checker sees, says what it is, and is off unless it is asked for.
 * Method: random walks of the scenario of the bug corpus that shows it. That those are clean without it is the corpus' own test.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EADDRINUSE, EBUSY } from '../../src/base/errno.ts';
import { loadScenarioFile } from '../../src/scenario/load.ts';
import { QUIRK_NAMES, QUIRKS, type QuirkName } from '../../src/vfio-ap/quirks.ts';
import { M1, M2, RUNTIMES, onHost } from '../helpers/host.ts';
import { firstFindings } from '../helpers/schedules.ts';
import { ROOT } from '../tidy/tree.ts';

/** The first thing that is found. */
const FOUND: Readonly<Record<QuirkName, RegExp>> = {
  Q1: /^NULL pointer dereference: the kvm of mdev .* firmware would oops$/,
  Q2: /^invariant e: .*CRYCB of guest1 differs/,
  Q3: /^invariant c: .* has adm bits 5 that are not assigned or not in the host$/,
  Q4: /the vCPUs of guest2 are stopped to be given the masks that they have$/,
  Q5: /queue 05\.0004 is reset although guest1 has it$/,
  Q6: /^use after free: matrix mdev .* is read \(kvm\) by admin, but admin freed it$/,
  Q7: /^matrix\.mdev_list is written by .* without its guard/,
  Q8: /\.matrix is read by reader without its guard \(guests_lock or mdevs_lock\)$/,
  Q9: /^invariant additions: .* adapter 6, of type 9, waits for /,
  Q10: /^invariant h: .*guest1 has 1 reference of ISC \d, its queues account for 0$/,
  Q11: /^invariant g: /,
  Q12: /^invariant given: .* adapter 5 is left out of .*, although each of its queues is linked and passable$/,
  Q13: /guest1 finds NORMAL in GR1, the answer was Q_NOT_AVAIL$/,
  Q14: /guest1 gets AP resources back while its device is wanted back$/,
  Q15: /^invariant removed: .* has been removed, but guest1 has it$/,
  Q16: /^possible circular locking.*iommu->lock/,
  'filter-new-ids-only': /^invariant d: .*05\.0004 is in the shadow of .* but no queue is linked/,
  'node-destroyed-under-mutex': /^possible circular locking.*ap_attr_mutex/,
  'override-device-lock': /^possible circular locking.*(dev->mutex|ap_attr_mutex)/,
  'probe-error-leak': /^NULL pointer dereference: the driver data of queue 05\.0004/,
  'required-lock-missing': /apm_add\/aqm_add\/adm_add is written by firmware without its guard/,
  'reset-after-host-removal': /queue 05\.0004 is reset although it has left the host$/,
  'reset-siblings-skipped': /05\.0005 comes to guest1 with 1 messages of an earlier owner$/,
  'stale-hook': /^invariant g: .* has guest1, whose hook does not lead to it$/,
  'vsie-no-restart': /^invariant: nested guests follow their hypervisor: one of guest1 runs under masks that guest1 has no more$/,
  'weight-of-last-card': /^invariant: loads are what is under way: load of card05 is \d+, the requests under way weigh \d+$/,
  'status-in-probe': /^NULL pointer dereference: the driver data of queue 05\.0004 .* reader would oops$/,
};

const scenarioFile = (name: string): string => join(ROOT, 'scenarios', 'corpus', `${name}.yaml`);

describe.each(QUIRKS)('$name: $does', ({ name, shownBy }) => {
  test('a checker catches it', async () => {
    const scenario = loadScenarioFile(scenarioFile(shownBy));
    expect(scenario.quirks).toEqual([name]);
    const findings = await firstFindings(scenario, [name], 1000);
    expect(findings[0]?.title).toMatch(FOUND[name]);
  });
});

test('names are unique and every defect says what comes of it, and in which scenario', () => {
  expect(new Set(QUIRK_NAMES).size).toBe(QUIRKS.length);
  for (const { does, consequence } of QUIRKS) expect(Math.min(does.length, consequence.length)).toBeGreaterThan(10);
  expect(QUIRKS.filter(({ shownBy }) => !existsSync(scenarioFile(shownBy)))).toEqual([]);
});

test('the defects of the specification are all there, in its order', () => {
  const listed = Array.from({ length: 16 }, (_, i) => `Q${i + 1}`);
  expect(QUIRK_NAMES.filter((name) => name.startsWith('Q'))).toEqual(listed);
});

describe('Q12', () => {
  const LOSES = { adapters: [5], domains: [4, 0x47] };

  test.each(RUNTIMES)('what was left out comes back with the next thing that filters, on the %s runtime', (kind) =>
    onHost(kind, { quirks: ['Q12'], findings: true }, async (host, task) => {
      await host.create(task, M1, LOSES);
      await host.attach(task, 'guest1', M1);
      await host.unbind(task, '05.0047');
      expect(host.masks('guest1').apm).toEqual([]);
      expect(host.layer.findings.list).toEqual([]);
      await host.store(task, M1, 'unassign_domain', '0x47');
      expect(host.masks('guest1')).toMatchObject({ apm: [], aqm: [4] });
      expect(host.layer.findings.list.map(({ title }) => title)).toEqual([expect.stringContaining('adapter 5 is left out')]);
      await host.store(task, M1, 'assign_domain', '0xab');
      expect(host.masks('guest1')).toMatchObject({ apm: [5], aqm: [4, 0xab] });
    }),
  );

  test('is what the driver does in any case: only naming it has a checker look', () =>
    onHost('controlled', {}, async (host, task) => {
      await host.create(task, M1, LOSES);
      await host.attach(task, 'guest1', M1);
      await host.unbind(task, '05.0047');
      await host.store(task, M1, 'unassign_domain', '0x47');
      expect(host.masks('guest1').apm).toEqual([]);
    }));

  test('an adapter whose queue is missing is left out for a reason', () =>
    onHost('controlled', { quirks: ['Q12'] }, async (host, task) => {
      await host.create(task, M1, LOSES);
      await host.unbind(task, '05.0047');
      await host.store(task, M1, 'unassign_domain', '4');
      expect(await host.show(task, M1, 'guest_matrix')).toBe('.0047\n');
      await host.bind(task, '05.0047');
      expect(await host.show(task, M1, 'guest_matrix')).toBe('05.0047\n');
    }));
});

describe('Q15', () => {
  test.each([
    ['with it -EBUSY', ['Q15'], EBUSY],
    ['without it -EADDRINUSE', [], EADDRINUSE],
  ] as const)('a queue of another mdev is refused, %s', (_how, quirks, errno) =>
    onHost('controlled', { quirks }, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.create(task, M2, { domains: [4] });
      expect(await host.store(task, M2, 'assign_adapter', '5')).toBe(errno);
      expect(await host.show(task, M2, 'matrix')).toBe('.0004\n');
    }),
  );

  test.each(RUNTIMES)('what a removal leaves behind keeps its queues from others, on the %s runtime', (kind) =>
    onHost(kind, { quirks: ['Q15'], findings: true }, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      await host.store(task, M1, 'remove', '1');
      expect(host.machine.vfioAp.parent.has(M1)).toBe(false);
      expect(host.masks('guest1')).toMatchObject({ apm: [5], aqm: [4] });
      await host.create(task, M2, { domains: [4] });
      expect(await host.store(task, M2, 'assign_adapter', '5')).toBe(EBUSY);
      await host.detach(task, 'guest1');
      expect(await host.store(task, M2, 'assign_adapter', '5')).toBe(EBUSY);
      expect(host.layer.findings.list.map(({ title }) => title)).toContainEqual(expect.stringMatching(FOUND.Q15));
    }),
  );

  test('an mdev that nobody has open is removed as ever', () =>
    onHost('controlled', { quirks: ['Q15'] }, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.store(task, M1, 'remove', '1');
      expect(host.machine.vfioAp.findMdev(M1)).toBeNull();
    }));
});
