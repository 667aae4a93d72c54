/**
 * Goal: the reports of lockdep about interrupts and misuse, and the dump of hung tasks, become data that says what they say.
 */
import { describe, expect, test } from 'vitest';
import { HELD, onlyReport as only, STACK, TRACE } from '../helpers/captured.ts';

describe('interrupts', () => {
  test('inconsistent state: both states, both places', () => {
    const { finding } = only(`WARNING: inconsistent lock state
inconsistent {SOFTIRQ-ON-W} -> {IN-SOFTIRQ-W} usage.
picker/412 [HC0[0]:SC1[1]:HE1:SE0] takes:
00000000aa00bb02 (&tree->lock){+.?.}-{3:3}, at: shake+0x1/0x2
{SOFTIRQ-ON-W} state was registered at:
  lock_acquire+0x1/0x2
  _raw_spin_lock+0x1/0x2
  grow+0x1/0x2
irq event stamp: 12
${HELD}${TRACE}`);
    expect(finding.title).toContain('picker takes &tree->lock as IN-SOFTIRQ-W, which was taken as SOFTIRQ-ON-W before');
    expect(finding.place).toEqual(['climb_again']);
    expect(finding.notes).toContain('First taken as SOFTIRQ-ON-W in: grow');
  });

  const ORDER = `WARNING: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected
picker/412 [HC0[0]:SC0[0]:HE0:SE1] is trying to acquire:
00000000aa00bb03 (&row->lock){+.+.}-{3:3}, at: step+0x1/0x2

and this task is already holding:
00000000aa00bb02 (&tree->lock){-.-.}-{3:3}, at: climb+0x1/0x2
which would create a new lock dependency:
 (&tree->lock){-.-.}-{3:3} -> (&row->lock){+.+.}-{3:3}

but this new dependency connects a HARDIRQ-irq-safe lock:
 (&bee->lock){-...}-{2:2}

... which became HARDIRQ-irq-safe at:
  lock_acquire+0x1/0x2
  _raw_spin_lock+0x1/0x2
  sting+0x1/0x2

to a HARDIRQ-irq-unsafe lock:
 (&hive->lock){+.+.}-{3:3}

... which became HARDIRQ-irq-unsafe at:
...
  lock_acquire+0x1/0x2
  _raw_spin_lock+0x1/0x2
  build+0x1/0x2

${HELD}${TRACE}`;

  test('safe to unsafe order: the ring over the interrupt, with where each became what it is', () => {
    const { finding, report } = only(ORDER);
    expect(report).toBe('irq-order');
    expect(finding.cycle).toMatchObject([
      { from: '&bee->lock', to: '&hive->lock', task: 'picker', toPlace: ['climb_again'] },
      { from: '&hive->lock', to: '&bee->lock', task: 'a hard interrupt on another CPU', fromPlace: ['build'], toPlace: ['sting'] },
    ]);
    expect(finding.notes?.join()).toContain('&tree->lock -> &row->lock');
  });

  test.each([
    ['took another, SOFTIRQ-unsafe', '&tree->lock', '&row->lock'],
    ['was taken by another, SOFTIRQ-safe', '&row->lock', '&tree->lock'],
  ])('inversion: this lock %s lock', (words, safe, unsafe) => {
    const { finding } = only(`WARNING: possible irq lock inversion dependency detected
picker/412 just changed the state of lock:
00000000aa00bb02 (&tree->lock){..-.}-{3:3}, at: shake+0x1/0x2
but this lock ${words} lock in the past:
 (&row->lock){+.+.}-{3:3}

and interrupts could create inverse lock ordering between them.
${HELD}${TRACE}`);
    expect(finding.cycle).toMatchObject([
      { from: safe, to: unsafe, task: 'picker' },
      { from: unsafe, to: safe, task: 'a soft interrupt on another CPU' },
    ]);
  });
});

describe('misuse', () => {
  test.each<[string, string, string, string]>([
    [
      'bad-unlock',
      'bad unlock balance detected!',
      'picker/412 is trying to release lock (&tree->lock) at:\n climb_down+0x1/0x2\nbut there are no more locks to release!',
      'picker releases &tree->lock, which it does not hold',
    ],
    [
      'held-freed',
      'held lock freed!',
      'picker/412 is freeing memory 0000-0fff, with a lock still held there!\n00000000aa00bb02 (&tree->lock){+.+.}-{3:3}, at: climb+0x1/0x2',
      'picker frees memory in which &tree->lock is held',
    ],
    [
      'user-held',
      'lock held when returning to user space!',
      'picker/412 is leaving the kernel with locks still held!',
      'picker returns to user space while it still holds &tree->lock',
    ],
    [
      'nest-not-held',
      'Nested lock was not taken',
      'picker/412 is trying to lock:\n00000000aa00bb02 (&tree->lock){+.+.}-{3:3}, at: climb+0x1/0x2\n\nbut this task is not holding:\n&orchard->lock',
      'picker takes &tree->lock nested under a lock that it does not hold',
    ],
    [
      'bad-contention',
      'bad contention detected!',
      'picker/412 is trying to contend lock (&tree->lock) at:\n climb_down+0x1/0x2\nbut there are no locks held!',
      'picker waits for &tree->lock, which nobody holds',
    ],
    [
      'wait-context',
      'Invalid wait context',
      'picker/412 is trying to lock:\n00000000aa00bb02 (&tree->lock){+.+.}-{3:3}, at: climb+0x1/0x2\ncontext-{2:2}',
      'picker takes &tree->lock, which may sleep, in a context that must not',
    ],
  ])('%s', (kind, banner, body, title) => {
    const { report, finding } = only(`WARNING: ${banner}\n6.12.0\n${body}\n\n${HELD}${TRACE}`);
    expect([report, finding.kind, finding.title]).toEqual([kind, 'assertion', title]);
    expect(finding.place).toEqual(['climb_again']);
    expect(finding.tasks).toEqual(['picker']);
  });

  test('the lock that should be held around is named', () => {
    const { finding } = only(
      'WARNING: Nested lock was not taken\npicker/412 is trying to lock:\n(&a){+.+.}-{3:3}\nbut this task is not holding:\n&orchard->lock\n',
    );
    expect(finding.notes).toEqual(['The outer lock that should be held: &orchard->lock']);
  });

  test('exit with locks held', () => {
    expect(only(`WARNING: picker/412 still has locks held!\n${HELD}`).finding.title).toBe('picker ends while it still holds &tree->lock');
  });

  test('a limit means that the validator is off', () => {
    const { finding, report } = only('BUG: MAX_LOCKDEP_ENTRIES too low!\nturning off the locking correctness validator.\n');
    expect([report, finding.title]).toEqual(['validator-limit', "the kernel's validator ran out of room: MAX_LOCKDEP_ENTRIES too low"]);
    expect(finding.notes?.join()).toContain('says nothing');
  });
});

describe('hung tasks', () => {
  const HUNG = `INFO: task writer:1315 blocked for more than 122 seconds.
      Not tainted 6.12.0 #1
task:writer state:D stack:0 pid:1315
Call Trace:
${STACK('__schedule', 'schedule', '__mutex_lock', 'mutex_lock_nested', 'write_region')}1 lock held by writer/1315:
 #0: 000000008524b4e8 (&zone->lock){+.+.}-{3:3}, at: write_region+0x1/0x2

Showing all locks held in the system:
1 lock held by watcher/99:
 #0: 00000007c1ed4748 (rcu_read_lock){....}-{1:2}, at: look+0x0/0x10
3 locks held by shell/1190:
 #0: 0000000095fc0488 (files#3){.+.+}-{0:0}, at: open_file+0x1/0x2
 #1: 000000008524b4e8 (&zone->lock){+.+.}-{3:3}, at: power_off+0x1/0x2
 #2: 0000000085d8a1a0 (&dev->mutex){+.+.}-{3:3}, at: release_driver+0x1/0x2
1 lock held by writer/1315:
 #0: 000000008524b4e8 (&zone->lock){+.+.}-{3:3}, at: write_region+0x1/0x2
=============================================
`;

  test('the lock that a task waits for is not one that it holds, and the holder is found by the address', () => {
    const { finding } = only(HUNG);
    expect(finding).toMatchObject({ kind: 'hung-task', tasks: ['writer'] });
    expect(finding.blocked).toEqual([
      { task: 'writer', pid: 1315, holds: [], waitsFor: '&zone->lock', behind: ['shell'] },
      {
        task: 'shell',
        pid: 1190,
        holds: ['files#3 (open_file)', '&zone->lock (power_off)', '&dev->mutex (release_driver)'],
        waitsFor: 'not in the dump',
        behind: [],
      },
    ]);
    expect(finding.notes?.join()).toContain('The chain ends at shell');
  });

  test('a task whose stack asks for no lock holds what it lists', () => {
    const { finding } = only(HUNG.replace('__mutex_lock+0x1/0x20\n', 'read_disk+0x1/0x20\n').replace(' mutex_lock_nested+0x1/0x20\n', ''));
    expect(finding.blocked?.find(({ task }) => task === 'writer')).toMatchObject({
      holds: ['&zone->lock (write_region)'],
      waitsFor: 'read_disk',
      behind: [],
    });
  });

  test('a part of the dump without its warning: the stack belongs to the list below it', () => {
    const { finding } = only(HUNG.slice(HUNG.indexOf('Call Trace')));
    expect([finding.tasks, finding.title]).toEqual([['writer'], 'writer blocked']);
    expect(finding.blocked?.[1]).toMatchObject({ task: 'shell', behind: [] });
    expect(finding.blocked?.[0]).toMatchObject({ waitsFor: '&zone->lock', behind: ['shell'] });
  });

  test('several warnings of one scan are one report', () => {
    const second = HUNG.slice(0, HUNG.indexOf('Showing')).replaceAll('writer', 'reader').replaceAll('1315', '1316');
    const { finding } = only(`${second}${HUNG}`);
    expect(finding.tasks).toEqual(['reader', 'writer']);
    expect(finding.blocked?.filter(({ waitsFor }) => waitsFor === '&zone->lock').map(({ task, behind }) => [task, behind])).toEqual([
      ['reader', ['shell']],
      ['writer', ['shell']],
    ]);
  });
});
