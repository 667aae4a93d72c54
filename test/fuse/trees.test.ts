/**
 * Trees that are put together by hand, and two trees as one.
 */
import { expect, it } from 'vitest';
import { FixedDirectory, FixedLink } from '../../src/fuse/fixed-tree.ts';
import { overlay } from '../../src/fuse/overlay-tree.ts';
import { SysfsTree } from '../../src/fuse/sysfs-tree.ts';
import type { DirectoryNode, TreeNode } from '../../src/fuse/file-tree.ts';
import { sysfsWorld } from './served-world.ts';

const names = (node: TreeNode | null): string[] => {
  if (node?.kind !== 'directory') throw new Error(`expected a directory, got ${node?.kind ?? 'nothing'}`);
  return Array.from(node.list(), ([name]) => name).toSorted();
};
const sub = (node: DirectoryNode, path: string): TreeNode | null =>
  path.split('/').reduce<TreeNode | null>((at, name) => (at?.kind === 'directory' ? at.child(name) : null), node);

it('merges directories of both trees, and where both have something else the base wins', () => {
  const { sysfs } = sysfsWorld();
  const extra = new FixedDirectory();
  extra.ensure('devices').ensure('virtual');
  extra.ensure('devices').ensure('ap').add('card05', new FixedLink('elsewhere'));
  extra.ensure('firmware');
  extra.add('bus', new FixedLink('nowhere'));
  const { root } = overlay(new SysfsTree(sysfs), extra);
  expect(names(root)).toEqual(['bus', 'devices', 'firmware']);
  expect(names(root.child('devices'))).toEqual(['ap', 'matrix', 'virtual']);
  expect(root.child('bus')?.kind).toBe('directory');
  expect(sub(root, 'devices/ap/card05')?.kind).toBe('directory');
  expect(sub(root, 'devices/ap/card05/type')?.kind).toBe('file');
});

it('tells whoever watches both trees where a name has changed, by the directory that shows it', () => {
  const { sysfs } = sysfsWorld();
  const extra = new FixedDirectory();
  const devices = extra.ensure('devices');
  const tree = overlay(new SysfsTree(sysfs), extra);
  const told: [object, string][] = [];
  const end = tree.watch((identity, name) => told.push([identity, name]));
  const shown = tree.root.child('devices') as DirectoryNode;
  devices.add('late', new FixedDirectory());
  const base = sysfs.mkdir('/sys/devices/more');
  expect(told).toEqual([
    [shown.identity, 'late'],
    [shown.identity, 'more'],
  ]);
  expect((shown.child('more') as DirectoryNode).identity).toBe(base);
  end();
  expect(devices.delete('late')).toBe(true);
  expect(devices.delete('late')).toBe(false);
  expect(told).toHaveLength(2);
});

it('gives a directory that is put together by hand one place, and tells of changes deep in it', () => {
  const root = new FixedDirectory();
  const deep = root.ensure('a').ensure('b');
  const told: string[] = [];
  root.watch((_identity, name) => told.push(name));
  deep.add('c', new FixedLink('x'));
  expect(told).toEqual(['c']);
  expect(() => root.add('again', deep)).toThrow('has a place already');
  root.add('file', new FixedLink('y'));
  expect(() => root.ensure('file')).toThrow('it is a link');
});
