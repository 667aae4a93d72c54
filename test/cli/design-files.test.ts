/**
 * Goal: a design file stands wherever the name of a design may: at --design, in a scenario, in a replay token. Method: the command line in
 * this process, with the kvm_busy of the documentation, whose verdict is that of the built-in design.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { ROOT } from '../tidy/tree.ts';
import { fakeTerminal } from './fake-terminal.ts';

const KVM_BUSY = join(ROOT, 'docs/designs/kvm-busy.yaml');
const SCENARIO = join(ROOT, 'scenarios/corpus/02-kvm-busy.yaml');
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'apemu-design-files-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function apemu(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = fakeTerminal();
  const code = await main(args, terminal);
  return { code, out: terminal.stdout.text, err: terminal.stderr.text };
}

interface Explored {
  readonly design: string;
  readonly verdict: string;
  readonly schedules: number;
  readonly finding?: { readonly kind: string; readonly title: string; readonly replay: string };
}

async function explore(scenario: string, ...args: readonly string[]): Promise<Explored> {
  const { out, err } = await apemu('explore', scenario, '--budget', '500', '--seed', '1', '--quiet', '--json', ...args);
  expect(err).toBe('');
  return JSON.parse(out) as Explored;
}

test('explore comes to the same verdict under the file as under the built-in design, in the same schedule', async () => {
  const [file, builtIn] = [await explore(SCENARIO, '--design', KVM_BUSY), await explore(SCENARIO, '--design', 'kvm-busy')];
  expect(builtIn).toMatchObject({ design: 'kvm-busy', verdict: 'finding', finding: { kind: 'deadlock' } });
  expect(file).toMatchObject({ design: KVM_BUSY, verdict: 'finding', schedules: builtIn.schedules });
  expect(file.finding!.title).toBe(builtIn.finding!.title);
});

test('a replay token of a design file replays it', async () => {
  const { finding } = await explore(SCENARIO, '--design', KVM_BUSY);
  const { out, err } = await apemu('replay', finding!.replay.replace(/^apemu replay /, ''));
  expect(err).toBe('');
  expect(out).toContain(KVM_BUSY);
  expect(out).toContain('reproduced: deadlock');
});

test('a scenario names a design file from its own folder', async () => {
  writeFileSync(join(folder, 'mine.yaml'), `design: mine\nbase: ${KVM_BUSY}\n`);
  const scenario = join(folder, 'scenario.yaml');
  writeFileSync(scenario, readFileSync(SCENARIO, 'utf8').replace(/^design: .*$/m, 'design: ./mine.yaml'));
  expect(await explore(scenario)).toMatchObject({ design: join(folder, 'mine.yaml'), verdict: 'finding', finding: { kind: 'deadlock' } });
});

test('run takes a design file, too', async () => {
  const { code, out } = await apemu(
    'run',
    '--design',
    join(ROOT, 'src/vfio-ap/locking/yaml/guests-lock.yaml'),
    '--seed',
    '1',
    '--quiet',
    '--json',
  );
  expect(JSON.parse(out)).toMatchObject({ ok: true, findings: [] });
  expect(code).toBe(0);
});

test('a file that is no design is refused with its place, and nothing runs', async () => {
  const bad = join(folder, 'bad.yaml');
  writeFileSync(bad, 'design: bad\nbase: guests-lock\nattach: [{ lcok: mdevs_lock }]\n');
  const { code, out, err } = await apemu('run', '--design', bad);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(`${bad}:3:12: attach[0].lcok: expected one of the steps lock, `);
});
