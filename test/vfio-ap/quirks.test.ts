/**
 * Goal: every known defect does harm that a checker sees, says what it is, and is off unless it is asked for.
 * Method: random walks of a small scenario with the defect and without it; most scenarios are those of the bug corpus.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadScenario, loadScenarioFile } from '../../src/scenario/load.ts';
import { QUIRK_NAMES, QUIRKS, type QuirkName } from '../../src/vfio-ap/quirks.ts';
import { firstFindings } from '../helpers/schedules.ts';
import { ROOT } from '../tidy/tree.ts';

const HOST = `
host: { adapters: [{ id: 5, type: CEX8C }], domains: [4, 5], apmask: "-5", serviceScale: 0 }
`;
const ONE_QUEUE = `${HOST}
mdevs: [{ name: m1, adapters: [5], domains: [4] }]
`;

/** A queue is taken from its mdev while no guest could have it; then the mdev goes, then the queue. */
const UNHASHED = `${HOST}
mdevs: [{ name: m1, adapters: [5], domains: [4, 5] }]
events:
  - { task: admin, do: unbind, queue: "05.0005", expect: ok }
  - { task: admin, write: [/sys/devices/vfio_ap/matrix/m1/unassign_adapter, "5"], expect: ok }
  - { task: admin, write: [/sys/devices/vfio_ap/matrix/m1/remove, "1"], expect: ok }
  - { task: admin, do: unbind, queue: "05.0004", expect: ok }
`;

const CHECKSTOP = `${ONE_QUEUE}
guests: [{ name: guest1, mdev: m1, workload: { instructions: [aqic 05.0004] } }]
events: [{ task: firmware, do: checkstop, adapter: 5, on: true, expect: ok }]
`;

const WANTED_BACK = `${ONE_QUEUE}
guests: [{ name: guest1, mdev: m1, workload: { instructions: [] } }]
events:
  - { task: admin, do: unbind, queue: "05.0004", expect: ok }
  - { task: admin, do: bind, queue: "05.0004", driver: vfio_ap, expect: ok }
  - { task: remover, write: [/sys/devices/vfio_ap/matrix/m1/remove, "1"], expect: ok }
`;

const corpus = (name: string) => loadScenarioFile(join(ROOT, 'scenarios', 'corpus', `${name}.yaml`));

/** The scenario, and the first thing that is found. */
const CASES: Readonly<Record<QuirkName, readonly [ReturnType<typeof corpus>, RegExp]>> = {
  Q1: [corpus('12-host-config-without-guest'), /^NULL pointer dereference: the kvm of mdev .* firmware would oops$/],
  Q2: [corpus('15-last-adapter-stays'), /^invariant e: .*CRYCB of guest1 differs/],
  Q3: [corpus('16-control-domain-stays'), /^invariant c: .* has adm bits 5 that are not assigned or not in the host$/],
  Q4: [corpus('17-second-guest-stopped'), /the vCPUs of guest2 are stopped to be given the masks that they have$/],
  Q5: [corpus('18-uninitialised-bitmap'), /queue 05\.0004 is reset although guest1 has it$/],
  Q6: [loadScenario(UNHASHED, 'unhashed.yaml'), /^use after free: matrix mdev .* is read \(kvm\) by admin, but admin freed it$/],
  Q7: [corpus('14-list-without-lock'), /^matrix\.mdev_list is written by .* without its guard/],
  Q10: [loadScenario(CHECKSTOP, 'checkstop.yaml'), /^invariant h: .*guest1 has 1 ISC references, its queues account for 0$/],
  Q14: [loadScenario(WANTED_BACK, 'wanted-back.yaml'), /guest1 gets AP resources back while its device is wanted back$/],
  Q16: [corpus('33-unmap-cycle'), /^possible circular locking.*iommu->lock/],
  'filter-new-ids-only': [corpus('24-new-ids-filtered-only'), /^invariant d: .*05\.0004 is in the shadow of .* but no queue is linked/],
  'probe-error-leak': [corpus('32-probe-error-path'), /^NULL pointer dereference: the driver data of queue 05\.0004/],
  'required-lock-missing': [corpus('13-pending-without-lock'), /apm_add\/aqm_add\/adm_add is written by firmware without its guard/],
  'reset-after-host-removal': [corpus('22-reset-after-host-removal'), /queue 05\.0004 is reset although it has left the host$/],
  'reset-siblings-skipped': [corpus('20-siblings-not-reset'), /05\.0005 comes to guest1 with 1 messages of an earlier owner$/],
  'stale-hook': [corpus('10-stale-pqap-hook'), /^invariant g: .* has guest1, whose hook does not lead to it$/],
  'status-in-probe': [
    corpus('11-status-during-probe'),
    /^NULL pointer dereference: the driver data of queue 05\.0004 .* reader would oops$/,
  ],
};

describe.each(QUIRKS)('$name: $does', ({ name }) => {
  const [scenario, title] = CASES[name];

  test('a checker catches it', async () => {
    const findings = await firstFindings(scenario, [name], 1000);
    expect(findings[0]?.title).toMatch(title);
  });
});

// Those of the corpus are looked at in its own test.
test.each(['Q6', 'Q10', 'Q14'] as const)('the runs of %s are clean without it', async (name) => {
  expect(await firstFindings(CASES[name][0], [], 20)).toEqual([]);
});

test('names are unique and every defect says what comes of it', () => {
  expect(new Set(QUIRK_NAMES).size).toBe(QUIRKS.length);
  for (const { does, consequence } of QUIRKS) expect(Math.min(does.length, consequence.length)).toBeGreaterThan(10);
});
