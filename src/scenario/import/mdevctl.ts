/**
 * JSON of mdevctl: one definition, as in /etc/mdevctl.d/matrix/UUID, or what `mdevctl list --dumpjson` prints. Source: mdevctl(8) and its
 * man page's examples of `--jsonfile` and `--dumpjson`.
 */
import { basename, extname } from 'node:path';
import { mdevUuid } from '../mdev-uuid.ts';
import type { Draft } from './draft.ts';
import { quoted, type ForeignText } from './foreign-text.ts';
import type { Importer } from './importer.ts';
import { contentOf, MDEV_TYPE, type MdevAttribute } from './mdev-attributes.ts';
import { TreeText, type TreeNode } from './tree.ts';

const UUID = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;
const PARENT = 'matrix';

export const MDEVCTL: Importer = {
  name: 'mdevctl',
  recognizes: (text) => /^\s*(?:\{\s*\}|\[\s*\])\s*$/.test(text) || (/^\s*[{[]/.test(text) && /"mdev_type"\s*:/.test(text)),
  read(source, draft) {
    for (const root of new TreeText(source).roots) {
      if (root.get('mdev_type') !== null) addDefinition(draft, root, { ...fileUuid(source), place: root.place });
      else if (root.isList) for (const parents of root.items('parents with their devices')) addParents(draft, parents);
      else addParents(draft, root);
    }
  },
};

interface Known {
  readonly uuid: string;
  readonly name: string;
  readonly place: TreeNode['place'];
}

/** The file of a definition has the name of the device; a file for `--jsonfile` may have any. */
function fileUuid({ file }: ForeignText): Omit<Known, 'place'> {
  const base = basename(file);
  if (UUID.test(base)) return { uuid: base.toLowerCase(), name: '' };
  const name = basename(file, extname(file)).replaceAll(/[^A-Za-z0-9_.-]+/g, '-');
  const whole = UUID.test(name) ? name.toLowerCase() : mdevUuid(name);
  return { uuid: whole, name: UUID.test(name) ? '' : name };
}

function addParents(draft: Draft, node: TreeNode): void {
  if (!node.isMap) throw node.problem('a map of parents, like { "matrix": [...] }');
  for (const [parent, devices] of node.entries()) {
    if (parent !== PARENT) throw devices.keyProblem(`the parent ${PARENT}, which is the only one of vfio_ap`, quoted(parent));
    for (const device of devices.items('devices')) {
      if (!device.isMap) throw device.problem('a device, like { UUID: { "mdev_type": ... } }');
      for (const [uuid, definition] of device.entries()) {
        if (!UUID.test(uuid)) throw definition.keyProblem('a UUID', quoted(uuid));
        addDefinition(draft, definition, { uuid: uuid.toLowerCase(), name: '', place: definition.keyPlace });
      }
    }
  }
}

function addDefinition(draft: Draft, node: TreeNode, { uuid, name, place }: Known): void {
  const type = node.need('mdev_type', 'the type of the device');
  if (type.value !== MDEV_TYPE) throw type.problem(`the type ${MDEV_TYPE}`);
  const attributes = node.get('attrs')?.items('attributes').flatMap(attributesOf) ?? [];
  const start = node.get('start')?.text('auto or manual') ?? 'manual';
  const notes = start === 'auto' ? ['started automatically'] : [];
  draft.addMdev({ uuid, name, place, ...contentOf(attributes), notes });
}

function attributesOf(node: TreeNode): MdevAttribute[] {
  if (!node.isMap) throw node.problem('an attribute, like { "assign_adapter": "5" }');
  return node.entries().map(([name, value]) => ({
    name,
    value: value.text('the text to write'),
    place: value.place,
    namePlace: value.keyPlace,
    path: value.path,
  }));
}
