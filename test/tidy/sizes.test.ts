/**
 * Goal: files and functions stay small enough to read in one go, every file says what it is, comments are sentences.
 * Method: files are measured here, functions by the linter (TypeScript 7 has no compiler API); canaries for both.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkShape, checkShapes, FILE_LINES_MAX, FUNCTION_LINES_MAX } from './shape.ts';
import { readTree, ROOT } from './tree.ts';

const HEAD = '/** A file made up for this test. */\n';

/** Runs the linter with the two size rules only: nothing in the project's settings can relax them, and checkShape refuses comments that would. */
function oversizedFunctions(path: string): { status: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'apemu-sizes-'));
  try {
    const config = join(folder, 'sizes.json');
    const rules = { 'max-lines-per-function': ['error', { max: FUNCTION_LINES_MAX }], 'max-params': ['error', { max: 4 }] };
    writeFileSync(config, JSON.stringify({ categories: { correctness: 'off' }, rules }));
    const args = [join(ROOT, 'node_modules/oxlint/bin/oxlint'), '-c', config, '--format', 'unix', path];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
    return { status, output: stdout + stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('the tree', () => {
  test('has only files of src with a head, a kebab-case name, a readable length and sentences as comments', () => {
    const tree = readTree('src', '.ts');
    expect(tree.size).toBeGreaterThanOrEqual(10);
    expect(checkShapes(tree)).toEqual([]);
  });

  test('has only tests, benchmarks and scripts that keep the same rules', () => {
    const tree = new Map([
      ...readTree('test', '.ts'),
      ...readTree('bench', '.ts'),
      ...readTree('scripts', '.ts'),
      ...readTree('scripts', '.mjs'),
    ]);
    expect(tree.has('test/tidy/sizes.test.ts')).toBe(true);
    expect(checkShapes(tree)).toEqual([]);
  });

  test('has no function over the limit of lines or parameters', () => {
    expect(oversizedFunctions('src')).toEqual({ status: 0, output: expect.not.stringContaining('max-') });
  });
});

describe('canaries', () => {
  /** A file of src is not needed: the rules are the same wherever the file lies. */
  function lintMadeUp(text: string): { status: number | null; output: string } {
    const folder = mkdtempSync(join(tmpdir(), 'apemu-canary-'));
    try {
      writeFileSync(join(folder, 'canary.ts'), text);
      return oversizedFunctions(join(folder, 'canary.ts'));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  test.each([
    [
      'a function one line too long',
      `export function f(): void {\n${'  g();\n'.repeat(FUNCTION_LINES_MAX - 1)}}\n`,
      'max-lines-per-function',
    ],
    [
      'a method one line too long',
      `export class A {\n  m(): void {\n${'    g();\n'.repeat(FUNCTION_LINES_MAX - 1)}  }\n}\n`,
      'max-lines-per-function',
    ],
    ['a fifth parameter', 'export function f(a: 1, b: 2, c: 3, d: 4, e: 5): number {\n  return a + b + c + d + e;\n}\n', 'max-params'],
  ])('%s is found', (_name, text, rule) => {
    const { status, output } = lintMadeUp(text);
    expect(output).toContain(rule);
    expect(status).toBe(1);
  });

  test('a function of exactly the limit is not', () => {
    expect(lintMadeUp(`export function f(): void {\n${'  g();\n'.repeat(FUNCTION_LINES_MAX - 2)}}\n`).status).toBe(0);
  });

  test.each([
    ['a line too many', HEAD + 'g();\n'.repeat(FILE_LINES_MAX), 'expected at most 400 lines, found 401'],
    ['no head', "import { x } from './x.ts';\n/** Too late to be the head of it. */\n", 'expected a head comment'],
    ['an empty head', '/** Mutex. */\nexport const x = 1;\n', 'fewer than four words'],
    ['a declaration', `${HEAD}// const mask = new ApMask();\n`, 'found code in a comment'],
    ['a call', `${HEAD}g();\n// await lock.acquire(task);\n`, 'found code in a comment'],
    ['a branch in a block', `${HEAD}/*\n * if (held) {\n */\n`, 'found code in a comment'],
    ['an assignment', `${HEAD}// this.next += 1;\n`, 'found code in a comment'],
    ['an import', `${HEAD}// import { x } from './x.ts';\n`, 'found code in a comment'],
    ['a return', `${HEAD}// return this.words[i];\n`, 'found code in a comment'],
    ['unfinished work', `${HEAD}// TODO: masks of format 1.\n`, 'expected TODO (#issue)'],
    ['an exemption from a size', `${HEAD}// oxlint-disable-next-line max-lines-per-function -- long\n`, 'expected no exemption'],
    ['an exemption from everything', `${HEAD}/* eslint-disable */\n`, 'expected no exemption'],
    ['an unchecked line', `${HEAD}// @ts-ignore: later\n`, 'expected no exemption'],
  ])('%s is found', (_name, text, expected) => {
    expect(checkShape('src/base/bad.ts', text)).toEqual([expect.stringContaining(expected)]);
  });

  test('a file name in another style is found', () => {
    expect(checkShape('src/base/apMask.ts', HEAD)).toEqual(['src/base/apMask.ts: expected a file name in kebab-case']);
  });

  test.each([
    ['of the limit', HEAD + 'g();\n'.repeat(FILE_LINES_MAX - 1)],
    [
      'with sentences that speak of code',
      `${HEAD}// If (and only if) it is held; return codes are in src/base;\n// See \`const x = 1;\`.\n`,
    ],
    ['with an example', `${HEAD}/**\n * \`\`\`ts\n * const guard = await lock.acquire(task);\n * \`\`\`\n */\n`],
    ['with a numbered promise', `${HEAD}// TODO (#12): masks of format 1.\n`],
    ['with an exemption that names a rule', `${HEAD}// oxlint-disable-next-line no-console -- the banner of the command line\n`],
    ['with a mark in a string', `${HEAD}export const text = '// TODO: const x = 1;';\n`],
  ])('a file %s is fine', (_name, text) => {
    expect(checkShape('src/base/good.ts', text)).toEqual([]);
  });
});
