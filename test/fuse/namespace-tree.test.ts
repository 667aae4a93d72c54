/**
 * Goal: beside the emulated /sys there is a place for everything else of the real one, and nothing of the real one where it is emulated.
 * Method: a made-up real /sys in a temporary folder, and the tree of a host.
 */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { DirectoryNode, TreeNode } from '../../src/fuse/file-tree.ts';
import { namespaceTree } from '../../src/fuse/namespace-tree.ts';
import { sysfsTree } from '../../src/session/session-mounts.ts';
import { endSessionsAfterEach, liveHost, temporaryFolder, UUID } from '../helpers/sessions.ts';

endSessionsAfterEach();

const REAL_DIRECTORIES = [
  ...['block', 'bus/pci/devices', 'bus/ap/devices/card17', 'class/net', 'class/misc', 'devices/system/cpu', 'devices/ap/card17'],
  ...['devices/virtual/misc/fuse', 'devices/virtual/net/lo', 'kernel/mm', 'kernel/iommu_groups/7', 'module/ap/parameters', 'module/fuse'],
];

function realSys(): string {
  const sys = temporaryFolder();
  for (const path of REAL_DIRECTORIES) mkdirSync(join(sys, path), { recursive: true });
  symlinkSync('../../devices/virtual/misc/fuse', join(sys, 'class/misc/fuse'));
  writeFileSync(join(sys, 'kernel/notes'), 'real');
  return sys;
}

function find(root: DirectoryNode, path: string): TreeNode | null {
  let at: TreeNode | null = root;
  for (const name of path.split('/')) at = at?.kind === 'directory' ? at.child(name) : null;
  return at;
}

const namesOf = (root: DirectoryNode, path: string): string[] => {
  const node = find(root, path);
  return node?.kind === 'directory' ? [...node.list()].map(([name]) => name).toSorted() : [];
};

test('what is not emulated has a place, links are as they were, and what is emulated hides the real thing', async () => {
  const host = await liveHost();
  const { tree, binds } = namespaceTree(sysfsTree(host), realSys());
  expect(binds.toSorted()).toEqual([
    ...['block', 'bus/pci', 'class/net', 'devices/system', 'devices/virtual/misc/fuse', 'devices/virtual/net'],
    ...['kernel/mm', 'kernel/notes', 'module/fuse'],
  ]);
  for (const path of binds) expect(find(tree.root, path)).toMatchObject({ kind: path === 'kernel/notes' ? 'file' : 'directory' });
  expect(find(tree.root, 'class/misc/fuse')).toMatchObject({ kind: 'link', target: '../../devices/virtual/misc/fuse' });
  expect(namesOf(tree.root, 'bus')).toEqual(['ap', 'matrix', 'mdev', 'pci']);
  expect(namesOf(tree.root, 'devices/ap')).not.toContain('card17');
  expect(namesOf(tree.root, 'kernel/iommu_groups')).not.toContain('7');
  expect(namesOf(tree.root, 'class/misc')).toEqual(['fuse', 'z90crypt']);
});

test('devices come and go in it, and who watches it hears of them', async () => {
  const host = await liveHost();
  const { tree } = namespaceTree(sysfsTree(host), realSys());
  const told: string[] = [];
  tree.watch((_directory, name) => told.push(name));
  await host.event(`write /sys/devices/vfio_ap/matrix/${UUID}/remove 1`);
  expect(namesOf(tree.root, 'bus/mdev/devices')).not.toContain(UUID);
  expect(told).toContain(UUID);
});

test('a machine without a /sys has a place for nothing', async () => {
  const host = await liveHost();
  const { tree, binds } = namespaceTree(sysfsTree(host), join(temporaryFolder(), 'none'));
  expect(binds).toEqual([]);
  expect(namesOf(tree.root, 'bus')).toEqual(['ap', 'matrix', 'mdev']);
});
