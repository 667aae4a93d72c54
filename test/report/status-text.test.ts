/**
 * Goal: the state of a host fits on a screen and says who waits for whom. Method: a made-up state, also of a large machine.
 */
import { describe, expect, test } from 'vitest';
import type { SessionStatus } from '../../src/session/control-protocol.ts';
import { statusText } from '../../src/report/status-text.ts';
import { WIDTH } from '../../src/report/layout.ts';

const matrix = (adapters: number[], domains: number[]): SessionStatus['mdevs'][number]['matrix'] => ({
  adapters,
  domains,
  controlDomains: [],
  queues: [],
});

const STATUS: SessionStatus = {
  ...{ session: 'mount-7', pid: 7, command: 'mount', scenario: 'one-mdev', design: 'guests-lock', seed: 5, upMs: 5000 },
  mounts: ['/mnt/sys'],
  guests: [{ name: 'guest1', mdev: 'm1', attached: true, vcpus: 2, operations: 12, retries: 1, errors: 0, queues: ['05.0004'] }],
  mdevs: [
    {
      uuid: '783e6dbb-ea0e-411f-94e2-717eaad438bf',
      name: 'm1',
      guest: 'guest1',
      matrix: matrix([5, 6], [4]),
      guestMatrix: matrix([5], [4]),
    },
    { uuid: '0f9d6dbb-ea0e-411f-94e2-717eaad438bf', name: null, guest: null, matrix: matrix([], [4, 171]), guestMatrix: matrix([], []) },
  ],
  adapters: [],
  queues: [
    { queue: '05.0004', driver: 'vfio_ap', owner: 'guest1' },
    { queue: '05.00ab', driver: null, owner: 'unbound' },
  ],
  findings: [{ kind: 'deadlock', title: 'deadlock of 2 tasks: a waits for b', t: 1200, tasks: ['a', 'b'] }],
  tasks: [
    {
      ...{ task: 'mdevctl[4711]', process: 4711, holds: ['ap_attr_mutex'], waitsFor: 'mdevs_lock', behind: ['chzdev[4712]'] },
      detail: { daemon: false, state: 'blocked', held: [], since: 2700, place: [], position: 1, waiters: 1, attempts: 0 },
    },
    {
      ...{ task: 'chzdev[4712]', process: 4712, holds: ['mdevs_lock'], waitsFor: 'nothing', behind: [] },
      detail: { daemon: false, state: 'runs', held: [], since: null, place: [], position: 0, waiters: 0, attempts: 0 },
    },
  ],
  foreground: [],
};

test('it names the session, its mounts, and who waits for what behind whom', () => {
  const text = statusText(STATUS);
  expect(text).toMatch(/^mount-7: apemu mount one-mdev, up for 5\.000 s \(design guests-lock, seed 5, pid 7\)\nmounted at \/mnt\/sys\n/);
  expect(text).toContain('  mdevctl[4711] waiting for mdevs_lock for 2.300 s, behind chzdev[4712]; holds ap_attr_mutex\n');
  expect(text).toContain('  chzdev[4712] running; holds mdevs_lock\n');
  expect(text).toMatch(/guest1 +m1 +attached +2 +12 +1 +0 +05\.0004\n/);
  expect(text).toMatch(/m1 +783e6dbb-\S+ +guest1 +05-06 x 04 +05 x 04\n/);
  expect(text).toMatch(/- +0f9d6dbb-\S+ +- +- x 04,ab +-\n/);
  expect(text).toMatch(/05\.00ab +- +unbound\n/);
  expect(text).toContain('1 finding\n  deadlock at 1.200 s: deadlock of 2 tasks: a waits for b\n');
});

describe('of a large machine', () => {
  test('queues are counted by who has them', () => {
    const queues = Array.from({ length: 400 }, (_, i) => ({
      queue: `${i}`,
      driver: i < 300 ? 'vfio_ap' : null,
      owner: i < 300 ? 'guest1' : 'unbound',
    }));
    const text = statusText({ ...STATUS, queues });
    expect(text).toContain('  300 queues: vfio_ap, guest1\n  100 queues: no driver, unbound\n');
    expect(text.split('\n').length).toBeLessThan(40);
  });

  test('no line is wider than a report', () => {
    const long = { ...STATUS, scenario: 'x'.repeat(150), findings: [{ ...STATUS.findings[0]!, title: 'word '.repeat(100) }] };
    for (const line of statusText(long).split('\n')) expect(line.length).toBeLessThanOrEqual(WIDTH);
  });
});

test('with nothing to tell it says so', () => {
  const text = statusText({ ...STATUS, guests: [], mdevs: [], queues: [], findings: [], tasks: [] });
  expect(text.match(/\n {2}none\n/g)).toHaveLength(5);
});
