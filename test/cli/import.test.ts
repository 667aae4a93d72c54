/**
 * `apemu import` and `apemu export` on the command line: options, where the result goes, one line for what is wrong.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { fakeTerminal } from './fake-terminal.ts';

let folder = '';
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'apemu-cli-'));
  writeFileSync(at('token'), 'APQN_ALLOWLIST\n8 13\nEND\n');
  writeFileSync(at('bad'), 'APQN_ALLOWLIST\n8 300\nEND\n');
  writeFileSync(at('host.yaml'), 'host: { adapters: [{ id: 8, type: CEX6P }], domains: [13] }\n');
});

afterAll(() => rmSync(folder, { recursive: true }));

async function apemu(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = fakeTerminal();
  const code = await main(args, terminal);
  return { code, out: terminal.stdout.text, err: terminal.stderr.text.replaceAll(`${folder}/`, '') };
}

test('import writes a scenario to stdout, or with -o to a file', async () => {
  const { code, out, err } = await apemu('import', at('token'));
  expect([code, err, loadScenario(out, 'out').host.adapters]).toEqual([0, '', [{ id: 8, type: 'CEX8P' }]]);
  for (const option of [['-o', at('new.yaml')], [`--output=${at('new.yaml')}`], [`-o${at('new.yaml')}`]]) {
    rmSync(at('new.yaml'), { force: true });
    expect(await apemu('import', at('token'), ...option)).toEqual({ code: 0, out: '', err: '' });
    expect(readFileSync(at('new.yaml'), 'utf8')).toBe(out);
  }
  expect((await apemu('import', '--base', at('host.yaml'), '--format', 'ep11tok', at('token'))).out).toContain('type: CEX6P');
});

test('what import makes, run takes', async () => {
  await apemu('import', at('token'), '-o', at('run.yaml'));
  expect((await apemu('run', at('run.yaml'), '--seed', '1', '--quiet')).code).toBe(0);
});

test('export shows the host of a scenario, the example without one', async () => {
  expect((await apemu('export', '--format', 'lszcrypt')).out).toMatch(/^CARD\.DOM TYPE .*\n-+\n05 {7}CEX8C /);
  expect((await apemu('export', at('host.yaml'), '--format', 'lszcrypt-2.16')).out).toContain('\n08          CEX6P EP11-Coproc online ');
  const { code, out } = await apemu('export', at('host.yaml'), '--format', 'scenario');
  expect([code, loadScenario(out, 'out').host]).toEqual([0, loadScenario(readFileSync(at('host.yaml'), 'utf8'), 'in').host]);
  expect(await apemu('export', at('host.yaml'), '--format', 'sysfs', '-o', at('sys'))).toEqual({ code: 0, out: '', err: '' });
  expect(readFileSync(at('sys/devices/ap/card08/type'), 'utf8')).toBe('CEX6P\n');
  expect((await apemu('import', at('sys'))).out).toContain('{ id: 8, type: CEX6P }');
});

describe('mistakes are told in one line, and change nothing', () => {
  test.each([
    [['import'], 'apemu import: expected a file of another program, got none\n'],
    [
      ['import', 'token', '--format', 'lszcrpt'],
      /^apemu import: --format: expected one of cex-plugin, .*, got "lszcrpt"; did you mean "lszcrypt"\?\n$/,
    ],
    [['import', 'bad', '-o', 'made'], 'bad:2:3: APQN_ALLOWLIST: expected a domain number from 0 to 255, got "300"\n'],
    [['import', 'token', '-o', 'no/made'], /^apemu import: --output: expected a file that can be written, got ENOENT[^\n]*\n$/],
    [['import', 'token', '-x'], /^apemu import: expected one of the options --format, .*, got "-x"[^\n]*\n$/],
    [['import', 'token', '-o'], 'apemu import: --output: expected a file name, got nothing\n'],
    [['export'], 'apemu export: --format: expected one of scenario, sysfs, mdevctl, lszcrypt, lszcrypt-2.16, got nothing\n'],
    [['export', '--format', 'xml'], /^apemu export: --format: expected one of .*, got "xml"\n$/],
    [['export', '--format', 'sysfs'], 'apemu export: --output: expected a folder for the format sysfs, got nothing\n'],
    [
      ['export', '--format', 'sysfs', '-o', 'token'],
      /^token:1:1: \(document\): expected a folder that is empty or not there yet, got ENOTDIR[^\n]*\n$/,
    ],
    [['export', 'token', '--format', 'lszcrypt'], /^token:\d+:\d+: [^\n]+\n$/],
  ])('%j', async (args, message) => {
    const files = ['token', 'bad', 'made', 'no/made'];
    const { code, out, err } = await apemu(...args.map((word) => (files.includes(word) ? at(word) : word)));
    expect([code, out]).toEqual([2, '']);
    if (typeof message === 'string') expect(err).toBe(message);
    else expect(err).toMatch(message);
    expect([existsSync(at('made')), readFileSync(at('token'), 'utf8')]).toEqual([false, 'APQN_ALLOWLIST\n8 13\nEND\n']);
  });
});

test('the help says what there is and what gets lost', async () => {
  expect((await apemu('import', '--help')).out).toContain('-o, --output FILE  write it to FILE instead of stdout');
  expect((await apemu('export', '--help')).out).toContain('apemu import reads each of them again. Then\nmissing are');
});
