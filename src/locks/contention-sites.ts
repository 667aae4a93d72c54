/**
 * Who waits for whom where: pairs of the place where a task had to wait and the place where the holder had taken the lock, per class
 * (kernel: contention_point and contending_point of lock_stat, four of each and not in pairs). Sampled at contention only, and more
 * seldom as a class has more of it: a stack costs microseconds.
 */
import type { Place } from './place.ts';

export interface ContentionSite {
  readonly lock: string;
  /** Where a task had to wait; in the controlled runtime the first place where this nesting was seen. */
  readonly waiter: string;
  /** Where the holder had taken the lock, for the first time in this nesting. */
  readonly holder: string;
  /** How often, estimated where not every contention was sampled. */
  count: number;
}

/** All contentions of a class are sampled up to here, then one in STRIDE. */
const ALL_UP_TO = 64;
const STRIDE = 16;
/** Pairs kept for a class: code has few such places, and a table without a limit is a leak. */
const PAIRS_MAX = 64;
export const OTHER_SITES = 'other places';

interface ClassSites {
  seen: number;
  readonly pairs: Map<string, ContentionSite>;
}

export class ContentionSites {
  private readonly byClass = new Map<string, ClassSites>();

  /** Counts a contention; `places` is asked only when it is sampled. Answers whether it was. */
  sample(lock: string, places: () => { waiter: Place; holders: readonly Place[] }): boolean {
    let sites = this.byClass.get(lock);
    if (sites === undefined) this.byClass.set(lock, (sites = { seen: 0, pairs: new Map() }));
    const n = sites.seen++;
    if (n >= ALL_UP_TO && n % STRIDE !== 0) return false;
    const weight = n >= ALL_UP_TO ? STRIDE : 1;
    const { waiter, holders } = places();
    const site = nameOf(waiter);
    if (holders.length === 0) add(sites, { lock, waiter: site, holder: 'nobody', count: weight });
    // Several readers that hold it share one contention.
    for (const holder of holders) add(sites, { lock, waiter: site, holder: nameOf(holder), count: weight / holders.length });
    return true;
  }

  /** Most frequent first. */
  rows(): ContentionSite[] {
    const rows = [...this.byClass.values()].flatMap(({ pairs }) => [...pairs.values()]);
    return rows.map((row) => ({ ...row, count: Math.round(row.count) })).toSorted((a, b) => b.count - a.count || compare(a, b));
  }
}

const compare = (a: ContentionSite, b: ContentionSite): number =>
  `${a.lock} ${a.waiter} ${a.holder}` < `${b.lock} ${b.waiter} ${b.holder}` ? -1 : 1;

const nameOf = (place: Place): string => place[0] ?? 'an unknown place';

function add(sites: ClassSites, site: ContentionSite): void {
  const full = sites.pairs.size >= PAIRS_MAX;
  const key = `${site.waiter} ${site.holder}`;
  const known = sites.pairs.get(key);
  if (known !== undefined) known.count += site.count;
  else if (!full) sites.pairs.set(key, site);
  else if (key !== `${OTHER_SITES} ${OTHER_SITES}`) addOther(sites, site);
}

function addOther({ pairs }: ClassSites, { lock, count }: ContentionSite): void {
  const known = pairs.get(OTHER_SITES);
  if (known !== undefined) known.count += count;
  else pairs.set(OTHER_SITES, { lock, waiter: OTHER_SITES, holder: OTHER_SITES, count });
}
