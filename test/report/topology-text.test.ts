/**
 * Goal: the matrix names the owner of every queue, with keys where names do not fit and ranges where the machine is large.
 */
import { expect, test } from 'vitest';
import { topologyLines } from '../../src/report/topology-text.ts';
import { topology } from './made-up.ts';

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const widest = (lines: readonly string[]): number => Math.max(...lines.map((line) => line.length));

test('a small machine is one table with domains in hex', () => {
  const small = topology([6, 5], [0xab, 4], (a, d) => (a === 6 && d === 4 ? undefined : a === 5 ? 'guest1' : 'unbound'));
  expect(topologyLines(small)).toEqual([
    '  adapter  type   state   04      ab',
    '  05       CEX8C  online  guest1  guest1',
    '  06       CEX8C  online  -       unbound',
  ]);
});

test('long owner names become keys with a legend', () => {
  const lines = topologyLines(topology(upTo(3), upTo(16), (_, d) => `a-guest-with-a-long-name-${d % 3}`));
  expect(widest(lines)).toBeLessThanOrEqual(120);
  expect(lines[1]).toBe(
    `  00       CEX8C  online  ${upTo(16)
      .map((d) => 'abc'.charAt(d % 3))
      .join('   ')}`,
  );
  expect(lines.slice(4).join(' ')).toContain('b = a-guest-with-a-long-name-1');
});

test('256 owners get 256 different keys', () => {
  const lines = topologyLines(topology(upTo(16), upTo(16), (a, d) => `some-owner-${a}-${d}`));
  const keys = lines.slice(1, 17).flatMap((line) => line.trim().split(/\s+/).slice(3));
  expect(new Set(keys).size).toBe(256);
  expect(widest(lines)).toBeLessThanOrEqual(120);
});

test('a large machine is summarised, equal adapters together', () => {
  const lines = topologyLines(topology(upTo(256), upTo(256), (a, d) => (a < 16 && d === 4 ? 'guest1' : 'host')));
  expect(lines).toEqual([
    '  adapters 00-0f: CEX8C, online',
    '    host          domains 00-03,05-ff',
    '    guest1        domains 04',
    '  adapters 10-ff: CEX8C, online',
    '    host          domains 00-ff',
  ]);
});

test('a large machine of 1,000 guests stays short and says what is missing', () => {
  const lines = topologyLines(topology(upTo(256), upTo(256), (a, d) => `guest${(a * 7 + d * 3) % 1000}`));
  expect(lines).toHaveLength(65);
  expect(lines.at(-1)).toMatch(/\.\.\. and \d+ lines more; --json has every queue/);
  expect(widest(lines)).toBeLessThanOrEqual(120);
});

test('a host without adapters says so', () => {
  expect(topologyLines(topology([], [4], () => 'host'))).toEqual(['  no adapter, or no domain']);
});
