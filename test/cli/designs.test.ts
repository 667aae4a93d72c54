/**
 * Goal: `apemu designs` explores the cells that were asked for, shows them as a matrix or as JSON, and answers with the right exit code.
 * Method: a few cells with a small budget in this thread, one table on threads; signals and terminal in memory.
 */
import { describe, expect, test } from 'vitest';
import type { Cell } from '../../src/campaign/design-cell.ts';
import { designsTable } from '../../src/campaign/designs-table.ts';
import { replay } from '../../src/campaign/replay.ts';
import { fromToken } from '../../src/campaign/replayable.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { designsSession } from '../../src/cli/designs.ts';
import { designsSettings, type DesignsSettings } from '../../src/cli/designs-settings.ts';
import { readOptions } from '../../src/cli/options.ts';
import { UsageError } from '../../src/cli/usage-error.ts';
import { loadDesign } from '../../src/scenario/design-file.ts';
import { historyNames } from '../../src/scenario/history.ts';
import { loadScenarioFile } from '../../src/scenario/load.ts';
import { designNames } from '../../src/vfio-ap/locking/designs.ts';
import { FakeSignals, fakeTerminal } from './fake-terminal.ts';

const SMALL = ['--scenario', '000-attach', '--scenario', '002-masks', '--design', 'global-mutex', '--design', 'guests-lock'];
const QUICK = ['--quiet', '--workers', '1', '--budget', '30'];

function settings(...args: string[]): DesignsSettings {
  const command = COMMANDS.find(({ name }) => name === 'designs')!;
  return designsSettings(readOptions(args, { ...command, where: 'apemu designs' }));
}

async function session(wanted: DesignsSettings): Promise<{ code: number; out: string }> {
  const terminal = fakeTerminal();
  const code = await designsSession(wanted, { terminal, signals: new FakeSignals() });
  return { code, out: terminal.stdout.text };
}

describe('the table', () => {
  test('has a row a design and a column a scenario, within 120 columns, and ends with its verdict', async () => {
    const { code, out } = await session(settings(...SMALL, ...QUICK));
    expect(code).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines.filter((line) => line.length > 120)).toEqual([]);
    expect(out).toContain(' 1  000-attach    2  002-masks');
    expect(lines).toContain('  global-mutex  DO  .');
    expect(lines).toContain('  guests-lock   .   .');
    expect(out).toContain('D deadlock');
    expect(lines.at(-1)).toBe('ok: 4 cells, all as expected');
  });

  test('has a row for a design file, called by its name, of which nothing is expected', async () => {
    const file = 'docs/designs/kvm-busy.yaml';
    await loadDesign(file, '.');
    const { code, out } = await session(settings('--scenario', '000-detach', '--design', 'kvm-busy', '--design', file, ...QUICK));
    expect(code).toBe(0);
    expect(out).toMatch(/^ {2}kvm-busy {7}DO$/m);
    expect(out).toMatch(/^ {2}kvm-busy\.yaml {2}DO$/m);
  });

  test('names a cell that is not as expected, with its token, and the exit code is 1', async () => {
    const wanted = settings(...SMALL, ...QUICK);
    const work = wanted.work.map((one) => ({ ...one, expected: [] }));
    const { code, out } = await session({ ...wanted, work });
    expect(code).toBe(1);
    expect(out).toContain('  global-mutex, 000-attach: found lock-order, deadlock, expected none\n    apemu replay apemu1.');
    expect(out).toContain('  global-mutex  !DO  .');
    expect(out.trimEnd()).toMatch(/FAILED: 1 of 4 cells not as expected$/);
  });

  test('says so when what is expected is not found', async () => {
    const wanted = settings('--scenario', '002-masks', '--design', 'guests-lock', ...QUICK);
    const { code, out } = await session({ ...wanted, work: wanted.work.map((one) => ({ ...one, expected: ['leak'] })) });
    expect(code).toBe(1);
    expect(out).toContain('guests-lock, 002-masks: expected leak, not found in 300 schedules');
  });

  test('is cut short by a signal with the cells that are done, and the exit code is 130', async () => {
    const terminal = fakeTerminal();
    const signals = new FakeSignals();
    const going = designsSession(settings(...SMALL, '--quiet', '--workers', '1', '--budget', '1000000'), { terminal, signals });
    signals.send('SIGINT');
    expect(await going).toBe(130);
    expect(terminal.stdout.text.trimEnd()).toMatch(/interrupted: \d of 4 cells done$/);
  });

  test('is the same on threads', async () => {
    const { work } = settings(...SMALL, ...QUICK);
    expect(await designsTable(work, 2)).toEqual(await designsTable(work, 1));
  });
});

test('JSON is a list of cells, and the token of a cell replays what it found', async () => {
  const { code, out } = await session(settings(...SMALL, ...QUICK, '--json'));
  expect(code).toBe(0);
  const cells = JSON.parse(out) as Cell[];
  expect(cells.map(({ design, scenario, verdict }) => [design, scenario, verdict])).toEqual([
    ['global-mutex', '000-attach', 'finding'],
    ['guests-lock', '000-attach', 'clean'],
    ['global-mutex', '002-masks', 'clean'],
    ['guests-lock', '002-masks', 'clean'],
  ]);
  const [first, second] = cells as [Cell, Cell];
  expect(second).toMatchObject({ kinds: [], schedulesToFirst: {}, schedules: 30 });
  expect(second).not.toHaveProperty('replay');
  expect(first.kinds.toSorted()).toEqual(['deadlock', 'lock-order']);
  expect(Object.values(first.schedulesToFirst).every((schedule) => schedule >= 1 && schedule <= first.schedules)).toBe(true);
  const what = fromToken(first.replay!, (source) => loadScenarioFile(source).text);
  expect(await replay(what, { lenient: false })).toMatchObject({ verdict: 'reproduced', failure: { finding: { kind: first.kinds[0] } } });
});

test('with --cost it shows how long a guest and KVM wait beside a reset and under hot plug', async () => {
  const few = [
    '--scenario',
    '002-masks',
    '--design',
    'guests-lock',
    '--design',
    'user-space-pqap',
    '--design',
    'queue-lock',
    '--cost',
    ...QUICK,
  ];
  const { code, out } = await session(settings(...few));
  expect(code).toBe(0);
  const row = (design: string): string[] =>
    out
      .split('\n')
      .findLast((line) => line.trimStart().startsWith(`${design} `))!
      .trim()
      .split(/ +/);
  expect(row('guests-lock').slice(1, 5)).toEqual(['95', '10.0', '20.0', '20.0']);
  expect(row('user-space-pqap').slice(1, 5)).toEqual(['95', '10.0', '20.0', '0.00']);
  expect(row('user-space-pqap').at(-1)).toBe('refused');
  expect(row('queue-lock').slice(1, 5)).toEqual(['1000', '0.00', '0.00', '0.00']);
  const { costs, cells } = JSON.parse((await session(settings(...few, '--json'))).out) as { costs: object[]; cells: Cell[] };
  expect(cells).toHaveLength(3);
  expect(costs).toMatchObject([{ design: 'guests-lock', hotPlug: { stallMs: 20, kvmStallMs: 20 } }, { hotPlug: null }, {}]);
});

describe('the options', () => {
  test('without any every design meets every scenario of the history', () => {
    const { work, seed } = settings();
    expect(seed).toBe(1);
    expect([...new Set(work.map(({ name }) => name))].toSorted()).toEqual(historyNames());
    expect(work.filter(({ name }) => name === '000-attach').map(({ unit }) => unit.design)).toEqual(designNames());
  });

  test('a scenario may be a file', () => {
    const { work } = settings('--scenario', 'scenarios/corpus/02-kvm-busy.yaml', '--design', 'kvm-busy');
    expect(work.map(({ name, expected }) => [name, expected])).toEqual([['02-kvm-busy', ['lock-order', 'deadlock']]]);
  });

  test.each([
    [['--design', 'kvm-bussy'], /^apemu designs: --design: expected a locking design .*got "kvm-bussy"; did you mean "kvm-busy"\?$/],
    [
      ['--scenario', '000-atach'],
      /^apemu designs: --scenario: expected a scenario of the history .*got "000-atach"; did you mean "000-attach"\?$/,
    ],
    [['--scenario', '002-masks', '--design', 'zdev-trylock'], /^apemu designs: expected designs that fit the scenarios, got none$/],
    [['--budget', '0'], /^apemu designs: --budget: expected a number of schedules above 0/],
    [['--seed', '1', '--seed', '2'], /^apemu designs: expected --seed once, got it again$/],
  ])('%j is refused', (args, message) => {
    const refusal = expect(() => settings(...args));
    refusal.toThrow(UsageError);
    refusal.toThrow(message);
  });
});
