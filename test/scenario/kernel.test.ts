/**
 * Goal: a scenario runs as the kernel that it names, under a design which that kernel can have; what cannot have been is refused with its
 * place.
 * Method: the three guests of the package under each kernel; texts that name impossible pairs.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { KERNELS, type KernelName } from '../../src/base/kernel-profile.ts';
import { chosenScenario } from '../../src/cli/chosen-scenario.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { readOptions } from '../../src/cli/options.ts';
import { UsageError } from '../../src/cli/usage-error.ts';
import { BootError } from '../../src/machine/machine.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { ScenarioError } from '../../src/scenario/place.ts';
import { ScenarioRun } from '../../src/scenario/run-scenario.ts';
import type { RunReport } from '../../src/scenario/run-report.ts';
import { scenarioText } from '../../src/scenario/scenario-text.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { designByName, designNames, designsFor } from '../../src/vfio-ap/locking/designs.ts';
import { onHost } from '../helpers/host.ts';
import { example } from './example.ts';
import { ROOT } from '../tidy/tree.ts';

const load = (text: string): Scenario => loadScenario(text, 't.yaml', { designs: designNames() });
const kernel = (name: KernelName, more = ''): string => `${example('host:', `host:\n  kernel: "${name}"`)}${more}`;

function refusal(text: string): string {
  try {
    load(text);
  } catch (error) {
    if (error instanceof ScenarioError) return error.message;
    throw error;
  }
  throw new Error('expected a ScenarioError, got a scenario');
}

function run(scenario: Scenario, design = scenario.design): Promise<RunReport> {
  return new ScenarioRun({ scenario, design, seed: 1, runtime: 'controlled', mode: 'run', logger: { level: 'silent' } }).start();
}

/** The package's three guests with less to do, as this kernel; without hot plug the hot plugs are refused. */
function threeGuests(name: KernelName): Scenario {
  const text = readFileSync(join(ROOT, 'scenarios', 'three-guests.yaml'), 'utf8')
    .replace('kernel: current', `kernel: "${name}"`)
    .replace(/^design: .*$/m, '')
    .replaceAll('operations: 120, bits: [1024, 2048, 4096]', 'operations: 10, bits: [512]');
  return load(KERNELS[name].hotPlug ? text : text.replaceAll(/(assign_.*expect: )ok/g, '$1EBUSY'));
}

describe.each(['current', '6.0', '5.15'] as const)('kernel %s', (name) => {
  test('the three guests end well', async () => {
    const scenario = threeGuests(name);
    expect(scenario.host.kernel).toBe(name);
    const report = await run(scenario);
    expect(report).toMatchObject({ ok: true, outcome: 'done', findings: [], quiescence: { clean: true } });
    expect(report.events.filter(({ result }) => result === 'EBUSY').length).toBe(name === '5.15' ? 4 : 0);
    expect(report.guests.map(({ operations }) => operations)).toEqual([20, 20, 20]);
  });
});

test('without a design a scenario runs under the one that its kernel was released with', () => {
  const designs = (['current', '6.0', '5.15'] as const).map((name) => load(kernel(name)).design);
  expect(designs).toEqual(['guests-lock', 'guests-lock', 'kvm-lock-outside']);
});

test('a scenario that names its kernel is written as one', () => {
  expect(load(scenarioText(load(kernel('5.15'))))).toMatchObject({ host: { kernel: '5.15' }, design: 'kvm-lock-outside' });
});

test('a design with hot plug is refused for a kernel without, with its place', () => {
  const possible = designsFor(KERNELS['5.15']).join(', ');
  const expected = `expected a locking design without hot plug, as kernel "5.15" has none (${possible})`;
  const hint = 'leave it out for kvm-lock-outside, or take kernel "6.0" or current';
  expect(refusal(kernel('5.15', 'design: guests-lock\n'))).toBe(`t.yaml:15:9: design: ${expected}, got guests-lock; ${hint}`);
  expect(refusal(kernel('5.15', 'expect: { designs: { kvm-busy: [deadlock], guests-rwsem: [data-race] } }\n'))).toBe(
    `t.yaml:15:44: expect.designs.guests-rwsem: ${expected}, got "guests-rwsem"; ${hint}`,
  );
});

test('history can be run as a kernel of today', () => {
  for (const name of ['6.0', 'current'] as const) {
    for (const design of designNames()) expect(load(kernel(name, `design: ${design}\n`)).design).toBe(design);
  }
});

test('which of the designs have hot plug is what they say themselves', async () => {
  for (const name of designNames()) {
    let hotPlug: boolean | null = null;
    await onHost('controlled', { design: designByName(name)!, findings: true }, (host) => {
      ({ hotPlug } = host.machine.vfioAp.design);
      return Promise.resolve();
    });
    expect([name, designsFor(KERNELS['5.15']).includes(name)]).toEqual([name, hotPlug === false]);
  }
});

test('a design that the command line names is refused likewise', () => {
  const command = COMMANDS.find(({ name }) => name === 'run')!;
  const path = join(ROOT, 'test', 'fixtures', 'kernel-5.15.yaml');
  const options = (design: string) => readOptions([path, '--design', design], { ...command, where: 'apemu run' });
  expect(() => chosenScenario('apemu run', options('guests-lock'))).toThrow(UsageError);
  expect(() => chosenScenario('apemu run', options('guests-lock'))).toThrow(
    /^apemu run: --design: expected .*"5\.15" has none.*, got guests-lock$/,
  );
  expect(chosenScenario('apemu run', options('kvm-busy')).design).toBe('kvm-busy');
});

test('a design file shows when the host is built whether it fits', async () => {
  await expect(run(load(kernel('5.15')), 'guests-lock')).rejects.toThrow(BootError);
  await expect(run(load(kernel('5.15')), 'guests-lock')).rejects.toThrow(/^kernel 5\.15 has no hot plug: .* got guests-lock$/);
});
