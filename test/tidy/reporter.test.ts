/**
 * Goal: the last line of a test run tells the truth, also when the run tested nothing. Method: the real runner on small suites in a
 * folder of their own, and its real stdout and exit code.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from './tree.ts';

const CONFIG = `
import { defineConfig } from 'vitest/config';
import { ClosingLineReporter } from ${JSON.stringify(join(ROOT, 'test/closing-line-reporter.ts'))};
export default defineConfig({ test: { include: ['*.test.mjs'], reporters: ['default', new ClosingLineReporter(process)] } });
`;

function runSuite(
  files: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): { status: number | null; lastLine: string; all: string } {
  const folder = mkdtempSync(join(tmpdir(), 'apemu-suite-'));
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'vitest.config.mjs'), CONFIG);
    for (const [name, text] of Object.entries(files))
      writeFileSync(join(folder, name), `import { test, beforeAll } from 'vitest';\n${text}`);
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
    const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, 'run', ...args], { cwd: folder, encoding: 'utf8' });
    return { status, lastLine: stdout.split('\n').at(-2) ?? '', all: stdout + stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const PASS = "test('a', () => {});\ntest('b', () => {});\n";
const FAIL = "test('c', () => { throw new Error('no'); });\n";

describe('the closing line', () => {
  test.each([
    ['of a clean run', { 'a.test.mjs': PASS }, [], '2 passed, 0 failed', 0],
    ['of a failed test', { 'a.test.mjs': PASS, 'b.test.mjs': FAIL }, [], '2 passed, 1 failed', 1],
    [
      'with what was skipped',
      { 'a.test.mjs': `${PASS}test.skip('c', () => {});\ntest.todo('d');\n` },
      [],
      '2 passed, 0 failed, 2 skipped',
      0,
    ],
    ['of a file that cannot be loaded', { 'a.test.mjs': PASS, 'b.test.mjs': 'nonsense(;\n' }, [], '2 passed, 1 failed', 1],
    [
      'of a hook that fails',
      { 'a.test.mjs': `beforeAll(() => { throw new Error('no'); });\n${FAIL}` },
      [],
      '0 passed, 1 failed, 1 skipped',
      1,
    ],
    ['of an error outside of any test', { 'a.test.mjs': `${PASS}void Promise.reject(new Error('lost'));\n` }, [], '2 passed, 1 failed', 1],
  ])('%s', (_name, files, args, line, status) => {
    const run = runSuite(files as unknown as Record<string, string>, args);
    expect({ lastLine: run.lastLine, status: run.status }, run.all).toEqual({ lastLine: line, status });
  });

  test.each([
    ['no file is there', {}, [], '0 passed, 0 failed'],
    ['no file is there and the runner would accept that', {}, ['--passWithNoTests'], '0 passed, 0 failed'],
    ['no test has the name asked for', { 'a.test.mjs': PASS }, ['-t', 'zebra'], '0 passed, 0 failed, 2 skipped'],
  ])('says so and fails when %s', (_name, files, args, line) => {
    const run = runSuite(files, args);
    expect({ lastLine: run.lastLine, status: run.status }, run.all).toEqual({ lastLine: line, status: 1 });
    expect(run.all).toContain('expected at least one test to run, none did');
  });
});
