/**
 * Goal: `apemu guest` as a user calls it: programs of apemu's own and files, exit codes, bad input, Ctrl-C in an endless program, a trace.
 * Method: the whole command line inside the test; only the terminal, and for Ctrl-C the signals, are made of memory.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { guestSession } from '../../src/cli/guest-session.ts';
import { guestSettings } from '../../src/cli/guest-settings.ts';
import { main } from '../../src/cli/main.ts';
import { readOptions } from '../../src/cli/options.ts';
import { ScenarioRun } from '../../src/scenario/run-scenario.ts';
import { programOf } from '../guest/s390x/elf-file.ts';
import { withMain } from '../guest/s390x/program-run.ts';
import { FakeOutput, FakeSignals, fakeTerminal } from './fake-terminal.ts';

const SAY = `
  stg %r14,main_return
  brasl %r14,line_begin
  larl %r2,text_hello
  brasl %r14,line_text
  brasl %r14,line_end
  lg %r14,main_return`;
const DATA = `
.align 8
main_return: .quad 0
text_hello: .asciz "hello"
`;

let folder = '';
const file = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'apemu-test-'));
  writeFileSync(file('pass.elf'), withMain(`main:${SAY}\n  lghi %r2,0\n  br %r14\n${DATA}`));
  writeFileSync(file('fail.elf'), withMain(`main:${SAY}\n  lghi %r2,1\n  br %r14\n${DATA}`));
  writeFileSync(file('endless.elf'), withMain(`main:${SAY}\n1: j 1b\n${DATA}`));
  writeFileSync(file('wild.elf'), programOf(0x07, 0xf1));
  writeFileSync(file('text.elf'), 'no program\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

async function apemu(...args: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const terminal = fakeTerminal();
  const code = await main(['guest', ...args], terminal);
  return { code, out: terminal.stdout.text, err: terminal.stderr.text };
}

describe('a program', () => {
  test('that passes ends with 0, its console on stdout and the report on stderr', async () => {
    const { code, out, err } = await apemu(file('pass.elf'), '--seed', '1');
    expect({ code, out }).toEqual({ code: 0, out: 'hello\nEXIT: STATUS=1\n' });
    expect(err).toMatch(/\npass\.elf: passed \(stopped itself, exit status 1\), \d+ instructions\n$/);
  });

  test('that fails ends with 1', async () => {
    const { code, err } = await apemu(file('fail.elf'));
    expect(code).toBe(1);
    expect(err).toMatch(/\nfail\.elf: failed \(stopped itself, exit status 3\)/);
  });

  test('that branches into the wild ends with 1 and says what became of it', async () => {
    const { code, err } = await apemu(file('wild.elf'), '--controlled');
    expect(code).toBe(1);
    expect(err).toMatch(/interruptions: program \d+/);
    expect(err).toMatch(/\nwild\.elf: failed \(/);
  });

  test('that has no end ends with 3 at the limit', async () => {
    const { code, out, err } = await apemu(file('endless.elf'), '--max-instructions', '200000', '--json');
    expect({ code, err }).toEqual({ code: 3, err: '' });
    expect(JSON.parse(out)).toMatchObject({ result: 'open', reason: 'instruction-limit', status: null, console: 'hello\n' });
  });

  test.each([
    [['text.elf'], /text\.elf: byte 0: expected an ELF file, got "no p"\n$/],
    [['pass.elf', '--mem', '1M', '--cpus', '0'], /--cpus: expected a number of CPUs from 1 to 64, got "0"\n$/],
  ])('%j is refused with 2, in one line', async ([name, ...args], message) => {
    const { code, out, err } = await apemu(file(name!), ...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(message);
    expect(err.split('\n')).toHaveLength(2);
  });

  test('writes the same under --controlled whenever the seed is the same', async () => {
    const args = ['--program', 'message-loop', '--controlled', '--seed', '9', '--json'];
    const first = await apemu(...args);
    expect(first.code).toBe(0);
    expect(await apemu(...args)).toEqual(first);
  });

  test('is traced into a file, a line an instruction, while its console stays as it is', async () => {
    const { code, out } = await apemu(file('pass.elf'), '--trace', file('trace.txt'), '--json');
    expect(code).toBe(0);
    const { instructions } = JSON.parse(out) as { instructions: number };
    const lines = readFileSync(file('trace.txt'), 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(instructions);
    expect(lines.at(-1)).toMatch(/ sigp %r4,%r2,5/);
  });
});

test("apemu's own programs are listed, and each of them passes on the default host", async () => {
  const { out } = await apemu('--list', '--json');
  const programs = (JSON.parse(out) as { name: string }[]).map(({ name }) => name);
  expect(programs).toEqual(expect.arrayContaining(['ap-conformance', 'interrupt-loop', 'queue-pollers']));
  expect(new Set(programs).size).toBe(programs.length);
  for (const name of programs) {
    const { code, out: printed } = await apemu('--program', name, '--controlled', '--seed', '1');
    expect([name, code, printed.split('\n').at(-2)]).toEqual([name, 0, 'EXIT: STATUS=1']);
  }
});

test('what the guests of a hypervisor in machine code execute is counted as theirs', async () => {
  const { code, out } = await apemu('--program', 'nested-poller', '--controlled', '--seed', '1', '--json');
  expect(code).toBe(0);
  const { apInstructions } = JSON.parse(out) as { apInstructions: Record<string, number> };
  expect(apInstructions['nested nqap 00']).toBeGreaterThan(0);
  expect(apInstructions['nested dqap 00']).toBe(apInstructions['nested nqap 00']);
  expect(apInstructions['nqap 00']).toBeUndefined();
});

test('Ctrl-C ends an endless program with 130, and its guest gives everything back', async () => {
  const signals = new FakeSignals();
  /** Sends the signal when the program has said something: from then on it computes for ever. */
  class Listening extends FakeOutput {
    override write(text: string, done?: (error?: Error | null) => void): boolean {
      expect(signals.send('SIGINT')).toBe(1);
      return super.write(text, done);
    }
  }
  const terminal = { ...fakeTerminal(), stdout: new Listening() };
  const command = COMMANDS.find(({ name }) => name === 'guest')!;
  const settings = guestSettings(readOptions([file('endless.elf')], { ...command, where: 'apemu guest' }));
  const code = await guestSession(settings, { terminal, signals, create: (options) => new ScenarioRun(options) });
  expect(code).toBe(130);
  expect(terminal.stdout.text).toBe('hello\n');
  expect(terminal.stderr.text).toMatch(/apemu: interrupted[^]*endless\.elf: open \(ended from outside\)/);
});
