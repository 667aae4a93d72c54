/**
 * Goal: the build runs exactly when something it is made from has changed, and never leaves half a dist. Method: the real script and the
 * real compiler on a tiny tree in a folder of its own.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ROOT } from './tree.ts';

let folder: string;

function write(path: string, text: string): void {
  writeFileSync(join(folder, path), text);
}

function build(): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: folder, encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** What identifies the build that is in dist now. */
function builtAt(path = 'dist/base/a.js'): number {
  return statSync(join(folder, path)).ctimeMs;
}

const NOTHING_DONE = { status: 0, stdout: '', stderr: '' };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'apemu-build-'));
  for (const path of ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts']) {
    cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  mkdirSync(join(folder, 'src/base'), { recursive: true });
  write('src/base/a.ts', "export const a: number = 1;\nexport const later = (): Promise<unknown> => import('./b.ts');\n");
  write('src/base/b.ts', "export { a as b } from './a.ts';\n");
  write('src/base/table.json', '[1]');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('a first build emits code that runs, declarations and assets; a second one does nothing', () => {
  expect(build()).toMatchObject({ status: 0, stdout: '' });
  expect(readdirSync(join(folder, 'dist/base')).sort()).toEqual(['a.d.ts', 'a.js', 'a.js.map', 'b.d.ts', 'b.js', 'b.js.map', 'table.json']);
  const code = "import { later } from './dist/base/a.js'; console.log((await later()).b);";
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: folder, encoding: 'utf8' });
  expect(stdout).toBe('1\n');
  const before = builtAt();
  expect(build()).toEqual(NOTHING_DONE);
  expect(builtAt()).toBe(before);
});

test('a changed, a new and a removed source each lead to a new build, and removed ones leave dist', () => {
  build();
  write('src/base/a.ts', 'export const a: number = 2;\n');
  expect(build().stderr).toContain('src -> dist');
  expect(readFileSync(join(folder, 'dist/base/a.js'), 'utf8')).toContain('a = 2');
  write('src/base/c.ts', 'export const c = 3;\n');
  expect(build().stderr).toContain('src -> dist');
  rmSync(join(folder, 'src/base/c.ts'));
  expect(build().stderr).toContain('src -> dist');
  expect(existsSync(join(folder, 'dist/base/c.js'))).toBe(false);
  expect(build()).toEqual(NOTHING_DONE);
});

test('a changed setting and a half-deleted dist lead to a new build', () => {
  build();
  write('tsconfig.json', readFileSync(join(folder, 'tsconfig.json'), 'utf8').replace('"es2023"', '"es2022"'));
  expect(build().stderr).toContain('src -> dist');
  rmSync(join(folder, 'dist/base/b.js'));
  expect(build().stderr).toContain('src -> dist');
  expect(existsSync(join(folder, 'dist/base/b.js'))).toBe(true);
});

test('a build that fails says so and leaves the last good one in place', () => {
  build();
  const before = builtAt();
  write('src/base/b.ts', "export const b: number = 'one';\n");
  const failed = build();
  expect(failed.status).not.toBe(0);
  expect(failed.stderr).toContain('src/base/b.ts(1,14)');
  expect(builtAt()).toBe(before);
  expect(readdirSync(join(folder, 'dist')).sort()).toEqual(['.stamp', 'base']);
});

test('in an installed package, without sources or without a compiler, nothing is built and nothing fails', () => {
  rmSync(join(folder, 'node_modules'));
  expect(build()).toMatchObject({ status: 0, stdout: '' });
  rmSync(join(folder, 'src'), { recursive: true });
  expect(build()).toEqual(NOTHING_DONE);
  expect(existsSync(join(folder, 'dist'))).toBe(false);
});
