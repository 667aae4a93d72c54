/**
 * Hosts for the property that an import of an export gives the same host: cards, domains, masks, mdevs that the masks and each other allow, guests.
 */
import fc from 'fast-check';
import { mdevUuid } from '../../../src/scenario/mdev-uuid.ts';
import { parseMaskText } from '../../../src/base/mask-text.ts';
import { ApMask } from '../../../src/base/ap-mask.ts';
import { loadScenario } from '../../../src/scenario/load.ts';
import type { Scenario } from '../../../src/scenario/scenario.ts';

const TYPES = ['CEX4A', 'CEX5C', 'CEX6P', 'CEX7C', 'CEX8A', 'CEX8P'];

/** Mostly small numbers, so that lists meet each other; now and then none at all. */
function ids(max: number, most: number): fc.Arbitrary<number[]> {
  const id = fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 0, max: 3 }) }, fc.integer({ min: 0, max }));
  return fc.oneof(fc.constant<number[]>([]), { weight: 6, arbitrary: fc.uniqueArray(id, { minLength: 1, maxLength: most }) });
}

/** All ones leave no queue to an mdev. */
const mask = fc.oneof(
  fc.constant<string | null>(null),
  {
    weight: 3,
    arbitrary: fc
      .uniqueArray(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 })
      .map((list) => list.map((id) => `-${id}`).join(',')),
  },
  { weight: 2, arbitrary: fc.constant('0x00') },
);

interface Wish {
  readonly adapters: readonly number[];
  readonly domains: readonly number[];
  readonly controlDomains: readonly number[];
  readonly guest: boolean;
}

const wish = (apxa: boolean): fc.Arbitrary<Wish> =>
  fc.record({
    adapters: ids(apxa ? 255 : 63, 3),
    domains: ids(apxa ? 255 : 15, 3),
    controlDomains: ids(apxa ? 255 : 15, 2),
    guest: fc.boolean(),
  });

/** A scenario that boots. */
export const topology: fc.Arbitrary<Scenario> = fc
  .record({ apxa: fc.boolean(), kernel: fc.constantFrom('current', '6.0'), apmask: mask, aqmask: mask })
  .chain((base) => {
    const last = base.apxa ? { adapter: 255, domain: 255 } : { adapter: 63, domain: 15 };
    return fc.record({
      ...(Object.fromEntries(Object.entries(base).map(([name, value]) => [name, fc.constant(value)])) as {
        [K in keyof typeof base]: fc.Arbitrary<(typeof base)[K]>;
      }),
      adapters: ids(last.adapter, 3).chain((list) =>
        fc.tuple(...list.map((id) => fc.constantFrom(...TYPES).map((type) => ({ id, type })))),
      ),
      domains: ids(last.domain, 4),
      controlDomains: ids(last.domain, 4),
      wishes: fc.array(wish(base.apxa), { maxLength: 3 }),
    });
  })
  .map(({ wishes, kernel, apxa, apmask, aqmask, ...host }) => {
    const { mdevs, guests } = granted(wishes, { apmask, aqmask });
    const masks = { ...(apmask === null ? {} : { apmask }), ...(aqmask === null ? {} : { aqmask }) };
    const fields = { host: { ...host, ...masks, kernel, apxa, serviceScale: 0 }, mdevs, guests };
    return loadScenario(JSON.stringify(fields), 'made-up.json');
  });

/** As many of the mdevs as the driver would let be. */
function granted(
  wishes: readonly Wish[],
  { apmask, aqmask }: { apmask: string | null; aqmask: string | null },
): { mdevs: object[]; guests: object[] } {
  const stored = (text: string | null): ApMask => (text === null ? ApMask.FULL : (parseMaskText(text, ApMask.FULL) as ApMask));
  const [apm, aqm] = [stored(apmask), stored(aqmask)];
  const taken = new Set<string>();
  const mdevs: object[] = [];
  const guests: object[] = [];
  wishes.forEach(({ adapters, domains, controlDomains, guest }, i) => {
    const apqns = adapters.flatMap((adapter) => domains.map((domain) => ({ adapter, domain })));
    const free = apqns.every(({ adapter, domain }) => !(apm.has(adapter) && aqm.has(domain)) && !taken.has(`${adapter}.${domain}`));
    if (!free) return;
    for (const { adapter, domain } of apqns) taken.add(`${adapter}.${domain}`);
    const name = `m${i}`;
    mdevs.push({ name, uuid: mdevUuid(name), adapters, domains, controlDomains });
    if (guest) guests.push({ name: `guest${i}`, mdev: name });
  });
  return { mdevs, guests };
}
