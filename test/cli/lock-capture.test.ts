/**
 * Goal: `apemu locks check` also takes what a kernel wrote - a trace of lock events, a lockdep report - and says so when it is neither.
 * Method: made-up texts in the form of the trace events and of the report; an order without an inversion must stay ok.
 */
import { describe, expect, test } from 'vitest';
import { judgeCapture } from '../../src/cli/lock-capture.ts';
import { UsageError } from '../../src/cli/usage-error.ts';

const line = (task: string, at: number, event: string): string => ` ${task} [000] d... 10.00000${at}: ${event}`;
const section = (task: string, at: number, [outer, inner]: readonly [string, string]): string[] => [
  line(task, at, `lock_acquire: 0x${outer} ${outer}`),
  line(task, at + 1, `lock_acquire: 0x${inner} ${inner}`),
  line(task, at + 2, `lock_release: 0x${inner} ${inner}`),
  line(task, at + 3, `lock_release: 0x${outer} ${outer}`),
];

describe('a trace of lock events', () => {
  test('with an inversion is reported at the operation that closes it', () => {
    const text = [...section('a-1', 0, ['aa', 'bb']), ...section('b-2', 4, ['bb', 'aa'])].join('\n');
    const { verdicts, captured } = judgeCapture(text, 'trace.txt', { strict: false });
    expect(captured).toEqual([]);
    expect(verdicts).toMatchObject([{ name: 'trace.txt', verdict: 'report', type: 'circular', atOp: 5, grade: 'REACHABLE' }]);
  });

  test('in one order is ok', () => {
    const text = [...section('a-1', 0, ['aa', 'bb']), ...section('b-2', 4, ['aa', 'bb'])].join('\n');
    expect(judgeCapture(text, 'trace.txt', { strict: false }).verdicts).toMatchObject([{ verdict: 'ok' }]);
  });
});

test('a text that is neither a report nor a trace is refused with what was expected', () => {
  const judge = (): unknown => judgeCapture('all is well\n', 'log.txt', { strict: false });
  expect(judge).toThrow(UsageError);
  expect(judge).toThrow(/^log\.txt: expected lock programs as JSON, a lockdep report or a lock trace: .*found neither$/);
});
