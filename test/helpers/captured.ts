/**
 * Parts of made-up kernel reports, and the one report of a text.
 */
import { expect } from 'vitest';
import type { CapturedReport } from '../../src/locks/capture/captured-report.ts';
import { readCapture } from '../../src/locks/capture/read-capture.ts';

const reports = (text: string): readonly CapturedReport[] => {
  const capture = readCapture(text);
  if (capture.kind !== 'splat') throw new Error('expected a splat');
  return capture.reports;
};

export const onlyReport = (text: string): CapturedReport => {
  const found = reports(text);
  expect(found).toHaveLength(1);
  return found[0]!;
};

export const STACK = (...names: string[]): string => names.map((name) => ` ${name}+0x1/0x20\n`).join('');
export const HELD = `1 lock held by picker/412:\n #0: 00000000aa00bb02 (&tree->lock){+.+.}-{3:3}, at: climb+0x1/0x2\n`;
export const TRACE = `\nstack backtrace:\nCPU: 1 PID: 412 Comm: picker\nCall Trace:\n${STACK('dump_stack', 'lock_acquire', 'mutex_lock_nested', 'climb_again')}`;
