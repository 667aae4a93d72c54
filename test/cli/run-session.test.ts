/**
 * Goal: a run ends with the right exit code, results go to stdout and everything else to stderr, Ctrl-C stops it, files are written.
 * Method: a run made by the test in the place of ScenarioRun; signals and terminal in memory, files in a temporary folder.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readOptions } from '../../src/cli/options.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { runSession, type RunHandle } from '../../src/cli/run-session.ts';
import { runSettings, type RunSettings } from '../../src/cli/run-settings.ts';
import { UsageError } from '../../src/cli/usage-error.ts';
import { BootError } from '../../src/machine/machine.ts';
import type { RunReport } from '../../src/scenario/run-report.ts';
import type { RunOptions } from '../../src/scenario/run-scenario.ts';
import { DEADLOCK, report } from '../report/made-up.ts';
import { FakeSignals, fakeTerminal, type FakeTerminal } from './fake-terminal.ts';

const PROGRESS = { operations: 30, expected: 300, retries: 1, findings: 0, phase: 'workloads' };
const STUCK: Partial<RunReport> = { ok: false, outcome: 'stuck', quiescence: null, findings: [DEADLOCK] };

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'apemu-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function settings(more: Partial<RunSettings> = {}, mode: 'run' | 'stress' = 'run', ...args: string[]): RunSettings {
  const command = COMMANDS.find(({ name }) => name === mode)!;
  return { ...runSettings(mode, readOptions(args, { ...command, where: `apemu ${mode}` })), quiet: true, ...more };
}

interface Session {
  readonly code: number;
  readonly terminal: FakeTerminal;
  readonly signals: FakeSignals;
  readonly options: RunOptions;
}

/** Runs a session whose run is `start`; it may look at what it was given and send signals. */
async function session(
  wanted: RunSettings,
  start: (options: RunOptions, signals: FakeSignals) => Promise<RunReport>,
  terminal = fakeTerminal(),
): Promise<Session> {
  const signals = new FakeSignals();
  let given: RunOptions | null = null;
  const create = (options: RunOptions): RunHandle => {
    given = options;
    return { start: () => start(options, signals), progress: () => PROGRESS, interrupt: () => undefined };
  };
  const code = await runSession(wanted, { terminal, signals, create });
  return { code, terminal, signals, options: given! };
}

const ending =
  (more: Partial<RunReport> = {}) =>
  (): Promise<RunReport> =>
    Promise.resolve(report(more));

describe('the exit code', () => {
  test.each<[string, Partial<RunSettings>, Partial<RunReport>, number, RegExp]>([
    ['a clean run', {}, {}, 0, /\nok: [^\n]*\n$/],
    ['a finding', {}, STUCK, 1, /\nFAILED: 1 finding \(deadlock\)[^\n]*\n$/],
    ['an expected finding', { expected: ['deadlock'] }, STUCK, 0, /\nok: [^\n]*as the scenario expects[^\n]*\n$/],
    ['an expected finding that is missing', { expected: ['deadlock'] }, {}, 1, /\nFAILED: expected a finding/],
  ])('of %s', async (_name, more, ended, code, text) => {
    const { code: got, terminal } = await session(settings(more), ending(ended));
    expect(got).toBe(code);
    expect(terminal.stdout.text).toMatch(text);
    expect(terminal.stderr.text).toBe('');
  });

  test('of a run that throws is its error, with nothing on stdout', async () => {
    const terminal = fakeTerminal();
    await expect(session(settings(), () => Promise.reject(new Error('broken')), terminal)).rejects.toThrow('broken');
    expect(terminal.stdout.text).toBe('');
  });
});

test('a host that cannot be brought up as the scenario says is a mistake of the user', async () => {
  const attempt = session(settings(), () => Promise.reject(new BootError('guest g: expected its mdev to open, got EBUSY')));
  await expect(attempt).rejects.toThrow(UsageError);
  await expect(attempt).rejects.toThrow('<embedded>: guest g: expected its mdev to open, got EBUSY');
});

describe('Ctrl-C', () => {
  /** A run that ends when it is interrupted. */
  async function interrupted(
    ...names: string[]
  ): Promise<{ code: number; terminal: FakeTerminal; signals: FakeSignals; asked: number; stalls: number }> {
    const [terminal, signals] = [fakeTerminal(), new FakeSignals()];
    let [asked, stalls] = [0, 0];
    const create = (): RunHandle => {
      const { promise, resolve } = withResolver<RunReport>();
      const start = (): Promise<RunReport> => {
        for (const name of names) signals.send(name);
        return promise;
      };
      const interrupt = (): void => {
        asked++;
        resolve(report({ ok: false, outcome: 'interrupted' }));
      };
      // Who waits is looked at before the run is stopped, which ends the waits.
      const stalled = (): void => {
        if (asked === 0) stalls++;
      };
      return { start, interrupt, stalled, progress: () => PROGRESS };
    };
    const code = await runSession(settings(), { terminal, signals, create });
    return { code, terminal, signals, asked, stalls };
  }

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('%s asks the run to stop, prints the report so far and exits with 130', async (name) => {
    const { code, terminal, signals, asked, stalls } = await interrupted(name);
    expect({ code, asked, stalls, exits: signals.exits }).toEqual({ code: 130, asked: 1, stalls: 0, exits: [] });
    expect(terminal.stderr.text).toBe('apemu: interrupted, stopping guests and resetting queues (again to leave at once)\n');
    expect(terminal.stdout.text).toMatch(/^apemu run three-guests: interrupted after [^]*\ninterrupted: 480 operations/);
  });

  test('twice leaves at once', async () => {
    const { signals, asked } = await interrupted('SIGINT', 'SIGTERM');
    expect({ asked, exits: signals.exits }).toEqual({ asked: 1, exits: [130] });
  });

  test('does not leave at once when the terminal goes away, which is told twice', async () => {
    const { signals, asked } = await interrupted('SIGHUP', 'SIGHUP');
    expect({ asked, exits: signals.exits }).toEqual({ asked: 1, exits: [] });
  });

  test("is nobody's business any more when the run has ended", async () => {
    const { signals } = await session(settings(), ending());
    expect(signals.send('SIGINT') + signals.send('SIGTERM') + signals.send('SIGHUP') + signals.send('beforeExit')).toBe(0);
  });

  test('an event loop that runs empty stops the run, which then has failed', async () => {
    const { code, terminal, asked, stalls } = await interrupted('beforeExit');
    expect({ code, asked, stalls }).toEqual({ code: 1, asked: 1, stalls: 1 });
    expect(terminal.stderr.text).toContain('nothing can happen any more');
    expect(terminal.stdout.text).toContain('\n  - nothing could happen any more before the run had ended\ninterrupted: 480 operations');
  });
});

describe('output', () => {
  test('--json: stdout is one JSON document', async () => {
    const { terminal } = await session(settings({ json: true }), ending());
    expect(JSON.parse(terminal.stdout.text)).toMatchObject({ ok: true, seed: 42, guests: [{ name: 'guest1' }, { name: 'guest2' }] });
  });

  test.each<[string, boolean, Record<string, string>, boolean]>([
    ['on a terminal', true, {}, true],
    ['in a pipe', false, {}, false],
    ['with NO_COLOR', true, { NO_COLOR: '1' }, false],
    ['with an empty NO_COLOR', true, { NO_COLOR: '' }, true],
  ])('colour %s', async (_name, tty, env, coloured) => {
    const { terminal } = await session(settings(), ending(), fakeTerminal(tty, env));
    expect(terminal.stdout.text.includes('\u001b[')).toBe(coloured);
  });

  test('a reader that has gone away changes nothing', async () => {
    const terminal = fakeTerminal();
    terminal.stdout.error = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    expect((await session(settings(), ending(STUCK), terminal)).code).toBe(1);
  });

  test('a result that cannot be written is told', async () => {
    const terminal = fakeTerminal();
    terminal.stdout.error = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    await expect(session(settings(), ending(), terminal)).rejects.toThrow('apemu: expected to write the result, got ENOSPC');
  });

  test('the kernel log goes to stderr when a level is asked for, and nowhere otherwise', async () => {
    const log = async (more: Partial<RunSettings>): Promise<string> => {
      const { terminal, options } = await session(settings(more), (given) => {
        given.logger.destination?.write('line\n');
        return Promise.resolve(report());
      });
      return `${options.logger.level}: ${terminal.stderr.text}`;
    };
    expect(await log({})).toBe('silent: ');
    expect(await log({ logLevel: 'debug' })).toBe('debug: line\n');
  });
});

describe('files', () => {
  test('--save keeps the report as JSON, --events the log, --log-file the kernel log', async () => {
    const [save, events, logFile] = ['r.json', 'e.ndjson', 'k.log'].map((name) => join(folder, name)) as [string, string, string];
    const { terminal } = await session(settings({ save, events, logFile, json: true }), (options) => {
      for (let seq = 0; seq < 3000; seq++) options.onEvent?.({ seq, t: seq / 3, kind: 'ap.scan', by: 'bus', data: { card: 5 } });
      options.logger.destination?.write('{"msg":"hello"}\n');
      return Promise.resolve(report());
    });
    expect(readFileSync(save, 'utf8')).toBe(terminal.stdout.text);
    const lines = readFileSync(events, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(3000);
    expect(lines[2999]).toBe('{"seq":2999,"t":999.667,"kind":"ap.scan","by":"bus","card":5}');
    expect(readFileSync(logFile, 'utf8')).toBe('{"msg":"hello"}\n');
  });

  test('--proc keeps what was learnt about locks, under the words that name the run', async () => {
    const proc = join(folder, 'locks.txt');
    const totals = { classes: 0, directDependencies: 0, indirectDependencies: 0, chains: 0, longestChain: 0, findings: {} };
    const lockDump = { time: 2500, classes: [], chains: [], totals, statistics: [], sites: [] };
    const { code, terminal } = await session(settings({ proc, json: true }), ending({ lockDump }));
    expect([code, terminal.stdout.text.includes('lockDump')]).toEqual([0, false]);
    expect(readFileSync(proc, 'utf8')).toMatch(
      /^scenario three-guests, design guests-lock, live runtime, seed 42\n=+\nlockdep, at 2\.500 s\n/,
    );
  });

  test('an earlier report survives a run that fails', async () => {
    const save = join(folder, 'r.json');
    writeFileSync(save, 'earlier');
    await expect(session(settings({ save }), () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(readFileSync(save, 'utf8')).toBe('earlier');
  });

  test.each(['save', 'proc', 'events', 'log-file'])(
    '--%s with a name that cannot be written: refused before anything starts',
    async (option) => {
      const path = join(folder, 'no', 'such', 'folder');
      const wanted = settings({}, 'run', `--${option}`, path);
      let started = false;
      const attempt = session(wanted, () => {
        started = true;
        return Promise.resolve(report());
      });
      await expect(attempt).rejects.toThrow(UsageError);
      await expect(attempt).rejects.toThrow(`apemu run: --${option}: expected a file that can be written, got ENOENT`);
      expect(started).toBe(false);
    },
  );
});

describe('settings', () => {
  test('reach the run', async () => {
    const wanted = settings({}, 'stress', '--controlled', '--steps', '500', '--seed', '7', '--for', '2s');
    const { options } = await session(wanted, ending());
    expect(options).toMatchObject({ mode: 'stress', runtime: 'controlled', steps: 500, seed: 7, limitMs: 2000, design: 'guests-lock' });
    expect(options.scenario.source).toBe('<embedded>');
  });

  test.each<['run' | 'stress', string[], number | undefined, number | undefined]>([
    ['run', [], undefined, undefined],
    ['stress', [], 30_000, undefined],
    ['stress', ['--controlled', '--steps', '5'], undefined, 5],
    ['stress', ['--controlled', '--for', '2s'], 2000, undefined],
    ['stress', ['--controlled'], undefined, 100_000],
  ])('limits of %s %j', (mode, args, limitMs, steps) => expect(settings({}, mode, ...args)).toMatchObject({ limitMs, steps }));

  test('a fresh seed is within the range that --seed takes', () => {
    const { seed } = settings();
    expect(Number.isInteger(seed) && seed >= 0 && seed <= 0xffff_ffff).toBe(true);
  });

  test('--steps alone is refused', () => {
    expect(() => settings({}, 'stress', '--steps', '5')).toThrow('apemu stress: --steps: expected --controlled with it');
  });

  test('a design that does not exist is refused, in the option as in the scenario', () => {
    expect(() => settings({}, 'run', '--design', 'guest-lock')).toThrow(
      /^apemu run: --design: expected a locking design \(.*\), got "guest-lock"; did you mean "guests-lock"\?$/,
    );
    const path = join(folder, 's.yaml');
    writeFileSync(path, 'host: { adapters: [{ id: 5, type: CEX8C }], domains: [4] }\ndesign: ./mine.ts\n');
    expect(() => settings({}, 'run', path)).toThrow(`${path}: design: expected a locking design (`);
  });

  test('the expectation is that of the design that runs', () => {
    const path = join(folder, 's.yaml');
    const head = 'host: { adapters: [{ id: 5, type: CEX8C }], domains: [4] }\ndesign: guests-lock\n';
    writeFileSync(path, `${head}expect: { verdict: [leak], designs: { guests-lock: [deadlock] } }\n`);
    expect(settings({}, 'run', path).expected).toEqual(['deadlock']);
    writeFileSync(path, `${head}expect: { verdict: [leak] }\n`);
    expect(settings({}, 'run', path).expected).toEqual(['leak']);
  });
});

function withResolver<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
