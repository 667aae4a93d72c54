/**
 * Goal: a program in machine code runs on the vCPUs of a guest, and the report says truly how it ended, what it printed and what it did; no
 * program, however broken, does more than end itself.
 */
import { describe, expect, test } from 'vitest';
import { assemble } from '../../../src/guest/s390x/assembler/assemble.ts';
import { elfFile } from '../../../src/guest/s390x/assembler/elf-file.ts';
import { readElf } from '../../../src/guest/s390x/elf.ts';
import { programOf } from './elf-file.ts';
import { runProgram, withMain } from './program-run.ts';

/** Prints a line, and ends with so many failures. */
const printing = (failures: number): Uint8Array =>
  withMain(`
main:
  stmg %r14,%r15,main_kept
  brasl %r14,line_begin
  larl %r2,text_hello
  brasl %r14,line_text
  brasl %r14,line_end
  lmg %r14,%r15,main_kept
  lghi %r2,${failures}
  br %r14
.align 8
main_kept: .quad 0, 0
text_hello: .asciz "hello"
`);

/** Nothing but these instructions, from 0x10000 on; the new PSW of program interruptions is zero. */
const bare = (text: string): Uint8Array => elfFile(assemble([{ name: 'bare', text: `.org 0x10000\nstart:\n${text}\n` }]), 0x10000);

const STOP = `
  stap 0x800
  llgh %r2,0x800
  lghi %r1,0
  sigp %r4,%r2,5
1: j 1b
`;

describe('a program that', () => {
  test.each(['live', 'controlled'] as const)('passes has its console and its status in the report (%s runtime)', async (runtime) => {
    const { report, guest, code } = await runProgram(printing(0), { runtime });
    expect(code).toMatchObject({ program: 'test.elf', result: 'passed', reason: 'stopped', status: 1, unimplemented: {} });
    expect(code.console).toBe('hello\nEXIT: STATUS=1\n');
    expect(code.instructions).toBeGreaterThan(50);
    expect(code.interruptions['external']).toBeGreaterThan(0);
    expect(guest).toMatchObject({ errors: 0, expected: 0, operations: 0 });
    expect(report).toMatchObject({ ok: true, outcome: 'done', findings: [] });
  });

  test('fails is an error of its guest, told with what it printed', async () => {
    const { report, guest, code } = await runProgram(printing(2));
    expect(code).toMatchObject({ result: 'failed', status: 3, end: 'stopped itself, exit status 3' });
    expect(guest.errors).toBe(1);
    expect(report.ok).toBe(false);
    expect(report.findings).toMatchObject([{ kind: 'guest-error', title: 'g0: its program test.elf has failed' }]);
    expect(report.findings[0]?.notes).toEqual(['test.elf: stopped itself, exit status 3', 'console: hello', 'console: EXIT: STATUS=3']);
  });

  test('skips its tests is no error', async () => {
    const { report, code } = await runProgram(printing(-1));
    expect(code).toMatchObject({ result: 'skipped', status: 77 });
    expect(report.ok).toBe(true);
  });

  test('stops itself without a word has passed', async () => {
    const { code, report } = await runProgram(bare(STOP));
    expect(code).toMatchObject({ result: 'passed', reason: 'stopped', status: null, console: '' });
    expect(report.ok).toBe(true);
  });

  test('waits with everything masked has failed, and the report says where', async () => {
    const { code } = await runProgram(bare('  larl %r1,1f\n  lpswe 0(%r1)\n.align 8\n1: .quad 0x0002000180000000, 0xdead'));
    expect(code).toMatchObject({ result: 'failed', reason: 'disabled-wait' });
    expect(code.end).toMatch(/^disabled wait: .*dead/);
  });

  test('branches into the wild without a handler has failed by its program interruptions', async () => {
    const { code } = await runProgram(bare('  llilh %r1,0x7fff\n  br %r1\n'));
    expect(code).toMatchObject({ result: 'failed' });
    expect(['check-stop', 'disabled-wait']).toContain(code.reason);
    expect(code.interruptions['program 5 (addressing)']).toBeGreaterThan(0);
  });

  test('executes what the machine does not provide has it counted by name', async () => {
    const { code } = await runProgram(bare('  adbr %f0,%f2\n'));
    expect(code.unimplemented).toMatchObject({ adbr: 1 });
    expect(code.interruptions['program 1 (operation)']).toBeGreaterThan(0);
    expect(code.result).toBe('failed');
  });

  test('never ends is ended at its limit, which is an error', async () => {
    const { report, code } = await runProgram(programOf(0xa7, 0xf4, 0x00, 0x00), { limits: ', maxInstructions: 100000' });
    expect(code).toMatchObject({ result: 'open', reason: 'instruction-limit' });
    expect(code.instructions).toBeGreaterThanOrEqual(100_000);
    expect(code.instructions).toBeLessThan(200_000);
    expect(report.guests[0]?.errors).toBe(1);
  });

  test('never ends can be stopped from outside while others go on: its slices leave them room', async () => {
    const { report, code } = await runProgram(programOf(0xa7, 0xf4, 0x00, 0x00), { runtime: 'live', limitMs: 50 });
    expect(report.outcome).toBe('limit');
    expect(code).toMatchObject({ result: 'open', reason: 'ended' });
    expect(report.guests[0]?.errors).toBe(0);
  });
});

test('AP instructions are counted by name and answer', async () => {
  const program = bare(`
  llilf %r0,0x00000504                  # TAPQ of a queue that it has
  pqap
  llilf %r0,0x00000704                  # and of one that it has not
  pqap
  pqap
  ${STOP}`);
  const { guest, code } = await runProgram(program);
  expect(code.result).toBe('passed');
  expect(guest.answers).toEqual({ 'tapq 00': 1, 'tapq 01': 2 });
});

test('a trace has a line for each instruction', async () => {
  const lines: string[] = [];
  const trace = { guest: 'g0', write: (line: string) => void lines.push(line) };
  const { code } = await runProgram(printing(0), { trace });
  expect(lines).toHaveLength(code.instructions);
  expect(lines[0]).toMatch(/^cpu0 0{11}10000 c0f0\S+ +larl %r15,0x\w+ +%r15=/);
  expect(lines.every((line) => line.endsWith('\n') && line.split('\n').length === 2)).toBe(true);
});

test('what the assembler writes is what the loader reads', () => {
  const image = readElf(printing(0));
  expect(image.segments.length).toBeGreaterThan(0);
  expect(image.entry).toBe(0x10000);
});

test('a controlled run is a function of its seed', async () => {
  const one = await runProgram(printing(0), { seed: 5, vcpus: 2 });
  const two = await runProgram(printing(0), { seed: 5, vcpus: 2 });
  expect(JSON.stringify(two.report)).toBe(JSON.stringify(one.report));
});
