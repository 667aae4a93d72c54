/**
 * Who owns which queue: the matrix of adapters x domains. Large machines are summarised: adapters with the same row share a line.
 * Pattern: the matrix attribute of a vfio_ap mdev and lszcrypt -V, for all owners at once.
 */
import { apqnOf } from '../base/apqn.ts';
import { count, hexId, hexRanges, wrapWords, WIDTH } from './layout.ts';
import type { AdapterReport, TopologyReport } from '../scenario/run-report.ts';
import { tableLines } from './table.ts';

const LARGEST = 16;
const MOST_LINES = 64;
/** A pair of adapter and domain without a queue device. */
const NO_QUEUE = '-';
const KEYS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

export function topologyLines(topology: TopologyReport): string[] {
  const adapters = topology.adapters.toSorted((a, b) => a.id - b.id);
  const domains = topology.domains.toSorted((a, b) => a - b);
  if (adapters.length === 0 || domains.length === 0) return ['  no adapter, or no domain'];
  const owners = new Map(topology.cells.map(({ apqn, owner }) => [apqn, owner]));
  const ownerAt = (adapter: number, domain: number): string => owners.get(apqnOf(adapter, domain)) ?? NO_QUEUE;
  if (adapters.length > LARGEST || domains.length > LARGEST) return summary(adapters, domains, ownerAt);
  return matrix(adapters, domains, ownerAt);
}

type OwnerAt = (adapter: number, domain: number) => string;

function matrix(adapters: readonly AdapterReport[], domains: readonly number[], ownerAt: OwnerAt): string[] {
  const render = (shown: (owner: string) => string): string[] =>
    tableLines(
      [{ title: 'adapter' }, { title: 'type' }, { title: 'state' }, ...domains.map((domain) => ({ title: hexId(domain) }))],
      adapters.map(({ id, type, state }) => [hexId(id), type, state, ...domains.map((domain) => shown(ownerAt(id, domain)))]),
    );
  const full = render((owner) => owner);
  if (full.every((line) => line.length <= WIDTH)) return full;
  const names = [...new Set(adapters.flatMap(({ id }) => domains.map((domain) => ownerAt(id, domain))))].filter(
    (owner) => owner !== NO_QUEUE,
  );
  const keys = new Map(names.map((name, i) => [name, keyOf(i)]));
  const legend = names.map((name) => `${keys.get(name)} = ${name}`);
  return [...render((owner) => keys.get(owner) ?? owner), ...wrapWords(legend, WIDTH - 2, ', ').map((line) => `  ${line}`)];
}

/** Letters, then pairs of them. 16 x 16 queues have at most 256 owners. */
function keyOf(i: number): string {
  return i < KEYS.length ? KEYS.charAt(i) : `${KEYS.charAt(Math.floor(i / KEYS.length) - 1)}${KEYS.charAt(i % KEYS.length)}`;
}

function summary(adapters: readonly AdapterReport[], domains: readonly number[], ownerAt: OwnerAt): string[] {
  const groups = new Map<string, { first: AdapterReport; ids: number[] }>();
  for (const adapter of adapters) {
    const row = domains.map((domain) => ownerAt(adapter.id, domain));
    const key = [adapter.type, adapter.state, ...row].join('|');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: adapter, ids: [adapter.id] });
    else group.ids.push(adapter.id);
  }
  const lines: string[] = [];
  for (const { first, ids } of groups.values()) lines.push(...groupLines(first, ids, { domains, ownerAt }));
  if (lines.length <= MOST_LINES) return lines;
  return [...lines.slice(0, MOST_LINES), `  ... and ${count(lines.length - MOST_LINES, 'line')} more; --json has every queue`];
}

function groupLines(first: AdapterReport, ids: readonly number[], rest: { domains: readonly number[]; ownerAt: OwnerAt }): string[] {
  const byOwner = new Map<string, number[]>();
  for (const domain of rest.domains) {
    const owner = rest.ownerAt(first.id, domain);
    const owned = byOwner.get(owner);
    if (owned === undefined) byOwner.set(owner, [domain]);
    else owned.push(domain);
  }
  const head = wrapWords(hexRanges(ids).split(','), WIDTH - 40, ',').map((line, i) => `  ${i === 0 ? 'adapters ' : '         '}${line}`);
  const lines = [...head.slice(0, -1), `${head.at(-1)}: ${first.type}, ${first.state}`];
  for (const [owner, owned] of byOwner) {
    const name = owner === NO_QUEUE ? 'no queue' : owner;
    const indent = `    ${name.padEnd(12)}  domains `;
    const ranges = wrapWords(hexRanges(owned).split(','), WIDTH - Math.min(indent.length, 60), ',');
    lines.push(...ranges.map((range, i) => `${i === 0 ? indent : ' '.repeat(indent.length)}${range}`));
  }
  return lines;
}
