/**
 * Text of a sysfs link: the way from the directory that holds it to its target (fs/sysfs/symlink.c, kernfs_get_target_path).
 */
export function relativePath(from: string, to: string): string {
  const source = from.split('/');
  const target = to.split('/');
  let shared = 0;
  while (shared < source.length && shared < target.length && source[shared] === target[shared]) shared++;
  return [...source.slice(shared).map(() => '..'), ...target.slice(shared)].join('/');
}
