/**
 * Goal: every argument is accepted with the right meaning or refused in one line that says what was expected.
 */
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { commandHelp, generalHelp } from '../../src/cli/help.ts';
import { readOptions, type ParsedOptions } from '../../src/cli/options.ts';
import { DURATION, FILE, LEVEL, SEED, STEPS, type ValueKind } from '../../src/cli/option-values.ts';
import { UsageError } from '../../src/cli/usage-error.ts';

const STRESS = COMMANDS.find(({ name }) => name === 'stress')!;
const read = (...args: string[]): ParsedOptions => readOptions(args, { ...STRESS, where: 'apemu stress' });

function refusal(...args: string[]): string {
  try {
    read(...args);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as UsageError).message;
  }
  throw new Error(`expected a refusal of ${args.join(' ')}`);
}

test.each<[string, ValueKind<unknown>, string[], unknown]>([
  ['seed', SEED, ['--seed', '0'], 0],
  ['seed', SEED, ['--seed=4294967295'], 4294967295],
  ['for', DURATION, ['--for', '30s'], 30_000],
  ['for', DURATION, ['--for', '500ms'], 500],
  ['for', DURATION, ['--for', '2m'], 120_000],
  ['for', DURATION, ['--for', '1.5s'], 1500],
  ['for', DURATION, ['--for', '24h'], 86_400_000],
  ['steps', STEPS, ['--controlled', '--steps', '100'], 100],
  ['log-level', LEVEL, ['--log-level', 'debug'], 'debug'],
  ['save', FILE, ['--save=--odd-name'], '--odd-name'],
  ['save', FILE, [], undefined],
])('--%s reads %#', (name, kind, args, value) => expect(read(...args).get(name, kind)).toBe(value));

const SEED_TEXT = 'apemu stress: --seed: expected a whole number from 0 to 4294967295, got';
const FOR_TEXT = 'apemu stress: --for: expected a time above 0 like 30s, 500ms or 2m, at most 24h, got';

test.each([
  [['--seed', 'abc'], `${SEED_TEXT} "abc"`],
  [['--seed', '-1'], `${SEED_TEXT} "-1"`],
  [['--seed', '4294967296'], `${SEED_TEXT} "4294967296"`],
  [['--seed', '1.5'], `${SEED_TEXT} "1.5"`],
  [['--seed', '1e3'], `${SEED_TEXT} "1e3"`],
  [['--seed', ''], `${SEED_TEXT} ""`],
  [['--seed'], `${SEED_TEXT} nothing`],
  [['--seed', '--json'], `${SEED_TEXT} --json`],
  [['--for', '30'], `${FOR_TEXT} "30"`],
  [['--for', '0s'], `${FOR_TEXT} "0s"`],
  [['--for', '25h'], `${FOR_TEXT} "25h"`],
  [['--for', '5 s'], `${FOR_TEXT} "5 s"`],
  [['--steps', '0'], 'apemu stress: --steps: expected a whole number from 1 to 1000000000, got "0"'],
  [['--log-level', 'loud'], 'apemu stress: --log-level: expected a log level: silent, error, warn, info, debug, got "loud"'],
  [['--save', ''], 'apemu stress: --save: expected a file name, got ""'],
  [['--json=yes'], 'apemu stress: --json: expected no value, got "yes"'],
  [['--json', '--json'], 'apemu stress: expected --json once, got it again'],
  [['a.yaml', 'b.yaml'], 'apemu stress: expected at most [SCENARIO], got "b.yaml" as well'],
])('%j is refused', (args, text) => expect(refusal(...args)).toBe(text));

describe('an unknown option', () => {
  test.each([
    ['--sed', '; did you mean "--seed"?'],
    ['--quite', '; did you mean "--quiet"?'],
    ['--xyzzy', ''],
    ['-v', ''],
  ])('%s', (word, hint) => {
    const text = refusal(word);
    expect(text).toMatch(/^apemu stress: expected one of the options --for, --controlled, /);
    expect(text.endsWith(`got "${word}"${hint}`)).toBe(true);
  });
});

test('what follows -- is a file, whatever it looks like', () => expect(read('--', '--seed').positionals).toEqual(['--seed']));

describe('the help', () => {
  test('names every command and every option', () => {
    for (const command of COMMANDS) {
      expect(generalHelp()).toContain(`  ${command.name} `);
      for (const { name, help } of command.options)
        expect(commandHelp(command).split('\n')).toContainEqual(expect.stringMatching(`^  (?:-[a-z], )?--${name} .* ${escaped(help)}$`));
    }
  });

  test('fits a terminal', () => {
    const texts = [generalHelp(), ...COMMANDS.map(commandHelp)];
    for (const line of texts.join('').split('\n')) expect(line.length).toBeLessThanOrEqual(120);
  });
});

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
