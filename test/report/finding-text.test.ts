/**
 * Goal: every kind of finding becomes a text that says who, where, when and behind whom.
 */
import { describe, expect, test } from 'vitest';
import { FINDING_KINDS, type Finding } from '../../src/locks/finding.ts';
import { findingLines } from '../../src/report/finding-text.ts';
import { ABBA, DEADLOCK } from './made-up.ts';

const text = (finding: Finding): string => findingLines(finding).join('\n');

describe('a deadlock', () => {
  test('is reported like this', () => {
    expect(`${findingLines(DEADLOCK, 'design kvm-busy').join('\n')}\n`).toBe(`\
==============================================================================
deadlock of 2 tasks: admin waits for matrix_dev->lock, vcpu0 waits for kvm->lock
design kvm-busy
------------------------------------------------------------------------------
2 tasks blocked at 3.001 s:

 admin/1003
   waits for  matrix_dev->lock
   holds      kvm->lock
   behind     vcpu0

 vcpu0/1007
   waits for  kvm->lock
   holds      vcpu->mutex, matrix_dev->lock
   behind     admin

Who waits for whom:
  admin -> vcpu0 -> admin

 *** DEADLOCK ***
==============================================================================
`);
  });

  test('that is no closed ring is not called one', () => {
    const [first] = DEADLOCK.blocked!;
    const hung: Finding = { ...DEADLOCK, kind: 'hung-task', blocked: [{ ...first!, holds: [], behind: [] }] };
    expect(text(hung)).not.toContain('DEADLOCK');
    expect(text(hung)).toContain('behind     no known task');
    expect(text(hung)).toContain('holds      nothing');
  });

  test('with very many locks stays within the width', () => {
    const holds = Array.from({ length: 60 }, (_, i) => `guest${i}.kvm->lock`);
    const [first, second] = DEADLOCK.blocked!;
    const lines = findingLines({ ...DEADLOCK, blocked: [{ ...first!, holds }, second!] });
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
    expect(lines.join(' ')).toContain('guest59.kvm->lock');
  });
});

test.each(FINDING_KINDS)('%s without cycle or tasks: title, time, place, notes', (kind) => {
  const lines = findingLines({
    kind,
    key: 'k',
    title: 'm1.adapters is written by admin without its guard',
    tasks: ['admin'],
    time: 15,
    place: ['src/vfio-ap/assign.ts:54 assignAdapter'],
    notes: ['the guard is mdevs_lock'],
  });
  expect(lines[1]).toBe(`${kind}: m1.adapters is written by admin without its guard`);
  expect(lines).toContain('at 0.015 s, by admin');
  expect(lines).toContain('  src/vfio-ap/assign.ts:54 assignAdapter');
  expect(lines).toContain('note: the guard is mdevs_lock');
});

test('a cycle goes to the lock-order text', () => {
  expect(text(ABBA)).toContain('possible circular locking dependency detected');
});
