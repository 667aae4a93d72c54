/**
 * Goal: `explore` and `replay` of the installed command keep what they promise: verdict, exit code, text, JSON, and that a schedule which
 * one process has found fails again in another. Method: the built binary in processes of their own.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scenarioText, THREE_WAYS, TINY } from '../campaign/small-scenario.ts';
import { ROOT } from '../tidy/tree.ts';

const BINARY = join(ROOT, 'bin', 'apemu.js');
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'apemu-test-'));
  writeFileSync(join(folder, 'tiny.yaml'), TINY);
  writeFileSync(join(folder, 'three.yaml'), THREE_WAYS);
  const expectation = 'expect: { verdict: clean, designs: { global-mutex: [lock-order, deadlock] } }';
  writeFileSync(join(folder, 'expected.yaml'), `${THREE_WAYS}\n${expectation}\n`);
  writeFileSync(join(folder, 'missing.yaml'), `${TINY}\nexpect: { verdict: [deadlock] }\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Answer {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function apemu(...args: string[]): Answer {
  const options = { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 26 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [BINARY, ...args], options);
  return { code: status, out: stdout, err: stderr };
}

interface Result {
  readonly verdict: string;
  readonly schedules: number;
  readonly finding?: { readonly kind: string; readonly tasks: string[]; readonly steps: number; readonly replay: string };
  readonly [field: string]: unknown;
}

function explored(...args: string[]): { code: number | null; result: Result } {
  const { code, out, err } = apemu('explore', ...args, '--json', '--quiet');
  expect(err).toBe('');
  return { code, result: JSON.parse(out) as Result };
}

const STUCK = ['three.yaml', '--design', 'global-mutex', '--budget', '3000', '--seed', '5'];

describe('verdicts and exit codes:', () => {
  test('clean: what was explored, and what was not', () => {
    const { code, out, err } = apemu('explore', 'three.yaml', '--budget', '60', '--seed', '3', '--quiet');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^apemu explore three: clean after 60 schedules in [\d.]+ s \(design guests-lock, strategy portfolio, seed 3\)\n/);
    expect(out).toMatch(/\nExplored\n {2}schedules: 60; [^]*\n {2}traces: \d+ distinct[^]*\n {2}within: at most 100000 steps/);
    expect(out).toMatch(/\nNot explored\n {2}fault probe-allocation [^]*\n {2}periodic scans of the AP bus\n {2}timers out of the order/);
    expect(out).toMatch(/\nok: nothing found in 60 schedules \(\d+ distinct traces\)\n$/);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
  });

  test('exhausted: all traces, with their number', () => {
    const { code, result } = explored('tiny.yaml', '--exhaustive');
    expect({ code, verdict: result.verdict, strategy: result['strategy'] }).toEqual({ code: 0, verdict: 'exhausted', strategy: 'dpor' });
    const { traces } = result['coverage'] as { traces: number };
    expect(traces).toBeGreaterThan(0);
    const { out } = apemu('explore', 'tiny.yaml', '--exhaustive', '--quiet');
    expect(out).toMatch(new RegExp(`\\nok: all ${traces} traces? explored, nothing found\\n$`));
  });

  test('undecided: an exhaustive search that was cut short', () => {
    const { code, result } = explored('three.yaml', '--strategy', 'dfs', '--budget', '5');
    expect({ code, verdict: result.verdict, schedules: result.schedules }).toEqual({ code: 3, verdict: 'undecided', schedules: 5 });
  });

  test('finding: the schedule, the report, and how to see it again', () => {
    const { code, out } = apemu('explore', ...STUCK, '--quiet');
    expect(code).toBe(1);
    expect(out).toMatch(/^apemu explore three: finding after \d+ schedules? in /);
    expect(out).toMatch(/\nFinding 1 of 2: deadlock\n[^]*\*\*\* DEADLOCK \*\*\*[^]*\nreplay: apemu replay apemu1\.[\w-]+\n/);
    expect(out).toContain('\nFinding 2 of 2: predicted and confirmed: lock-order\n');
    expect(out).toMatch(/grade: CONFIRMED/);
    expect(out).toMatch(/\nFAILED: 1 finding in \d+ schedules?: found: deadlock, lock-order\n$/);
  });

  test('what the scenario expects is no failure, and what it expects in vain is one', () => {
    const wanted = ['--design', 'global-mutex', '--budget', '3000', '--seed', '5'];
    expect(explored('expected.yaml', ...wanted)).toMatchObject({ code: 0, result: { verdict: 'finding', passed: true } });
    const missing = explored('missing.yaml', '--budget', '20');
    expect(missing).toMatchObject({ code: 1, result: { verdict: 'clean', passed: false } });
    expect(missing.result['reasons']).toEqual(['expected a finding (deadlock), found none']);
  });

  test("Linux lockdep's view of a flag that is waited for", () => {
    const text = scenarioText({
      guests: '{ name: guest1, mdev: m1, workload: { instructions: [aqic 05.0004] } }',
      events: '{ task: qemu, do: detach, guest: guest1 }, { task: pv, do: pv-start, guest: guest1 }',
    });
    writeFileSync(join(folder, 'flag.yaml'), text);
    const args = ['flag.yaml', '--design', 'kvm-busy', '--budget', '200', '--seed', '1'];
    expect(explored(...args, '--strict')).toMatchObject({ code: 0, result: { verdict: 'clean', strict: true } });
    expect(explored(...args)).toMatchObject({ code: 1, result: { verdict: 'finding' } });
  });
});

test('the JSON has what scripts rely on', () => {
  const { result } = explored(...STUCK);
  expect(result).toMatchObject({
    ...{ command: 'explore', scenario: 'three', design: 'global-mutex', quirks: [], strategy: 'portfolio', seed: 5, verdict: 'finding' },
    ...{ interrupted: false, workers: 1, budget: { schedules: 3000 }, expected: [], passed: false },
  });
  expect(result.finding).toMatchObject({ kind: 'deadlock', tasks: expect.arrayContaining(['pv', 'qemu']) as string[] });
  for (const figure of ['schedules', 'steps', 'schedulesPerSecond', 'elapsedMs']) expect(result[figure], figure).toBeGreaterThan(0);
  expect(result['coverage']).toEqual({ traces: expect.any(Number), handOvers: expect.any(Number), lockEdges: expect.any(Number) });
  expect(result['findings']).toHaveLength(2);
  expect(result['confirmation']).toMatchObject({ outcome: 'confirmed' });
});

test('the same seed gives the same result', () => {
  const figures = (): unknown => {
    const { schedules, steps, finding, coverage } = explored(...STUCK).result;
    return { schedules, steps, finding, coverage };
  };
  expect(figures()).toEqual(figures());
});

test('threads of the built package explore', () => {
  const { code, result } = explored('three.yaml', '--strategy', 'random', '--budget', '50', '--workers', '2', '--seed', '3');
  expect({ code, verdict: result.verdict, schedules: result.schedules, workers: result['workers'] }).toEqual({
    ...{ code: 0, verdict: 'clean', schedules: 50, workers: 2 },
  });
});

test('progress goes to stderr', () => {
  const { out, err } = apemu('explore', 'three.yaml', '--budget', '3s', '--seed', '3', '--json');
  expect(JSON.parse(out)).toMatchObject({ verdict: 'clean' });
  expect(err).toMatch(/^(?:apemu: [\d.]+ s: [ -~]+\n)+$/);
});

test('Ctrl-C ends the exploration with the report of what was explored so far', async () => {
  const child = spawn(process.execPath, [BINARY, 'explore', 'three.yaml', '--budget', '10m', '--json'], { cwd: folder });
  let [out, err] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (out += text.toString()));
  child.stderr.on('data', (text: Buffer) => {
    // Progress: it is exploring.
    if (err === '') child.kill('SIGINT');
    err += text.toString();
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(code).toBe(130);
  expect(err).toContain('apemu: interrupted, reporting what was explored so far');
  expect(JSON.parse(out)).toMatchObject({ verdict: 'clean', interrupted: true, passed: false });
});

describe('replay', () => {
  let token = '';
  beforeAll(() => {
    const { result } = explored(...STUCK, '--save', 'three.replay');
    token = result.finding!.replay;
  });

  test('of a token in a new process finds the same', () => {
    const { code, out, err } = apemu('replay', token);
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toMatch(/^apemu replay three\.yaml: \d+ steps \(design global-mutex, seed 5\)\n[^]*\*\*\* DEADLOCK \*\*\*/);
    expect(out).toMatch(/\nreproduced: deadlock\n$/);
    const { out: json } = apemu('replay', token, '--json');
    expect(JSON.parse(json)).toMatchObject({ command: 'replay', verdict: 'reproduced', kind: 'deadlock', finding: { kind: 'deadlock' } });
  });

  test('of a saved file finds the same, without the scenario file', () => {
    const saved = readFileSync(join(folder, 'three.replay'), 'utf8');
    writeFileSync(join(folder, 'moved.replay'), saved.replaceAll('three.yaml', 'nowhere.yaml'));
    const { code, out } = apemu('replay', 'moved.replay');
    expect(code).toBe(1);
    expect(out).toMatch(/^apemu replay nowhere\.yaml: [^]*\nreproduced: deadlock\n$/);
  });

  test('is 0 where the scenario expects what is found', () => {
    const { result } = explored('expected.yaml', ...STUCK.slice(1));
    const { code, out } = apemu('replay', result.finding!.replay);
    expect(code).toBe(0);
    expect(out).toMatch(/\nreproduced: deadlock, as the scenario expects of global-mutex\n$/);
  });

  test('stops at a step and shows who holds and waits for what', () => {
    const { code, out } = apemu('replay', token, '--until', '4');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^apemu replay three\.yaml: after 4 steps, at 0\.\d+ s \(design global-mutex, seed 5\)\n\nThe steps before\n {2}1 /,
    );
    expect(out).toMatch(/\n3 tasks\n[^]*\n {4}next +/);
    const { out: json } = apemu('replay', token, '--until', '100000', '--json');
    const { tasks } = JSON.parse(json) as { tasks: { task: string; waitsFor: string; holds: string[] }[] };
    expect(tasks.filter(({ waitsFor }) => waitsFor !== 'nothing')).toHaveLength(3);
  });

  test('that takes another course says where, with exit code 3', () => {
    const saved = readFileSync(join(folder, 'three.replay'), 'utf8');
    writeFileSync(join(folder, 'other.replay'), saved.replace(/\tstart pv$/m, '\tbegin pv'));
    const strict = apemu('replay', 'other.replay');
    expect(strict.code).toBe(3);
    expect(strict.out).toMatch(/replay diverged at choice \d+: expected pv \(\d+\): begin pv; got [^]*\nUNDECIDED: [^]*$/);
    const lenient = apemu('replay', 'other.replay', '--lenient');
    expect(lenient.code).toBe(1);
    expect(lenient.out).toMatch(/\nfollowed leniently: [^]*\nreproduced: deadlock\n$/);
  });
});

test('--shrink leaves out what the finding does not need; the file keeps what is left, with its schedule', () => {
  const { out } = apemu('explore', ...STUCK, '--quiet', '--shrink', '--save', 'less.replay');
  expect(out).toMatch(
    /\nsmaller scenario: 2 events, 1 vCPU, 1 guest \(from 2 events, 1 vCPU, 1 guest\) after [\d]+ executions, kept in\s+less\.replay\n/,
  );
  expect(apemu('replay', 'less.replay').out).toMatch(/^apemu replay three\.smaller\.yaml: [^]*\nreproduced: deadlock\n$/);
});

test('nothing is saved when nothing was found', () => {
  expect(explored('tiny.yaml', '--exhaustive', '--save', 'none.replay').code).toBe(0);
  expect(existsSync(join(folder, 'none.replay'))).toBe(false);
});

describe('a mistake is told in one line:', () => {
  const TOKEN = 'apemu1.AAAAAAAA';
  test.each([
    [['explore'], /^apemu explore: expected a scenario file, got nothing\n$/],
    [['explore', 'no.yaml'], /^no\.yaml:1:1: .*expected a readable scenario file, got ENOENT/],
    [
      ['explore', 'tiny.yaml', '--strategy', 'randon'],
      /--strategy: expected a strategy \(portfolio, random, .*\), got "randon"; did you mean "random"/,
    ],
    [['explore', 'tiny.yaml', '--budget', '0'], /--budget: expected a number of schedules above 0, or a time like 10s, .*, got "0"\n$/],
    [['explore', 'tiny.yaml', '--budget', '10x'], /--budget: expected a number of schedules above 0, or a time like 10s, .*, got "10x"\n$/],
    [
      ['explore', 'tiny.yaml', '--exhaustive', '--strategy', 'pos'],
      /--exhaustive: expected a strategy that comes to an end, got --strategy pos\n$/,
    ],
    [['explore', 'tiny.yaml', '--exhaustive', '--workers', '2'], /--workers: expected a strategy that draws from a seed, got dpor, /],
    [['explore', 'tiny.yaml', '--workers', '0'], /--workers: expected a number of threads from 1 to 256, got "0"\n$/],
    [['explore', 'tiny.yaml', '--bound', '2'], /--bound: expected a strategy that can be bounded with it, got --strategy portfolio\n$/],
    [['explore', 'tiny.yaml', '--quirks', 'Q22'], /--quirks: expected known defects \(Q1, .*\) or none, got "Q22"; did you mean "Q2"\?\n$/],
    [
      ['explore', 'tiny.yaml', '--design', 'guest-lock'],
      /^apemu explore: --design: expected a locking design \(.*\), got "guest-lock"; did you/,
    ],
    [['explore', 'tiny.yaml', '--save', 'no/such/folder'], /^apemu explore: --save: expected a file that can be written, got ENOENT/],
    [['replay'], /^apemu replay: expected a replay token or a file, got nothing\n$/],
    [['replay', 'no.replay'], /^apemu replay: expected a replay token or a readable file, got ENOENT/],
    [['replay', 'tiny.yaml'], /^apemu replay: tiny\.yaml: replay file, line 1: expected a JSON object/],
    [['replay', 'apemu2.AAAA'], /^apemu replay: replay token: expected version 1, got version 2\n$/],
    [['replay', TOKEN], /^apemu replay: replay token: the check sum is wrong/],
  ])('%j', (args, line) => {
    const { code, out, err } = apemu(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(line);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });

  test('a scenario that has changed since the token was made', () => {
    writeFileSync(join(folder, 'changing.yaml'), THREE_WAYS);
    const { result } = explored('changing.yaml', ...STUCK.slice(1));
    writeFileSync(join(folder, 'changing.yaml'), `${THREE_WAYS}\n# edited\n`);
    const { code, out, err } = apemu('replay', result.finding!.replay);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(
      /^apemu replay: replay token: the text of changing\.yaml, or a file that it names, has changed since the token was made: [^\n]+\n$/,
    );
  });
});
