/**
 * Goal: `apemu guest` puts the program of its command line into the right guest of the right scenario, refuses what cannot run in one line,
 * keeps stdout for the program, and ends with the exit code that its result stands for.
 * Method: settings from real options; sessions with a run made by the test in the place of ScenarioRun.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { guestSession } from '../../src/cli/guest-session.ts';
import { guestSettings, type GuestSettings } from '../../src/cli/guest-settings.ts';
import { readOptions } from '../../src/cli/options.ts';
import type { RunHandle } from '../../src/cli/run-session.ts';
import type { CodeReport } from '../../src/guest/guest-program.ts';
import type { Finding } from '../../src/locks/finding.ts';
import type { GuestSpec } from '../../src/machine/host-spec.ts';
import type { GuestReport, RunReport } from '../../src/scenario/run-report.ts';
import type { RunOptions } from '../../src/scenario/run-scenario.ts';
import { elfFile, programOf } from '../guest/s390x/elf-file.ts';
import { ABBA, guest as guestReport, report } from '../report/made-up.ts';
import { FakeSignals, fakeTerminal, type FakeTerminal } from './fake-terminal.ts';

const SCENARIO = `host: { adapters: [{ id: 5, type: CEX8C }], domains: [4], apmask: "-5" }
mdevs: [{ name: m1, adapters: [5], domains: [4] }]
guests:
  - { name: busy, workload: { instructions: [qci] } }
  - { name: free, mdev: m1, vcpus: 3 }
`;

let folder = '';
const file = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'apemu-test-'));
  writeFileSync(file('ret.elf'), programOf(0x07, 0xfe));
  writeFileSync(file('other.elf'), elfFile({ machine: 62, entry: 0n, segments: [] }));
  writeFileSync(file('two.yaml'), SCENARIO);
  writeFileSync(file('busy.yaml'), SCENARIO.replace(/ {2}- \{ name: free.*\n/, ''));
});
afterAll(() => rmSync(folder, { recursive: true }));

function settings(...args: string[]): GuestSettings {
  const command = COMMANDS.find(({ name }) => name === 'guest')!;
  return guestSettings(readOptions(args, { ...command, where: 'apemu guest' }));
}

const runs = ({ scenario, guest }: GuestSettings): GuestSpec => scenario.host.guests.find(({ name }) => name === guest)!;

describe('the program', () => {
  test('runs in the guest of a small host with two adapters and two domains unless there is a scenario', () => {
    const chosen = settings(file('ret.elf'), '--seed', '7');
    expect(chosen).toMatchObject({ guest: 'guest1', design: 'guests-lock', runtime: 'live', seed: 7, json: false, expected: [] });
    expect(chosen.scenario.host.mdevs[0]).toMatchObject({ adapters: [5, 6], domains: [4, 0x47] });
    expect(runs(chosen)).toMatchObject({
      vcpus: 1,
      workload: { kind: 'code', program: 'ret.elf', mem: 64, maxInstructions: 1_000_000_000 },
    });
  });

  test('runs in the first guest of the scenario that has nothing to do, with its CPUs, or in the one that is named', () => {
    const free = settings(file('ret.elf'), file('two.yaml'));
    expect([free.guest, runs(free).vcpus]).toEqual(['free', 3]);
    const busy = settings(file('ret.elf'), file('two.yaml'), '--guest', 'busy');
    expect([busy.guest, runs(busy).workload?.kind]).toEqual(['busy', 'code']);
    expect(busy.scenario.host.guests[1]?.workload).toBeNull();
  });

  test('has the CPUs, the storage, the bound and the runtime of the command line', () => {
    const chosen = settings(file('ret.elf'), '--cpus', '2', '--mem', '16M', '--max-instructions', '99', '--controlled', '--quirks', 'Q13');
    expect(runs(chosen)).toMatchObject({ vcpus: 2, workload: { mem: 16, maxInstructions: 99 } });
    expect(chosen).toMatchObject({ runtime: 'controlled', quirks: ['Q13'] });
  });
});

describe('is refused in one line:', () => {
  test.each<[string, () => string[], RegExp]>([
    ['nothing to run', () => [], /^apemu guest: expected an ELF file or --program, got nothing; --list shows the programs$/],
    ['a file that is not there', () => [file('none.elf')], /^apemu guest: .*none\.elf: expected a readable ELF file, got ENOENT: [a-z ]*$/],
    ['a folder', () => [folder], /^apemu guest: .*apemu-test-\w*: expected a readable ELF file, got EISDIR: [a-z ]*$/],
    ['a device without end', () => ['/dev/zero'], /^apemu guest: \/dev\/zero: expected a readable ELF file, got a device$/],
    [
      'another machine',
      () => [file('other.elf')],
      /^apemu guest: .*other\.elf: byte 18: expected machine s390x \(22\), got x86-64 \(62\)$/,
    ],
    ['a scenario as program', () => [file('two.yaml')], /^apemu guest: .*two\.yaml: byte 0: expected an ELF file, got "host"$/],
    ['a program that there is not', () => ['--program', 'nonsense'], /^apemu guest: --program: expected a program \(.*\), got "nonsense"$/],
    [
      'a program and a file',
      () => ['--program', 'nonsense', file('ret.elf'), file('two.yaml')],
      /^apemu guest: expected a file or --program, got both/,
    ],
    [
      'no free guest',
      () => [file('ret.elf'), file('busy.yaml')],
      /busy\.yaml: expected a guest without a workload, got busy; --guest takes one/,
    ],
    [
      'a guest that there is not',
      () => [file('ret.elf'), file('two.yaml'), '--guest', 'fre'],
      /^apemu guest: --guest: expected the name of a guest of .*two\.yaml \(busy, free\), got "fre"; did you mean "free"\?$/,
    ],
    [
      'a strange size',
      () => [file('ret.elf'), '--mem', '64'],
      /^apemu guest: --mem: expected an amount of storage from 1M to 1G, like 64M, got "64"$/,
    ],
    ['too many CPUs', () => [file('ret.elf'), '--cpus', '65'], /^apemu guest: --cpus: expected a number of CPUs from 1 to 64, got "65"$/],
  ])('%s', (_name, args, message) => {
    expect(() => settings(...args())).toThrow(message);
    try {
      settings(...args());
    } catch (error) {
      expect((error as Error).message.split('\n')).toHaveLength(1);
    }
  });
});

const CODE: CodeReport = {
  ...{ program: 'ret.elf', result: 'passed', end: 'stopped itself, exit status 1', reason: 'stopped', status: 1, console: 'hello\n' },
  ...{ instructions: 1234, interruptions: { 'external 2401': 2 }, unimplemented: { vl: 1 } },
};
const ran = (code: Partial<CodeReport>, more: Partial<GuestReport> = {}): GuestReport =>
  guestReport('guest1', { operations: 1, expected: 1, answers: { 'nqap 00': 2, 'qci 00': 1 }, code: { ...CODE, ...code }, ...more });
/** It failed, and what the report says of it. */
const ITS_ERROR: Finding = { kind: 'guest-error', key: 'guest-error:guest1', title: 'guest1: failed', tasks: ['guest1'], time: 1 };
const BOUNDED: Partial<RunReport> = {
  ...{ ok: false, findings: [ITS_ERROR] },
  guests: [ran({ result: 'open', reason: 'instruction-limit', end: 'instruction limit reached' }, { errors: 1, expected: 2 })],
};
const FAILED: Partial<RunReport> = { ok: false, guests: [ran({ result: 'failed', status: 3 }, { expected: 2, errors: 1 })] };

interface Session {
  readonly code: number;
  readonly terminal: FakeTerminal;
  readonly options: RunOptions;
}

interface Disturbance {
  /** Ctrl-C during the run. */
  readonly interrupts?: boolean;
  /** What every write to stdout ends with. */
  readonly stdout?: Error;
}

/** A session of the default scenario whose run prints and then ends with this report. */
async function session(ended: Partial<RunReport>, args: string[] = [], more: Disturbance = {}): Promise<Session> {
  const terminal = fakeTerminal();
  terminal.stdout.error = more.stdout ?? null;
  const signals = new FakeSignals();
  let given: RunOptions | null = null;
  const create = (options: RunOptions): RunHandle => ({
    start: () => {
      given = options;
      const data = { guest: 'guest1', text: 'hello\n' };
      options.onEvent?.({ seq: 0, t: 0, kind: 'guest.console', by: 'guest1', data });
      options.onEvent?.({ seq: 1, t: 0, kind: 'guest.console', by: 'other', data: { ...data, guest: 'other' } });
      options.trace?.write('cpu0 ...\n');
      if (more.interrupts === true) expect(signals.send('SIGINT')).toBe(1);
      return Promise.resolve(report({ guests: [ran({})], ...ended }));
    },
    progress: () => ({ operations: 0, expected: 0, retries: 0, findings: 0, phase: 'running' }),
    interrupt: () => undefined,
  });
  const code = await guestSession(settings(file('ret.elf'), ...args), { terminal, signals, create });
  return { code, terminal, options: given! };
}

describe('a session', () => {
  test('has the console of its guest on stdout and the report on stderr', async () => {
    const { code, terminal, options } = await session({});
    expect(code).toBe(0);
    expect(terminal.stdout.text).toBe('hello\n');
    expect(terminal.stderr.text).toMatch(/AP instructions: nqap 00 x 2, qci 00\n.*external 2401 x 2\n.*not provided: vl\n/);
    expect(terminal.stderr.text).toMatch(/\nret\.elf: passed \(stopped itself, exit status 1\), 1234 instructions\n$/);
    expect(options).toMatchObject({ mode: 'run', runtime: 'live' });
    expect(options.trace).toBeUndefined();
  });

  test.each<[string, Partial<RunReport>, number]>([
    ['passed', {}, 0],
    ['failed', FAILED, 1],
    ['skipped', { guests: [ran({ result: 'skipped', status: 77 })] }, 0],
    ['bounded', BOUNDED, 3],
    ['bounded, on a host where something else was found', { ...BOUNDED, findings: [ITS_ERROR, ABBA] }, 1],
    ['stuck', { ok: false, outcome: 'stuck', quiescence: null, guests: [ran({ result: 'open', reason: 'ended' })] }, 1],
  ])('of a program that %s ends with its exit code', async (_name, ended, code) => {
    expect((await session(ended)).code).toBe(code);
  });

  test('tells only what went wrong around a program that has failed or was bounded: the last line is about the program', async () => {
    for (const alone of [BOUNDED, { ...FAILED, findings: [ITS_ERROR] }])
      expect((await session(alone)).terminal.stderr.text).not.toContain('\n  - ');
    for (const ended of [BOUNDED, { ...FAILED, findings: [ITS_ERROR] }]) {
      const { text } = (await session({ ...ended, findings: [ITS_ERROR, ABBA] })).terminal.stderr;
      expect(text).toContain('Finding 1 of 1: lock-order');
      expect(text.match(/^ {2}- .*$/gm)).toEqual(['  - 1 finding (lock-order)']);
    }
  });

  test('whose console could not be written ends with 1 and says so', async () => {
    const { code, terminal } = await session({}, [], { stdout: new Error('ENOSPC: no space left on device, write') });
    expect(code).toBe(1);
    expect(terminal.stderr.text).toMatch(
      /\napemu guest: expected the console to be written to stdout, got ENOSPC: no space left on device, write\n$/,
    );
  });

  test('that is interrupted ends with 130', async () => {
    const { code, terminal } = await session({ ok: false, outcome: 'interrupted' }, [], { interrupts: true });
    expect(code).toBe(130);
    expect(terminal.stderr.text).toContain('apemu: interrupted, stopping the program');
  });

  test('with --json has one document on stdout, the console and the raw status in it', async () => {
    const { code, terminal } = await session(FAILED, ['--json']);
    expect(code).toBe(1);
    expect(terminal.stderr.text).toBe('');
    expect(JSON.parse(terminal.stdout.text)).toMatchObject({
      ...{ guest: 'guest1', program: 'ret.elf', result: 'failed', status: 3, console: 'hello\n', instructions: 1234 },
      ...{ apInstructions: { 'nqap 00': 2 }, run: { command: 'run', verdict: { passed: false } } },
    });
  });

  test('with --trace writes the lines of its guest to the file', async () => {
    const trace = file('trace.txt');
    const { options } = await session({}, ['--trace', trace]);
    expect(options.trace?.guest).toBe('guest1');
    expect(readFileSync(trace, 'utf8')).toBe('cpu0 ...\n');
    await expect(session({}, ['--trace', join(folder, 'none', 'x')])).rejects.toThrow(
      /^apemu guest: --trace: expected a file that can be written, got ENOENT/,
    );
  });
});
