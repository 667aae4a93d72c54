/**
 * Goal: progress is one line that is redrawn on a terminal and whole lines elsewhere, and other text never lands in the middle of it.
 */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { progressText, StatusLine } from '../../src/cli/status-line.ts';
import { FakeOutput } from './fake-terminal.ts';

const PROGRESS = { operations: 123, expected: 300, retries: 1, findings: 0, phase: 'workloads' };
const ERASE = '\r\u001b[K';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each([
  [PROGRESS, '3.200 s, 41 %: 123 of 300 operations, 1 retry, no findings (workloads)'],
  [{ ...PROGRESS, expected: 0, findings: 2 }, '3.200 s: 123 operations, 1 retry, 2 findings (workloads)'],
])('progressText %#', (progress, text) => expect(progressText(progress, 3200)).toBe(text));

test('a terminal gets one line, five times a second, cut to its width and erased in the end', () => {
  const output = new FakeOutput(true, 40);
  const status = new StatusLine(output, (ms) => progressText(PROGRESS, ms), true);
  vi.advanceTimersByTime(1000);
  expect(output.text.split(ERASE)).toHaveLength(6);
  for (const drawn of output.text.split(ERASE)) expect(drawn.length).toBeLessThanOrEqual(39);
  expect(output.text).not.toContain('\n');
  status.stop();
  expect(output.text.endsWith(ERASE)).toBe(true);
  const before = output.text;
  vi.advanceTimersByTime(5000);
  expect(output.text).toBe(before);
});

test('a pipe gets a whole line every two seconds and no control characters', () => {
  const output = new FakeOutput();
  const status = new StatusLine(output, (ms) => progressText(PROGRESS, ms), true);
  vi.advanceTimersByTime(4100);
  status.stop();
  expect(output.text).toMatch(/^(?:apemu: [ -~]+ 123 of 300 operations, [ -~]+\n){2}$/);
});

test('other text is written on a line of its own', () => {
  const output = new FakeOutput(true);
  const status = new StatusLine(output, (ms) => progressText(PROGRESS, ms), true);
  vi.advanceTimersByTime(200);
  output.text = '';
  status.above('log line\n');
  expect(output.text).toBe(`${ERASE}log line\n`);
  status.stop();
});

test('when it is not to be shown, other text still passes', () => {
  const output = new FakeOutput(true);
  const status = new StatusLine(output, (ms) => progressText(PROGRESS, ms), false);
  vi.advanceTimersByTime(5000);
  status.above('log line\n');
  status.stop();
  expect(output.text).toBe('log line\n');
});
