/**
 * Goal: `apemu locks check` answers scripts and people as promised: verdicts as JSON or text, exit code 0, 1 or 2 with 2 outranking 1, one
 * line for a mistake. Method: the command in this process, on files of its own.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { FakeOutput } from '../cli/fake-terminal.ts';
import { program } from './notation.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'apemu-locks-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function locks(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const [stdout, stderr] = [new FakeOutput(), new FakeOutput()];
  const code = await main(['locks', ...args], { stdout, stderr, env: {} });
  return { code, out: stdout.text, err: stderr.text };
}

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const FINE = { ...program('W(A) W(B)'), name: 'fine' };
const ABBA = { ...program('0:W(A) 0:W(B) | 1:W(B) 1:W(A)'), name: 'abba' };
const BROKEN = { name: 'broken', ops: [{ task: 0, op: 'lokc', lock: 'A', cls: 'A' }] };
const HOLE = { ...program('W(A) R(B) W(C) | W(C) W(A)'), name: 'hole' };

test('JSON: one verdict for each program', async () => {
  const { code, out, err } = await locks('check', file('three.json', [FINE, ABBA, BROKEN]), '--json');
  expect({ code, err }).toEqual({ code: 2, err: '' });
  expect(JSON.parse(out)).toEqual([
    { name: 'fine', verdict: 'ok' },
    expect.objectContaining({ name: 'abba', verdict: 'report', atOp: 5, type: 'circular', grade: 'REACHABLE', cycle: ['B', 'A'] }),
    { name: 'broken', verdict: 'error', error: { op: 0, message: expect.stringContaining('got "lokc"') as unknown } },
  ]);
});

test('text: one line a program, the cycle with the operations that show it, a total', async () => {
  const { code, out } = await locks('check', file('three.json', [FINE, ABBA, BROKEN]));
  expect(code).toBe(2);
  expect(out.split('\n')).toEqual([
    'fine: ok',
    'abba: report at op 5, circular: B -> A -> B [REACHABLE]',
    '  B -> A: op 5, task 1 holds B (write) and asks for A (write)',
    '  A -> B: op 1, task 0 holds A (write) and asks for B (write)',
    expect.stringMatching(/^error: program "broken", op 0: expected op: one of /),
    '3 programs: 1 ok, 1 report, 1 error',
    '',
  ]);
});

test('exit codes: 0 nothing found, 1 a report, 2 an error', async () => {
  expect((await locks('check', file('fine.json', FINE))).code).toBe(0);
  expect((await locks('check', file('abba.json', [FINE, ABBA]))).code).toBe(1);
  expect((await locks('check', file('broken.json', [BROKEN]))).code).toBe(2);
});

test('--strict is the verdict of Linux lockdep', async () => {
  const path = file('hole.json', HOLE);
  expect((await locks('check', path)).code).toBe(1);
  expect(await locks('check', path, '--strict')).toMatchObject({ code: 0, out: 'hole: ok\n1 program: 1 ok, 0 reports, 0 errors\n' });
});

test('a mistake is told in one line', async () => {
  const notJson = file('not.json', 'host: [\n  1\n');
  const broken = file('broken.json', '[{"name": "x",\n');
  for (const [args, line] of [
    [[], /^apemu locks: expected check FILE, got nothing\n$/],
    [['chekc', 'x'], /^apemu locks: expected check, got "chekc"; did you mean "check"\?\n$/],
    [['check'], /^apemu locks check: expected a file with lock programs, got nothing\n$/],
    [['check', join(folder, 'missing.json')], /missing\.json: expected a readable file with lock programs, got ENOENT[^\n]*\n$/],
    [['check', notJson], /not\.json: expected lock programs as JSON, a lockdep report or a lock trace: [^\n]*\n$/],
    [['check', broken], /broken\.json: expected lock programs as JSON, got [^\n]*\n$/],
  ] as const) {
    const { code, out, err } = await locks(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(line);
  }
});
