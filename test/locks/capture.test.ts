/**
 * Goal: the text of a kernel report or of a lock trace becomes data that says what the text says, and nothing that it does not.
 * Method: made-up texts in the kernel's form, about locks of an orchard, behind every kind of log head.
 */
import { describe, expect, test } from 'vitest';
import { CaptureError, readCapture } from '../../src/locks/capture/read-capture.ts';
import { HELD, onlyReport as only, TRACE } from '../helpers/captured.ts';

const CIRCULAR = `
======================================================
WARNING: possible circular locking dependency detected
6.12.0-orchard #7 Not tainted
------------------------------------------------------
picker/0:2/412 is trying to acquire lock:
00000000aa00bb01 (&tree->lock){+.+.}-{3:3}, at: pick_apple+0x24/0x90 [orchard]

but task is already holding lock:
00000000aa00bb02 (basket_sem){++++}-{3:3}, at: open_basket+0x18/0x40 [orchard]

which lock already depends on the new lock.


the existing dependency chain (in reverse order) is:

-> #2 (basket_sem){++++}-{3:3}:
       __lock_acquire+0x4a0/0xb20
       lock_acquire+0xd4/0x2f0
       down_write+0x3a/0x90
       fill_basket+0x11/0x80 [orchard]
       harvest+0x1f/0x33 [orchard]

-> #1 (&row->mutex/1){+.+.}-{3:3}:
       lock_acquire+0xd4/0x2f0
       __mutex_lock+0x88/0x9f0
       mutex_lock_nested+0x1b/0x20
       walk_row (drivers/orchard/row.c:52) orchard

-> #0 (&tree->lock){+.+.}-{3:3}:
       check_prev_add+0x91/0xc00
       __lock_acquire+0x4a0/0xb20
       lock_acquire+0xd4/0x2f0
       mutex_lock_nested+0x1b/0x20
       pick_apple+0x24/0x90 [orchard]
       ? maybe_pick+0x1/0x2
       pick_all+0x14/0x20 [orchard]

other info that might help us debug this:

Chain exists of:
  &tree->lock --> &row->mutex/1 --> basket_sem

 Possible unsafe locking scenario:

       CPU0                    CPU1
       ----                    ----
  rlock(basket_sem);
                               lock(&row->mutex/1);
                               lock(basket_sem);
  lock(&tree->lock);

 *** DEADLOCK ***

2 locks held by picker/0:2/412:
 #0: 00000000aa00bb09 (gate#3){.+.+}-{0:0}, at: enter+0x10/0x20
 #1: 00000000aa00bb02 (basket_sem){++++}-{3:3}, at: open_basket+0x18/0x40 [orchard]

stack backtrace:
CPU: 3 UID: 0 PID: 412 Comm: picker/0:2 Not tainted 6.12.0-orchard #7
Call Trace:
 <TASK>
 dump_stack_lvl+0x60/0x90
 pick_apple+0x24/0x90 [orchard]
 </TASK>
`;

const behind = (head: (n: number) => string, text: string): string =>
  text
    .split('\n')
    .map((line, n) => `${head(n)}${line}`)
    .join('\n');

describe('a circular dependency', () => {
  const { report, finding, held, program } = only(CIRCULAR);

  test('has its edges in the order of the ring, newest first, with the functions as places', () => {
    expect(report).toBe('circular');
    expect(finding).toMatchObject({ kind: 'lock-order', tasks: ['picker/0:2'] });
    expect(finding.title).toContain('basket_sem -> &tree->lock -> &row->mutex/1 -> basket_sem');
    const cycle = finding.cycle!.map(({ from, to, fromMode, toMode, task, pid }) => [`${task}/${pid}`, from, fromMode, to, toMode]);
    expect(cycle).toEqual([
      ['picker/0:2/412', 'basket_sem', 'read', '&tree->lock', 'write'],
      ['other/1', '&tree->lock', 'write', '&row->mutex/1', 'write'],
      ['other/2', '&row->mutex/1', 'write', 'basket_sem', 'write'],
    ]);
    expect(finding.cycle!.map(({ fromPlace, toPlace }) => [fromPlace, toPlace])).toEqual([
      [['open_basket [orchard]'], ['pick_apple [orchard]', 'pick_all [orchard]']],
      [[], ['drivers/orchard/row.c:52 walk_row']],
      [[], ['fill_basket [orchard]', 'harvest [orchard]']],
    ]);
  });

  test('what the kernel does not record is not known, and the report says so', () => {
    const [newest, ...older] = finding.cycle!;
    expect(newest!.held).toEqual(['gate#3', 'basket_sem']);
    expect(older.every(({ time }) => Number.isNaN(time))).toBe(true);
    expect(finding.notes?.join(' ')).toContain('other/N');
  });

  test('the held list has addresses, places and usage', () => {
    expect(held).toMatchObject([
      { task: 'picker/0:2', pid: 412, locks: [{ name: 'gate#3', at: 'enter', usage: '.+.+' }, { address: '00000000aa00bb02' }] },
    ]);
  });

  test('is one section a task as a lock program', () => {
    expect(program!.ops.map(({ task, op, cls }) => `${task} ${op} ${cls}`)).toEqual([
      '0 lock gate#3',
      '0 rlock basket_sem',
      '0 lock &tree->lock',
      '0 unlock &tree->lock',
      '0 unlock basket_sem',
      '0 unlock gate#3',
      '1 lock &tree->lock',
      '1 lock &row->mutex/1',
      '1 unlock &row->mutex/1',
      '1 unlock &tree->lock',
      '2 lock &row->mutex/1',
      '2 lock basket_sem',
      '2 unlock basket_sem',
      '2 unlock &row->mutex/1',
    ]);
  });

  test.each<[string, (n: number) => string]>([
    ['time stamps', (n) => `[  618.${String(25_000 + n).padStart(6, '0')}] `],
    ['stamps and thread ids', (n) => `[  618.02${n}][  T412] `],
    ['levels', () => '<4>[   12.000001] '],
    ['syslog', (n) => `Jan  3 12:00:0${n % 10} host7 kernel: [  618.000001] `],
    ['the journal', () => '2026-01-03T12:00:00+0100 host7 kernel: '],
    ['dmesg -T', () => '[Sat Jan  3 12:00:00 2026] '],
    ['a mail', () => '> > '],
  ])('reads the same behind %s', (_name, head) => {
    const again = only(behind(head, CIRCULAR));
    const timeless = (cycle: NonNullable<typeof finding.cycle>): unknown => cycle.map((edge) => ({ ...edge, time: 0 }));
    expect(timeless(again.finding.cycle!)).toEqual(timeless(finding.cycle!));
    expect(again.held).toEqual(held);
  });

  test('the time of the log is the time of the finding', () => {
    expect(only(behind(() => '[  618.025091] ', CIRCULAR)).finding.time).toBe(618_025.091);
  });

  test('cut off after its head it is two locks, and says that the chain is missing', () => {
    const { finding: cut } = only(CIRCULAR.slice(0, CIRCULAR.indexOf('-> #2')));
    expect(cut.cycle!.map(({ from, to }) => [from, to])).toEqual([
      ['basket_sem', '&tree->lock'],
      ['&tree->lock', 'basket_sem'],
    ]);
    expect(cut.notes?.join(' ')).toContain('missing or incomplete');
  });

  test('cut off before its head it is an error that says so', () => {
    expect(() => readCapture(CIRCULAR.slice(0, CIRCULAR.indexOf('but task')))).toThrow(CaptureError);
  });

  test('a lock of which only readers were ever seen is read, whatever the function is called', () => {
    const text = CIRCULAR.replaceAll('(basket_sem){++++}', '(basket_sem){.+.+}').replaceAll('rlock(', 'lock(');
    expect(only(text).finding.cycle!.map(({ fromMode, toMode }) => [fromMode, toMode])).toEqual([
      ['read', 'write'],
      ['write', 'write'],
      ['write', 'read'],
    ]);
  });

  test('a flush is a wait, and named as no lock', () => {
    const text = CIRCULAR.replaceAll('&row->mutex/1', '(work_completion)(&row->work)')
      .replace('mutex_lock_nested+0x1b/0x20\n       walk_row', '__flush_work+0x1b/0x20\n       walk_row')
      .replace('       __mutex_lock+0x88/0x9f0\n', '');
    const flush = only(text);
    expect(flush.finding.cycle![1]).toMatchObject({ to: '(work_completion)(&row->work)', toMode: 'write (wait)' });
    expect(flush.finding.cycle![2]).toMatchObject({ from: '(work_completion)(&row->work)', fromMode: 'write' });
    expect(flush.program!.ops.map(({ op }) => op)).toContain('lockThenUnlock');
    expect(flush.finding.notes?.join(' ')).toContain('waited for');
  });
});

describe('recursive locking', () => {
  const text = (address: string): string => `WARNING: possible recursive locking detected
picker/412 is trying to acquire lock:
${address} (&tree->lock){+.+.}-{3:3}, at: climb_again+0x1/0x2

but task is already holding lock:
00000000aa00bb02 (&tree->lock){+.+.}-{3:3}, at: climb+0x1/0x2

${HELD}${TRACE}`;

  test('is one edge from the class to itself', () => {
    const { finding, report, program } = only(text('00000000aa00bb77'));
    expect([report, finding.kind]).toEqual(['recursive', 'recursive-lock']);
    expect(finding.cycle).toMatchObject([
      { from: '&tree->lock', to: '&tree->lock', task: 'picker', pid: 412, fromPlace: ['climb'], toPlace: ['climb_again'] },
    ]);
    expect(new Set(program!.ops.map(({ lock }) => lock)).size).toBe(2);
  });

  test('of one instance is told from that of two', () => {
    expect(only(text('00000000aa00bb02')).finding.notes?.join()).toContain('one lock taken twice');
    expect(only(text('00000000aa00bb77')).finding.notes?.join()).not.toContain('one lock taken twice');
  });
});

test('a log with several reports gives all of them in order; one that is cut is told', () => {
  const text = `${CIRCULAR}\nBUG: MAX_LOCK_DEPTH too low!\nWARNING: possible recursive locking detected\n`;
  const capture = readCapture(text);
  expect(capture.kind === 'splat' && [capture.reports.map(({ report }) => report), capture.notes]).toEqual([
    ['circular', 'validator-limit'],
    ['a report (recursive) is cut off before it names its locks: WARNING: possible recursive locking detected'],
  ]);
});

test.each(['', 'hello\nworld\n', '{"name": "AB", "ops": []}'])('%j is neither a report nor a trace', (text) => {
  expect(() => readCapture(text)).toThrow(
    'expected a report of lockdep or of khungtaskd, or lines of the events lock:lock_*, found neither',
  );
});
