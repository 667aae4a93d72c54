/**
 * The configuration of a machine in DPM mode, as `zhmc cpc dpm-export` writes it: crypto adapters, and partitions with their crypto configuration.
 * Source: the object model of the HMC Web Services API. The machine is the host, and each partition a guest with an mdev.
 */
import type { CardMode } from '../../crypto-adapters/card-type.ts';
import { mdevUuid } from '../mdev-uuid.ts';
import type { Draft } from './draft.ts';
import { quoted, refusal } from './foreign-text.ts';
import { ADAPTER, ascending, DOMAIN, numberId } from './ids.ts';
import type { Importer, ImportOptions } from './importer.ts';
import { TreeText, type TreeNode } from './tree.ts';

const CONFIGURATION = 'crypto-configuration';
const MAX_VCPUS = 64;

export const DPM: Importer = {
  name: 'dpm',
  recognizes: (text) => /"adapters"\s*:/.test(text) && /"(?:partitions|se-version|cpc-properties)"\s*:/.test(text),
  read(source, draft, options) {
    const [root] = new TreeText(source).roots;
    const cards = new Map<string, number | null>();
    for (const adapter of root!.get('adapters')?.items('adapters') ?? []) addAdapter(draft, adapter, cards);
    const partitions = (root!.get('partitions')?.items('partitions') ?? []).filter((node) => configurationOf(node) !== null);
    checkNames(source.place(0), partitions, options);
    for (const partition of partitions) if (isWanted(partition, options)) addPartition(draft, partition, cards);
    if (draft.adapters.size === 0) throw refusal(source.place(0), ['adapters'], { expected: 'an adapter of type crypto', got: 'none' });
  },
};

const MODES: Readonly<Record<string, CardMode>> = { accelerator: 'A', 'cca-coprocessor': 'C', 'ep11-coprocessor': 'P' };

/** `cards`: the number of each crypto adapter by its URI, null for one without a mode. */
function addAdapter(draft: Draft, node: TreeNode, cards: Map<string, number | null>): void {
  const family = node.get('adapter-family')?.value ?? node.get('type')?.value;
  if (family !== 'crypto') return;
  const uri = node.need('object-uri', 'the URI of the adapter').text('the URI of the adapter');
  const type = node.need('crypto-type', 'the mode of the adapter');
  if (type.value === 'not-configured') {
    cards.set(uri, null);
    return;
  }
  const mode = MODES[type.text('a mode')];
  if (mode === undefined) throw type.problem(`a mode: ${Object.keys(MODES).join(', ')} or not-configured`);
  const number = node.need('crypto-number', ADAPTER);
  const id = numberId(number.number(ADAPTER), { what: ADAPTER, place: number.place, path: number.path });
  const card = node.get('detected-card-type') ?? node.get('card-type');
  const match = card === null ? null : /^crypto-express-([2-8])s?$/.exec(card.text('a card'));
  if (card !== null && match === null) throw card.problem('a card from crypto-express-4s to crypto-express-8s');
  draft.listAdapter(id, node.place, { mode, ...(match === null ? {} : { generation: Number(match[1]) }) });
  cards.set(uri, id);
}

function configurationOf(partition: TreeNode): TreeNode | null {
  const found = partition.get(CONFIGURATION);
  const some = (key: string): boolean => (found?.get(key)?.items('entries').length ?? 0) > 0;
  return some('crypto-adapter-uris') || some('crypto-domain-configurations') ? found : null;
}

const nameOf = (partition: TreeNode): string => partition.need('name', 'the name of the partition').text('a name');

function checkNames(place: TreeNode['place'], partitions: readonly TreeNode[], options: ImportOptions): void {
  const names = partitions.map(nameOf);
  const unknown = options.partitions.find((name) => !names.includes(name));
  if (unknown === undefined) return;
  const expected = `a partition with crypto (${names.join(', ') || 'there is none'})`;
  throw refusal(place, ['partitions'], { expected, got: quoted(unknown) });
}

const isWanted = (partition: TreeNode, { partitions }: ImportOptions): boolean =>
  partitions.length === 0 || partitions.includes(nameOf(partition));

function addPartition(draft: Draft, partition: TreeNode, cards: ReadonlyMap<string, number | null>): void {
  const configuration = configurationOf(partition)!;
  const uris = configuration.get('crypto-adapter-uris')?.items('URIs of adapters') ?? [];
  const adapters = uris.map((uri) => {
    const id = cards.get(uri.text('the URI of an adapter'));
    if (id === undefined) throw uri.problem('the URI of a crypto adapter of this file');
    if (id === null) throw uri.problem('an adapter with a mode', 'one that is not configured');
    return id;
  });
  const usage = new Set<number>();
  const control = new Set<number>();
  for (const node of configuration.get('crypto-domain-configurations')?.items('domains') ?? []) {
    const index = node.need('domain-index', DOMAIN);
    const domain = numberId(index.number(DOMAIN), { what: DOMAIN, place: index.place, path: index.path });
    const mode = node.need('access-mode', 'control or control-usage');
    if (mode.value !== 'control' && mode.value !== 'control-usage') throw mode.problem('control or control-usage');
    if (mode.value === 'control-usage') {
      usage.add(domain);
      draft.listDomain(domain, index.place);
    }
    control.add(domain);
    draft.listControlDomain(domain, index.place);
  }
  const name = guestName(nameOf(partition));
  const content = { adapters: ascending(new Set(adapters)), domains: ascending(usage), controlDomains: ascending(control) };
  const notes = [`crypto of partition ${nameOf(partition)}`];
  const uuid = mdevUuid(name);
  draft.addMdev({ uuid, name, place: configuration.place, ...content, notes });
  const { vcpus, told } = processorsOf(partition);
  const status = partition.get('status')?.text('a status') ?? 'unknown';
  const guestNotes = [`partition ${nameOf(partition)}, status ${status}`, ...told];
  draft.addGuest({ name, place: partition.place, mdev: uuid, vcpus, attach: true, apie: true, cpu: null, notes: guestNotes });
}

function processorsOf(partition: TreeNode): { vcpus: number; told: string[] } {
  const count = (key: string): number => {
    const { value } = partition.get(key) ?? { value: 0 };
    return typeof value === 'number' ? value : 0;
  };
  const all = count('cp-processors') + count('ifl-processors');
  const vcpus = Math.min(Math.max(all, 1), MAX_VCPUS);
  return { vcpus, told: all > MAX_VCPUS ? [`${all} processors: a guest has ${MAX_VCPUS} at most`] : [] };
}

/** Names of partitions may have blanks. */
const guestName = (name: string): string => name.replaceAll(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '') || 'partition';
