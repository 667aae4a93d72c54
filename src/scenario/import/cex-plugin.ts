/**
 * Crypto config sets of the Kubernetes device plug-in for Crypto Express cards: its JSON, or the ConfigMap around it. Source: the plug-in's
 * "Installation and User Guide". A set is a list of equivalent APQNs of which a pod gets one: the host has their adapters and domains.
 */
import type { CardMode } from '../../crypto-adapters/card-type.ts';
import type { Draft } from './draft.ts';
import { placeText, quoted, refusal } from './foreign-text.ts';
import { ADAPTER, DOMAIN, numberId } from './ids.ts';
import type { Importer } from './importer.ts';
import { TreeText, type TreeNode } from './tree.ts';

const SETS = 'cryptoconfigsets';

export const CEX_PLUGIN: Importer = {
  name: 'cex-plugin',
  recognizes: (text) => text.includes(SETS),
  read(source, draft) {
    const configurations = new TreeText(source).roots.flatMap(configurationsIn);
    const [first] = configurations;
    if (first === undefined) throw refusal(source.place(0), [], { expected: `an object with ${SETS}`, got: 'none' });
    const seen = new Seen();
    for (const configuration of configurations) for (const set of configuration.items('crypto config sets')) addSet(draft, set, seen);
  },
};

/** The lists of sets in a document: there itself, in the data of a ConfigMap, or in one of a list of objects. */
function configurationsIn(node: TreeNode): TreeNode[] {
  const own = node.get(SETS);
  if (own !== null) return [own];
  const items = node.get('items');
  if (items !== null && items.isList) return items.items('objects').flatMap(configurationsIn);
  const data = node.get('data')?.entries() ?? [];
  return data.flatMap(([, value]) =>
    typeof value.value === 'string' && value.value.includes(SETS) ? configurationsIn(value.inner('JSON')) : [],
  );
}

/** APQNs and names of sets that were there before, and the machine that they are of. */
class Seen {
  readonly names = new Map<string, TreeNode>();
  readonly apqns = new Map<string, { node: TreeNode; set: string }>();
  machine: TreeNode | null = null;
}

const MODES: Readonly<Record<string, CardMode>> = { cca: 'C', ep11: 'P', accel: 'A' };
const GENERATION = /^cex([4-9])$/;

function addSet(draft: Draft, set: TreeNode, seen: Seen): void {
  const named = set.need('setname', 'the name of the set');
  const name = named.text('the name of the set');
  const twin = seen.names.get(name);
  if (twin !== undefined) throw named.problem(`a name that no other set has; there is one at ${placeText(twin.place)}`);
  seen.names.set(name, named);
  const known = cardsOf(set);
  const apqns = set.get('apqns')?.items('APQNs') ?? [];
  const texts = apqns.map((apqn) => {
    const adapter = idIn(apqn, 'adapter', ADAPTER);
    const domain = idIn(apqn, 'domain', DOMAIN);
    checkMachine(apqn, seen);
    const key = `${adapter}.${domain}`;
    const other = seen.apqns.get(key);
    if (other !== undefined)
      throw apqn.problem(
        `each APQN once; it is in set ${quoted(other.set)}, too (${placeText(other.node.place)})`,
        `adapter ${adapter}, domain ${domain}`,
      );
    seen.apqns.set(key, { node: apqn, set: name });
    draft.mentionAdapter(adapter, apqn.place, known);
    draft.mentionDomain(domain, apqn.place);
    return `${adapter}/${domain}`;
  });
  const project = set.get('project')?.text('the name of a project');
  const of = project === undefined ? '' : ` of project ${project}`;
  draft.notes.push(`crypto config set ${name}${of} (${placeText(named.place)}): adapter/domain ${texts.join(', ') || 'none'}`);
}

function cardsOf(set: TreeNode): { mode?: CardMode; atLeast?: number } {
  const mode = set.get('cexmode');
  const oldest = set.get('mincexgen');
  const modeText = mode?.text('a mode') ?? '';
  const card = MODES[modeText];
  if (card === undefined && modeText !== '') throw mode!.problem('a mode: cca, ep11 or accel');
  const oldestText = oldest?.text('a generation') ?? '';
  const match = GENERATION.exec(oldestText);
  if (match === null && oldestText !== '') throw oldest!.problem('a generation from cex4 to cex8');
  const atLeast = match === null ? undefined : Number(match[1]);
  if (atLeast === 9) throw oldest!.problem('a generation from cex4 to cex8');
  return { ...(card === undefined ? {} : { mode: card }), ...(atLeast === undefined ? {} : { atLeast }) };
}

function idIn(apqn: TreeNode, key: string, what: string): number {
  const node = apqn.need(key, what);
  return numberId(node.number(`${what} from 0 to 255`), { what, place: node.place, path: node.path });
}

/** A scenario is one machine. */
function checkMachine(apqn: TreeNode, seen: Seen): void {
  const node = apqn.get('machineid');
  const id = node?.text('the id of a machine') ?? '';
  if (node === null || id === '') return;
  const other = seen.machine;
  if (other !== null && other.value !== node.value)
    throw node.problem(`APQNs of one machine (${other.shown} at ${placeText(other.place)})`);
  seen.machine = node;
}
