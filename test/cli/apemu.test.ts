/**
 * Goal: the installed command answers help, version and every mistake of the user as promised: one line on stderr, exit code 2, nothing
 * on stdout, no stack. Method: the built binary in a process of its own.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { ROOT } from '../tidy/tree.ts';

const NAMES = COMMANDS.map(({ name }) => name).join(', ');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'apemu-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Answer {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function apemu(...args: string[]): Answer {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'bin', 'apemu.js'), ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr };
}

/** Exactly this line, and nothing else anywhere. */
function refused(answer: Answer, line: string | RegExp): void {
  expect(answer).toMatchObject({ code: 2, out: '' });
  if (typeof line === 'string') expect(answer.err).toBe(`${line}\n`);
  else expect(answer.err).toMatch(line);
  expect(answer.err.trimEnd().split('\n')).toHaveLength(1);
  expect(answer.err).not.toMatch(/\n\s+at |\.js:\d+/);
}

test('--help shows the commands', () => {
  const { code, out, err } = apemu('--help');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain('Usage: apemu COMMAND');
  expect(out).toMatch(/\n {2}run \[SCENARIO\] +build the host/);
});

test('run --help shows its options, also beside others', () => {
  for (const answer of [apemu('run', '--help'), apemu('run', 'missing.yaml', '--seed', '1', '--help')]) {
    expect(answer).toMatchObject({ code: 0, err: '' });
    expect(answer.out).toMatch(/^Usage: apemu run \[SCENARIO\][^]*\n {2}--seed N +seed of/);
  }
});

test('--version shows the version of the package', () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  expect(apemu('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' });
});

describe('a mistake is told in one line:', () => {
  test.each([
    [[], `apemu: expected a command (${NAMES}), got none; apemu --help shows more`],
    [['rum'], `apemu: expected a command (${NAMES}), got "rum"; did you mean "run"?`],
    [['frobnicate'], `apemu: expected a command (${NAMES}), got "frobnicate"`],
    [['--verison'], 'apemu: expected one of the options --help, --version, got "--verison"; did you mean "--version"?'],
    [['run', '--seed', 'abc'], 'apemu run: --seed: expected a whole number from 0 to 4294967295, got "abc"'],
    [['stress', '--for', '30'], 'apemu stress: --for: expected a time above 0 like 30s, 500ms or 2m, at most 24h, got "30"'],
    [['stress', '--steps', '30'], 'apemu stress: --steps: expected --controlled with it, got --steps alone'],
  ])('%j', (args, line) => refused(apemu(...args), line));

  test('an option of another command', () => {
    refused(apemu('run', '--controlled'), /^apemu run: expected one of the options --for, .*, got "--controlled"\n$/);
  });

  test('an unknown design', () => {
    refused(
      apemu('run', '--design', 'guest-lock'),
      /^apemu run: --design: expected a locking design \(.+\), got "guest-lock"; did you mean "guests-lock"\?\n$/,
    );
  });

  test('a file that does not exist', () => {
    refused(
      apemu('run', 'missing.yaml'),
      /^missing\.yaml:1:1: .*expected a readable scenario file, got ENOENT: no such file or directory\n$/,
    );
  });

  test('a folder in the place of a file', () => {
    refused(apemu('run', '.'), /^\.:1:1: .*expected a readable scenario file, got EISDIR/);
  });

  test('a scenario with a misspelt key: file, line and column', () => {
    writeFileSync(join(folder, 'key.yaml'), 'host:\n  adapters: [{ id: 5, type: CEX8C }]\n  domain: [4]\n');
    refused(apemu('run', 'key.yaml'), /^key\.yaml:3:3: host\.domain: expected .*; did you mean "domains"\?\n$/);
  });

  test('a scenario that is no YAML', () => {
    writeFileSync(join(folder, 'bad.yaml'), 'host: [\n');
    refused(apemu('run', 'bad.yaml'), /^bad\.yaml:\d+:\d+: .*expected /);
  });

  test('a report that cannot be kept', () => {
    refused(apemu('run', '--save', 'no/such/folder'), /^apemu run: --save: expected a file that can be written, got ENOENT/);
  });
});
