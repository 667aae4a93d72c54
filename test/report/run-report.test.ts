/**
 * Goal: text and JSON of a run say the same, the last line is the verdict, and the verdict follows what the scenario expects.
 */
import { describe, expect, test } from 'vitest';
import type { FindingKind } from '../../src/locks/finding.ts';
import { COLOUR } from '../../src/report/paint.ts';
import { runJson } from '../../src/report/run-json.ts';
import type { HostReport, RunReport } from '../../src/scenario/run-report.ts';
import { runText } from '../../src/report/run-text.ts';
import { judge } from '../../src/report/verdict.ts';
import { ABBA, DEADLOCK, guest, report, statRow } from './made-up.ts';

const text = (made: RunReport, expected: readonly FindingKind[] = []): string => runText(made, judge(made, expected));
const lastLine = (made: RunReport, expected: readonly FindingKind[] = []): string | undefined =>
  text(made, expected).trimEnd().split('\n').at(-1);

const failedEvent = { t: 500, task: 'admin', what: 'write unassign_adapter 6', result: 'EBUSY', expected: 'ok', ok: false };
const user = { kind: 'rsa', tasks: 2, operations: 20, expected: 20, retries: 3, errors: 0, p50Ms: 1, p99Ms: 2 };
const HOST: HostReport = {
  ...{ operations: 30, expected: 30, retries: 4, errors: 0, stallMs: 5, p50Ms: 0.5, p99Ms: 2 },
  users: [user, { ...user, kind: 'hash', tasks: 1, operations: 10, expected: 10, retries: 1, p50Ms: 0.25 }],
};
const dirty = { ...report().quiescence!, clean: false, pins: 2, locksHeld: 1 };
const stuck: Partial<RunReport> = { ok: false, outcome: 'stuck', quiescence: null, findings: [DEADLOCK] };

describe('the verdict', () => {
  test.each<[string, Partial<RunReport>, FindingKind[], string[]]>([
    ['a clean run', {}, [], []],
    ['a limited run', { outcome: 'limit', guests: [guest('g', { operations: 10 })] }, [], []],
    ['a finding', { ok: false, findings: [ABBA] }, [], ['1 finding (lock-order)']],
    ['an error', { ok: false, guests: [guest('g', { operations: 239, errors: 1 })] }, [], ['1 operation wrong or given up']],
    ['work left', { ok: false, guests: [guest('g', { operations: 200 })] }, [], ['40 operations not done']],
    ['an event', { ok: false, events: [failedEvent] }, [], ['1 event ended otherwise than expected']],
    ['a leak', { ok: false, quiescence: dirty }, [], ['not at rest in the end: 2 pinned pages, 1 lock held']],
    ['work of the host left', { ok: false, host: { ...HOST, operations: 20 } }, [], ['10 operations not done']],
    ['an error of the host', { ok: false, host: { ...HOST, operations: 29, errors: 1 } }, [], ['1 operation wrong or given up']],
    ['an interrupted run', { ok: false, outcome: 'interrupted', quiescence: null }, [], ['interrupted']],
    ['not ok, reason unknown', { ok: false }, [], ['the run ended as not ok (done)']],
    ['a deadlock', stuck, [], ['1 finding (deadlock)', 'no task can go on']],
    ['an expected deadlock', stuck, ['deadlock'], []],
    ['one of two expected kinds', stuck, ['deadlock', 'lock-order'], []],
    ['another finding than expected', stuck, ['lock-order'], ['1 finding of a kind that is not expected (deadlock)', 'no task can go on']],
    ['an expected finding that is missing', {}, ['deadlock', 'lock-order'], ['expected a finding (deadlock or lock-order), found none']],
    [
      'an expected finding and a wrong result',
      { ...stuck, guests: [guest('g', { errors: 1 })] },
      ['deadlock'],
      ['1 operation wrong or given up'],
    ],
  ])('%s', (_name, more, expected, reasons) => {
    expect(judge(report(more), expected)).toEqual({ passed: reasons.length === 0, expected, reasons });
  });
});

describe('the text', () => {
  test('of a clean run is this', () => {
    const lockStat = [statRow('mdevs_lock')];
    const events = [{ ...failedEvent, result: 'ok', ok: true }];
    expect(text(report({ lockStat, events }))).toBe(`\
apemu run three-guests: done after 2.310 s (design guests-lock, live runtime, seed 42)

Guests
  guest   mdev  vcpus  operations  retries  errors  p50 ms  p99 ms  stall ms  queues
  guest1  m1        2     240/240        3       0    1.23    15.7      12.0  05.0004 05.00ab
  guest2  -         2     240/240        3       0    1.23    15.7      12.0  -

Events
     time  task   event                     result  expected
  0.500 s  admin  write unassign_adapter 6  ok      ok

Queues: adapters x domains, and who owns them
  adapter  type   state   04      ab
  05       CEX8C  online  guest1  guest1
  06       CEX8C  online  host    host

Locks
  lock        mode   acquired  contended  wait ms  longest  held ms  longest  queue
  mdevs_lock  write      1234          5     1.50     0.75      123     2.00      3

At rest
  clean: no page pinned, no reference, no lock, no task, no request left

ok: 480 operations of 2 guests verified, 0 findings
`);
  });

  test.each<[Partial<RunReport>, FindingKind[], string]>([
    [{ ok: false, findings: [ABBA] }, [], 'FAILED: 1 finding (lock-order)'],
    [stuck, ['deadlock'], 'ok: 480 operations of 2 guests verified, 1 finding, as the scenario expects of guests-lock (deadlock)'],
    [{ outcome: 'interrupted' }, [], 'interrupted: 480 operations of 2 guests verified, 0 findings'],
  ])('ends with the verdict: %#', (more, expected, line) => expect(lastLine(report(more), expected)).toBe(line));

  test('ends with one line even when the reasons need more', () => {
    const lines = text(report({ ...stuck, guests: [guest('g', { errors: 1000 })], events: [failedEvent, failedEvent] }))
      .trimEnd()
      .split('\n');
    const reasons = [
      '1 finding (deadlock)',
      'no task can go on',
      '1000 operations wrong or given up',
      '2 events ended otherwise than expected',
    ];
    expect(lines.slice(-5)).toEqual([...reasons.map((reason) => `  - ${reason}`), 'FAILED: 4 reasons, listed above']);
  });

  test('has every finding in full, with the run it came from', () => {
    const made = text(report({ ok: false, findings: [ABBA, DEADLOCK] }));
    expect(made).toContain('Finding 1 of 2: lock-order');
    expect(made).toContain('possible circular locking dependency detected\ndesign guests-lock, live runtime, seed 42');
    expect(made).toContain('Finding 2 of 2: deadlock');
    expect(made).toContain('Who waits for whom:');
  });

  test('says why there was no check at the end', () => expect(text(report(stuck))).toContain('not checked: the run did not come to rest'));

  test('of a stress run counts the verbs', () => {
    const made = text(report({ command: 'stress', stress: { verbs: { unassign: 2, assign: 30 }, checks: 77, steps: 900 } }));
    expect(made).toMatch(/Churn\n {2}verb +times\n {2}assign +30\n {2}unassign +2\n {2}77 checks of the invariants, 900 steps/);
  });

  test('has a line for each kind of user of the host, and one for all', () => {
    const made = text(report({ host: HOST }));
    expect(made).toContain(`
Crypto users of the host
  users  tasks  operations  retries  errors  p50 ms  p99 ms
  rsa        2       20/20        3       0    1.00    2.00
  hash       1       10/10        1       0    0.25    2.00
  all        3       30/30        4       0    0.50    2.00
`);
    expect(lastLine(report({ host: HOST }))).toBe('ok: 510 operations of 2 guests and the host verified, 0 findings');
    expect(text(report({ host: { ...HOST, users: [user] } }))).not.toContain('  all ');
  });

  test('is plain ASCII within 120 columns, whatever the names', () => {
    const name = 'n'.repeat(140);
    const events = Array.from({ length: 60 }, (_, t) => ({ ...failedEvent, t, what: `write /sys/${name} 6`, ok: t !== 59 }));
    const lockStat = Array.from({ length: 20 }, () =>
      statRow(name, { mode: 'read', acquisitions: 1e9, contentions: 1e6, waitMsTotal: 1e7 }),
    );
    const made = text(report({ scenario: name, guests: [guest(name, { mdev: name })], events, lockStat, findings: [ABBA, DEADLOCK] }));
    expect(Math.max(...made.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
    expect(made).toMatch(/^[\n\x20-\x7e]*$/);
    expect(made).toContain('... and 20 more; --json has all of them');
    // The one that went wrong is among those shown.
    expect(made).toContain('0.059 s  admin');
    expect(made).toContain('... and 8 more; --json has all of them');
  });

  test('has colour only when asked, and the same words', () => {
    const made = report({ ok: false, events: [failedEvent] });
    const coloured = runText(made, judge(made, []), COLOUR);
    expect(coloured).toContain('\u001b[31mFAILED');
    // oxlint-disable-next-line no-control-regex
    expect(coloured.replaceAll(/\u001b\[\d+m/g, '')).toBe(text(made));
  });
});

describe('the JSON', () => {
  const parse = (made: RunReport, expected: readonly FindingKind[] = []): Record<string, unknown> =>
    JSON.parse(runJson(made, judge(made, expected)));

  test('has the fields that scripts rely on', () => {
    const made = parse(report({ ok: false, findings: [ABBA] }));
    expect(made).toMatchObject({ ok: false, seed: 42, durationMs: 2310.457, lockStat: [], design: 'guests-lock', outcome: 'done' });
    expect(made['guests']).toMatchObject([{ name: 'guest1', operations: 240, retries: 3, errors: 0, p50Ms: 1.235, p99Ms: 15.679 }, {}]);
    expect(made['findings']).toMatchObject([{ kind: 'lock-order', cycle: [{ from: 'kvm->lock', to: 'matrix_dev->lock' }, {}] }]);
    expect(made['topology']).toMatchObject({
      queues: [{ queue: '05.0004', owner: 'guest1' }, {}, {}, { queue: '06.00ab', owner: 'host' }],
    });
    expect(made['verdict']).toEqual({ passed: false, expected: [], reasons: ['1 finding (lock-order)'] });
  });

  test('has the figures of the host where it has crypto users', () => {
    expect(parse(report())).not.toHaveProperty('host');
    expect(parse(report({ host: HOST }))['host']).toEqual(HOST);
  });

  test('tells a finding that was expected from a clean run', () => {
    expect(parse(report(stuck), ['deadlock'])).toMatchObject({ ok: false, verdict: { passed: true, expected: ['deadlock'] } });
  });

  test('is the same text for the same report, and has null for a figure that does not exist', () => {
    const made = report({ guests: [guest('g', { p50Ms: Number.NaN })] });
    expect(runJson(made, judge(made, []))).toBe(runJson(structuredClone(made), judge(made, [])));
    expect(parse(made)['guests']).toMatchObject([{ p50Ms: null }]);
  });
});
