/**
 * Goal: `apemu quirks` lists every known defect with what is to be known about it, as text and as JSON, and each scenario that it names shows
 * the defect. Method: the command line in this process.
 */
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { loadScenarioFile } from '../../src/scenario/load.ts';
import { QUIRKS } from '../../src/vfio-ap/quirks.ts';
import { fakeTerminal } from './fake-terminal.ts';

async function quirks(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = fakeTerminal();
  const code = await main(['quirks', ...args], terminal);
  return { code, out: terminal.stdout.text, err: terminal.stderr.text };
}

interface Row {
  readonly name: string;
  readonly does: string;
  readonly consequence: string;
  readonly scenario: string;
  readonly byDefault: boolean;
}

const rows = async (...args: readonly string[]): Promise<Row[]> => JSON.parse((await quirks(...args, '--json')).out) as Row[];

describe('apemu quirks', () => {
  test('has one paragraph a defect: what it does, what comes of it, how to see it', async () => {
    const { code, out, err } = await quirks('Q10');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n')).toEqual([
      'Known defects of vfio_ap, off by default. --quirks NAME,NAME switches them on; a scenario lists them under quirks.',
      '',
      'Q10',
      '  does: an AQIC that fails with an unexpected response code keeps the page and the ISC of the attempt',
      '  then: a pinned page and an ISC reference leak',
      '  see:  apemu explore scenarios/corpus/35-failed-aqic-keeps-resources.yaml',
      '',
    ]);
  });

  test('lists all of them in lines that fit', async () => {
    const { code, out } = await quirks();
    expect(code).toBe(0);
    const lines = out.split('\n');
    const names = lines.filter((line) => /^(?:Q[0-9]|[a-z])/.test(line)).map((line) => line.split(':')[0]);
    expect(names).toEqual(QUIRKS.map(({ name }) => name));
    expect(lines.filter((line) => line.length > 120)).toEqual([]);
  });

  test('says which one is what happens by default', async () => {
    const { out } = await quirks('Q11,Q12');
    expect(out).toContain('\nQ12: on by default, as the specification wants it: naming it has a checker look for the consequence\n');
    expect(out).toContain('\nQ11\n');
    expect((await rows()).filter(({ byDefault }) => byDefault).map(({ name }) => name)).toEqual(['Q12']);
  });

  test('as JSON: everything that the text says', async () => {
    expect(await rows('Q2')).toEqual([
      {
        name: 'Q2',
        does: QUIRKS[1].does,
        consequence: QUIRKS[1].consequence,
        scenario: 'scenarios/corpus/15-last-adapter-stays.yaml',
        byDefault: false,
      },
    ]);
    expect((await rows()).map(({ name }) => name)).toEqual(QUIRKS.map(({ name }) => name));
  });

  test('names scenarios that switch the defect on and expect a finding', async () => {
    for (const { name, scenario } of await rows()) {
      const { quirks: on, expect: said } = loadScenarioFile(resolve(scenario));
      expect([name, on, said.verdict.length > 0]).toEqual([name, [name], true]);
    }
  });

  test.each([
    [['Q99'], /^apemu quirks: expected known defects \(Q1, .*\), got "Q99"/],
    [['Q2,stale-hok'], /^apemu quirks: expected known defects \(.*\), got "stale-hok"; did you mean "stale-hook"\?$/m],
    [['Q2,'], /^apemu quirks: expected known defects \(.*\), got ""/],
    [['Q2', 'Q3'], /^apemu quirks: expected at most \[LIST\], got "Q3" as well$/m],
    [['--all'], /^apemu quirks: expected one of the options --json, --help, got "--all"/],
  ])('%j is refused', async (args, said) => {
    const { code, out, err } = await quirks(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(said);
  });
});
