/**
 * Goal: a recorded lock trace becomes a lock program that says what was taken by whom in which way, and makes up nothing that was not seen.
 */
import { describe, expect, test } from 'vitest';
import type { CapturedTrace } from '../../src/locks/capture/lock-trace.ts';
import { readCapture } from '../../src/locks/capture/read-capture.ts';

describe('a lock trace', () => {
  const trace = (text: string): CapturedTrace => {
    const capture = readCapture(text, 'orchard.txt');
    if (capture.kind !== 'trace') throw new Error('expected a trace');
    return capture;
  };
  const ops = (text: string): string[] => trace(text).program.ops.map(({ task, op, lock }) => `${task} ${op} ${lock}`);

  const PIPE = `# tracer: nop
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
          picker-412     [002] d..1.  618.000001: lock_acquire: 00000000aa00bb01 &tree->lock
          picker-412     [002] d..1.  618.000002: lock_contended: 00000000aa00bb01 &tree->lock
          picker-412     [002] d..1.  618.000003: lock_acquired: 00000000aa00bb01 &tree->lock
   kworker/0:1-77-413    [003] .....  618.000004: lock_acquire: 00000000aa00bb02 try read basket sem
          picker-412     [002] .....  618.000005: lock_acquire: 00000000aa00bb03 read rcu_read_lock
          picker-412     [002] .....  618.000006: lock_release: 00000000aa00bb03 rcu_read_lock
          picker-412     [002] .....  618.000007: lock_release: 00000000aa00bb01 &tree->lock
`;
  const PERF = `picker   412 [002]   618.000001:       lock:lock_acquire: 0xaa00bb01 &tree->lock
        ffffffff81000000 lock_acquire+0x10 ([kernel.kallsyms])

picker   412 [002]   618.000002:     lock:lock_contended: 0xaa00bb01 &tree->lock
picker   412 [002]   618.000003:      lock:lock_acquired: 0xaa00bb01 &tree->lock
kworker/0:1-77   413 [003]   618.000004:       lock:lock_acquire: 0xaa00bb02 try read basket sem
picker   412 [002]   618.000005:       lock:lock_acquire: 0xaa00bb03 read rcu_read_lock
picker   412 [002]   618.000006:       lock:lock_release: 0xaa00bb03 rcu_read_lock
picker   412 [002]   618.000007:       lock:lock_release: 0xaa00bb01 &tree->lock
`;

  test.each([
    ['trace_pipe', PIPE, '00000000'],
    ['perf script', PERF, '0x'],
  ])('of %s is a program: tasks, modes, instances', (_name, text, zeros) => {
    const { program, tasks, events } = trace(text);
    expect([program.name, tasks, events]).toEqual(['orchard.txt', ['picker/412', 'kworker/0:1-77/413'], 7]);
    expect(ops(text)).toEqual(
      [
        '0 lock &tree->lock @aa00bb01',
        '1 tryrlock basket sem @aa00bb02',
        '0 rlockRecursive rcu_read_lock @aa00bb03',
        '0 unlock rcu_read_lock @aa00bb03',
        '0 unlock &tree->lock @aa00bb01',
      ].map((line) => line.replace('@', zeros)),
    );
    expect(program.ops[0]).toMatchObject({ cls: '&tree->lock' });
  });

  test('an interrupt, and the idle task of each CPU, have held stacks of their own', () => {
    const line = (who: string, cpu: number, flags: string): string =>
      ` ${who} [00${cpu}] ${flags} 1.000001: lock_acquire: 00000000aa00bb0${cpu} &tree->lock\n`;
    const text =
      line('picker-412', 0, '.....') +
      line('picker-412', 1, 'd.h1.') +
      line('picker-412', 1, '..s1.') +
      line('<idle>-0', 2, '.....') +
      line('<idle>-0', 3, '.....');
    expect(trace(text).tasks).toEqual(['picker/412', 'hardirq@cpu1', 'softirq@cpu1', '<idle>/0@cpu2', '<idle>/0@cpu3']);
  });

  const at = (event: string, who = 'picker-412'): string => ` ${who} [000] ..... 1.000001: lock_${event}\n`;

  test('a lock that was taken before the trace began is left out, and counted', () => {
    const text = at('release: 00000000aa00bb01 &tree->lock') + at('acquire: 00000000aa00bb02 &row->lock');
    expect(ops(text)).toEqual(['0 lock &row->lock 00000000aa00bb02']);
    expect(trace(text).notes).toContain('1 releases of locks that were taken before the trace began are left out');
  });

  test('lost events end what is held: no dependency is made up', () => {
    const text = `${at('acquire: 00000000aa00bb01 &tree->lock')}CPU:0 [LOST 12 EVENTS]\n${at('acquire: 00000000aa00bb02 &row->lock')}${at('release: 00000000aa00bb01 &tree->lock')}`;
    expect(ops(text)).toEqual([
      '0 lock &tree->lock 00000000aa00bb01',
      '0 unlock &tree->lock 00000000aa00bb01',
      '0 lock &row->lock 00000000aa00bb02',
    ]);
    expect(trace(text).notes.join()).toContain('events were lost 1 times');
  });

  test('a lock that another task releases is released where it was taken', () => {
    const text = at('acquire: 00000000aa00bb01 read pen') + at('release: 00000000aa00bb01 pen', 'other-500');
    expect(ops(text)).toEqual(['0 rlock pen 00000000aa00bb01', '0 unlock pen 00000000aa00bb01']);
    expect(trace(text).notes.join()).toContain('released by another task');
  });

  test('hidden addresses leave the class as the only instance', () => {
    expect(ops(at('acquire: (____ptrval____) &tree->lock'))).toEqual(['0 lock &tree->lock']);
  });
});
