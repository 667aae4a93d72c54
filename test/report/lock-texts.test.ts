/**
 * Goal: hung tasks, lock statistics and what the validator learnt read like the kernel's files, and fit.
 */
import { describe, expect, test } from 'vitest';
import type { BlockedDetail, Finding } from '../../src/locks/finding.ts';
import type { LockDump } from '../../src/locks/lock-dump.ts';
import { findingLines } from '../../src/report/finding-text.ts';
import { hungTaskLines } from '../../src/report/hung-task-text.ts';
import { lockStatLines } from '../../src/report/lock-stat-text.ts';
import { procText } from '../../src/report/proc-text.ts';
import { onlyReport } from '../helpers/captured.ts';
import { ABBA, DEADLOCK, statRow } from './made-up.ts';

const IDLE: BlockedDetail = { daemon: false, state: 'runs', held: [], since: null, place: [], position: 0, waiters: 0, attempts: 0 };

const HUNG: Finding = {
  kind: 'hung-task',
  key: 'hung-task:zsh',
  title: 'qemu has been waiting for zdev->lock for 120.500 s',
  tasks: ['qemu', 'zsh'],
  time: 150_000,
  blocked: [
    {
      task: 'qemu',
      pid: 1315,
      holds: [],
      waitsFor: 'zdev->lock',
      behind: ['zsh'],
      detail: { ...IDLE, state: 'blocked', since: 29_500, place: ['src/zpci/io-region.ts:54 write'], position: 2, waiters: 3, attempts: 1 },
    },
    {
      task: 'zsh',
      pid: 1190,
      holds: ['kn->active', 'zdev->lock'],
      waitsFor: 'release of the device',
      behind: [],
      detail: {
        ...IDLE,
        state: 'blocked',
        since: 29_000,
        held: [
          { name: 'kn->active', mode: 'try recursive read', since: null, place: [] },
          { name: 'zdev->lock', mode: 'write', since: 28_000, place: ['src/zpci/slot.ts:20 disable', 'src/zpci/slot.ts:9 store'] },
        ],
      },
    },
  ],
  bystanders: [
    {
      task: 'vcpu0',
      pid: 1313,
      holds: ['vcpu->mutex'],
      waitsFor: 'nothing',
      behind: [],
      detail: { ...IDLE, held: [{ name: 'vcpu->mutex', mode: 'write', since: 149_999.5, place: ['src/kvm/vcpu.ts:50 run'] }] },
    },
  ],
  notes: ['the chain ends at zsh'],
};

describe('a hung task', () => {
  test('is reported like this', () => {
    expect(`${findingLines(HUNG, 'design two-rwsems').join('\n')}\n`).toBe(`\
==============================================================================
qemu has been waiting for zdev->lock for 120.500 s
design two-rwsems
------------------------------------------------------------------------------
The chain of waits at 150.000 s, to its end:

 #0 qemu/1315: blocked for 120.500 s, woken 1 time in vain
    waits for  zdev->lock, number 2 of 3 in the queue
               asked for in src/zpci/io-region.ts:54 write
    holds      nothing
    behind     zsh

 #1 zsh/1190: blocked for 121.000 s
    waits for  release of the device
    holds      kn->active (try recursive read), taken in an unknown place
               zdev->lock (write), for 122.000 s, taken in src/zpci/slot.ts:20 disable

note: the chain ends at zsh

All other tasks that hold something:
1 lock held by vcpu0/1313:
 #0: vcpu->mutex (write), for 0.001 s, taken in src/kvm/vcpu.ts:50 run
==============================================================================
`);
  });

  test('names who only tries, and who runs', () => {
    const [first, second] = HUNG.blocked!;
    const blocked = [
      { ...first!, detail: { ...IDLE, daemon: true, state: 'retrying' as const, since: 0, attempts: 700 } },
      { ...second!, waitsFor: 'nothing', detail: IDLE },
    ];
    const lines = hungTaskLines({ ...HUNG, blocked });
    expect(lines).toContain(' #0 qemu/1315: daemon, tries again and again for 150.000 s, 700 attempts in vain');
    expect(lines).toContain(' #1 zsh/1190: waits for nothing that is known here');
    expect(lines).toContain('    holds      kn->active, zdev->lock');
  });

  test('fits, whatever the names', () => {
    const name = 'n'.repeat(150);
    const [first] = HUNG.blocked!;
    const held = [{ name, mode: 'write', since: 1, place: [`src/${name}.ts:1 f`] }];
    const task = { ...first!, waitsFor: name, behind: [name, name], detail: { ...first!.detail!, held, place: [name] } };
    const lines = hungTaskLines({ ...HUNG, title: `${name} waits`, blocked: [task], bystanders: [task] });
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  test('without tasks is a mistake of the caller', () => {
    expect(() => hungTaskLines({ ...HUNG, blocked: [] })).toThrow('expected blocked tasks, got hung-task:zsh');
  });

  test('a deadlock, which has no details, keeps its own text', () => {
    expect(findingLines(DEADLOCK).join('\n')).toContain('*** DEADLOCK ***');
  });
});

const SITES = [
  { lock: 'mdevs_lock', waiter: 'src/a.ts:1 wait', holder: 'src/b.ts:2 hold', count: 7 },
  ...['w', 'x', 'y', 'z'].map((waiter, i) => ({ lock: 'mdevs_lock', waiter, holder: 'h', count: 4 - i })),
  { lock: 'not in the rows', waiter: 'w', holder: 'h', count: 1 },
];

describe('lock_stat', () => {
  test('is this: microseconds, a dash where nothing was measured, four pairs of places for a class', () => {
    const rows = [statRow('mdevs_lock'), statRow('guests_lock', { mode: 'read', contentions: 0, acquisitions: 2, holdMsTotal: 0.5 })];
    expect(`${lockStatLines(rows, SITES).join('\n')}\n`).toBe(`\
Waiting, in microseconds
  class         contentions     min     max    total     avg     p50     p99  queue-max  queue-avg
  mdevs_lock-W            5  100.00  750.00  1500.00  300.00  200.00  700.00          3        1.4

Holding, in microseconds
  class          acq-bounces  acquisitions    min      max      total     avg    p50      p99
  mdevs_lock-W           600          1234  10.00  2000.00  123400.00  100.00  50.00  1500.00
  guests_lock-R          600             2  10.00  2000.00     500.00  250.00  50.00  1500.00

Who waited for whom (about how often, where the waiter asked, where the holder had taken it)
  class       times  waiter           holder
  mdevs_lock      7  src/a.ts:1 wait  src/b.ts:2 hold
  mdevs_lock      4  w                h
  mdevs_lock      3  x                h
  mdevs_lock      2  y                h
`);
  });

  test('says so when nothing was counted, or nobody waited', () => {
    expect(lockStatLines([], [])).toEqual(['  no statistics']);
    expect(lockStatLines([statRow('a', { contentions: 0 })], [])[1]).toBe('  nobody had to wait');
    expect(lockStatLines([statRow('a', { acquisitions: 0 })], []).at(-1)).toMatch(/ 600 +0( +-){6}$/);
  });
});

describe('the proc files', () => {
  const lock = (name: string, id: number) => ({ id, name, mode: 'write' });
  const DUMP: LockDump = {
    time: 2500,
    classes: [
      { id: 7, name: 'guests_lock', operations: 12, forward: 2, backward: 1, modes: ['write'], after: [9], protects: 'the list of guests' },
      { id: 9, name: 'mdevs_lock', operations: null, forward: 1, backward: 2, modes: ['read', 'write'], after: [], protects: '' },
    ],
    chains: [
      { locks: [lock('guests_lock', 7)], place: ['src/a.ts:1 f'] },
      { locks: [lock('guests_lock', 7), lock('mdevs_lock', 9)], place: [] },
    ],
    totals: { classes: 2, directDependencies: 1, indirectDependencies: 1, chains: 2, longestChain: 2, findings: { 'lock-order': 3 } },
    statistics: [],
    sites: [],
  };

  test('are these', () => {
    const bar = '='.repeat(78);
    expect(procText(DUMP, 'seed 7')).toBe(`\
seed 7
${bar}
lockdep, at 2.500 s
${bar}
all lock classes:
OPS:      12 FD:  2 BD:  1 guests_lock {write}
  the list of guests
 -> mdevs_lock

OPS:       - FD:  1 BD:  2 mdevs_lock {read, write}

${bar}
lockdep_chains, at 2.500 s
${bar}
all lock chains, outermost lock first:
guests_lock (write)
    src/a.ts:1 f
guests_lock (write) -> mdevs_lock (write)
    an unknown place

${bar}
lockdep_stats, at 2.500 s
${bar}
 lock-classes:                            2
 direct dependencies:                     1
 indirect dependencies:                   1
 dependency chains:                       2
 max lock depth:                          2
 findings: lock-order:                    3

${bar}
lock_stat, at 2.500 s
${bar}
  no statistics
`);
  });

  test('fit', () => {
    const deep = { locks: Array.from({ length: 20 }, (_, i) => lock(`a lock with a long name ${i}`, i)), place: ['p'] };
    expect(
      Math.max(
        ...procText({ ...DUMP, chains: [deep] })
          .split('\n')
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(120);
  });
});

test('a captured cycle is drawn as ours are, without times that nobody knows', () => {
  const { finding } = onlyReport(`WARNING: possible circular locking dependency detected
picker/412 is trying to acquire lock:
00000000aa00bb01 (&tree->lock){+.+.}-{3:3}, at: pick+0x24/0x90
but task is already holding lock:
00000000aa00bb02 (&basket->lock){+.+.}-{3:3}, at: open+0x18/0x40
-> #1 (&basket->lock){+.+.}-{3:3}:
       lock_acquire+0xd4/0x2f0
       mutex_lock_nested+0x1b/0x20
       fill+0x11/0x80
-> #0 (&tree->lock){+.+.}-{3:3}:
       lock_acquire+0xd4/0x2f0
       mutex_lock_nested+0x1b/0x20
       pick+0x24/0x90
`);
  const lines = findingLines(finding, 'captured');
  const text = lines.join('\n');
  expect(lines).toContain('-> #1 (&basket->lock) write: other/1 at an unknown time, holding (&tree->lock) write');
  expect(text).toContain('picker/412 asks, at an unknown time, for:\n  (&tree->lock) write, at pick');
  expect(text).not.toMatch(/NaN|undefined|null/);
  expect(findingLines(ABBA).join('\n')).not.toContain('unknown time');
});
