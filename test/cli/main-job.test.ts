/**
 * Goal: what the README promises of the main job holds for the built command. Method: the binary in a process of its own, its JSON.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../tidy/tree.ts';

const BINARY = join(ROOT, 'bin', 'apemu.js');
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'apemu-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function apemu(...args: string[]): { code: number | null; out: string } {
  const { status, stdout } = spawnSync(process.execPath, [BINARY, ...args], { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 26 });
  return { code: status, out: stdout };
}

interface Report {
  readonly ok: boolean;
  readonly guests: readonly { readonly operations: number; readonly errors: number; readonly queues: readonly string[] }[];
  readonly events: readonly { readonly what: string; readonly result: string }[];
  readonly findings: readonly unknown[];
  readonly lockStat: readonly { readonly lock: string; readonly acquisitions: number }[];
  readonly quiescence: { readonly clean: boolean };
}

test('run: three guests, every operation verified, the hot-plug events, nothing found, nothing left', () => {
  const { code, out } = apemu('run', '--json', '--seed', '5');
  const report = JSON.parse(out) as Report;
  expect({ code, ok: report.ok, findings: report.findings, clean: report.quiescence.clean }).toEqual({
    code: 0,
    ok: true,
    findings: [],
    clean: true,
  });
  expect(report.guests.map(({ operations, errors }) => ({ operations, errors }))).toEqual(
    new Array(3).fill({ operations: 240, errors: 0 }),
  );
  expect(report.guests.map(({ queues }) => queues)).toEqual([
    ['05.0004', '05.00ab', '06.0004', '06.00ab'],
    ['05.0047', '05.00ff'],
    ['06.0047', '06.00ff'],
  ]);
  const writes = report.events.filter(({ what }) => what.startsWith('write'));
  expect(writes.map(({ result }) => result)).toEqual(new Array(6).fill('ok'));
  const locks = new Map(report.lockStat.map(({ lock, acquisitions }) => [lock, acquisitions]));
  for (const lock of ['guests_lock', 'mdevs_lock', 'kvm->lock', 'vcpu->mutex', 'ap_attr_mutex'])
    expect(locks.get(lock), lock).toBeGreaterThan(0);
});

test('run --quirks: a known defect is what the scenario, or the command line, says', () => {
  const corpus = join(ROOT, 'scenarios', 'corpus', '15-last-adapter-stays.yaml');
  const found = (...args: string[]): { code: number | null; findings: number } => {
    const { code, out } = apemu('run', corpus, '--json', '--seed', '1', ...args);
    return { code, findings: (JSON.parse(out) as Report).findings.length };
  };
  expect(found()).toEqual({ code: 0, findings: 1 });
  expect(found('--quirks', 'none')).toEqual({ code: 0, findings: 0 });
  expect(apemu('run', corpus, '--quirks', 'Q99').code).toBe(2);
});

test('stress, live: random churn of every verb finds nothing', () => {
  const { code, out } = apemu('stress', '--for', '3s', '--seed', '7', '--json');
  const report = JSON.parse(out) as Report & { stress: { verbs: Record<string, number>; checks: number } };
  expect({ code, ok: report.ok, findings: report.findings }).toEqual({ code: 0, ok: true, findings: [] });
  expect(report.stress.checks).toBeGreaterThan(100);
  expect(Object.keys(report.stress.verbs).length).toBeGreaterThan(12);
});

test('stress, controlled: the same seed writes the same event log, another seed another one', () => {
  const log = (seed: string, name: string): string => {
    const { code } = apemu('stress', '--controlled', '--steps', '4000', '--seed', seed, '--events', name);
    expect(code).toBe(0);
    return readFileSync(join(folder, name), 'utf8');
  };
  const first = log('7', 'first.ndjson');
  expect(first.split('\n').length).toBeGreaterThan(200);
  expect(log('7', 'second.ndjson')).toBe(first);
  expect(log('8', 'third.ndjson')).not.toBe(first);
});

// Both would go on for long after the signal, were it not for that.
const LONG = join(ROOT, 'scenarios', 'thousand-lives.yaml');
for (const mode of [
  ['run', LONG],
  ['stress', '--controlled', '--steps', '100000000'],
]) {
  test(`Ctrl-C during ${mode[0]}: the guests stop, the report so far is printed, exit code 130`, async () => {
    const child = spawn(process.execPath, [BINARY, ...mode, '--json', '--seed', '1'], { cwd: folder });
    let out = '';
    child.stdout.on('data', (text: Buffer) => {
      out += text.toString();
    });
    // The first line of progress says that the run is under way.
    child.stderr.once('data', () => child.kill('SIGINT'));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code).toBe(130);
    const report = JSON.parse(out) as Report & { outcome: string };
    expect(report).toMatchObject({ outcome: 'interrupted', quiescence: { clean: true }, findings: [] });
  });
}
