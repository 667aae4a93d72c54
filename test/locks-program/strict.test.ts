/**
 * Goal: strict verdicts keep what is special about Linux lockdep: its two holes, its chain cache, its nest locks, and that it is off after
 * a report. Method: small programs, each beside its neighbour with the other verdict.
 */
import { describe, expect, test } from 'vitest';
import { own, program, short, strict } from './notation.ts';

describe('the holes of lockdep stay in the strict verdict and are closed in the own one:', () => {
  test('nearest edge: a recursive reader between two locks hides their order', () => {
    const hole = 'W(A) R(B) W(C) | W(C) W(A)';
    expect([short(strict(hole)), short(own(hole))]).toEqual(['ok', 'report 7 circular']);
    expect(own(hole)).toMatchObject({ grade: 'REACHABLE', cycle: ['C', 'A'] });
    for (const [text, expected] of [
      ['W(A) W(C) | W(C) W(A)', 'report 5 circular'],
      ['W(A) r(B) W(C) | W(C) W(A)', 'report 7 circular'],
    ] as const) {
      expect([short(strict(text)), short(own(text))]).toEqual([expected, expected]);
    }
  });

  test('one visit for each class: a weak arrival hides a strong one', () => {
    const first = 'W(A) R(B) | ';
    const rest = 'W(A) W(D) | W(D) W(B) | r(B) W(C) | W(C) W(A)';
    expect([short(strict(first + rest)), short(own(first + rest))]).toEqual(['ok', 'report 17 circular']);
    expect(own(first + rest)).toMatchObject({ cycle: ['C', 'A', 'D', 'B'] });
    expect([short(strict(rest)), short(own(rest))]).toEqual(['report 13 circular', 'report 13 circular']);
  });
});

describe('trylocks', () => {
  test('get no edge to them, but give one', () => {
    expect(short(strict('W(A) tW(B) | W(B) W(A)'))).toBe('ok');
    expect(short(strict('tW(B) W(A) | W(A) W(B)'))).toBe('report 5 circular');
  });

  test('let the search for the nearest lock go on below them', () => {
    expect(short(strict('W(A) tW(B) W(C) | W(C) W(A)'))).toBe('report 7 circular');
    expect(short(strict('W(A) tW(B) W(C) | W(C) W(B)'))).toBe('report 7 circular');
  });

  test('do not fill the chain cache', () => {
    expect(short(strict('W(A) tW(B) | W(A) W(B) | W(B) W(A)'))).toBe('report 9 circular');
  });

  test('may take a class that is held', () => {
    expect([short(strict('W(X1:X) tW(X2:X)')), short(own('W(X1:X) tW(X2:X)'))]).toEqual(['ok', 'ok']);
  });
});

describe('the chain cache', () => {
  test('keeps lockdep from looking again: a sequence that was silent once stays silent', () => {
    const first = 'W(A) r(B) u(B) R(C) u(C) r(D) | W(D) r(C) R(A) u(A) u(C)';
    expect(short(strict(`${first} r(C)`))).toBe('ok');
    // Another sequence with the same two neighbours is looked at, and now the search gets through.
    expect(short(strict(`${first} | W(E) W(D) r(C)`))).toBe('report 16 circular');
    expect(short(own(first))).toBe('report 10 circular');
  });

  test('tells the modes of a class apart, and an edge collects them', () => {
    const text = 'W(Y) R(X) | W(Y) W(X) | R(X) W(Y)';
    expect([short(strict(text)), short(own(text))]).toEqual(['report 9 circular', 'report 9 circular']);
    expect(short(strict('W(Y) R(X) | R(X) W(Y)'))).toBe('ok');
  });
});

describe('releases and downgrades take what is above again', () => {
  test('a release below teaches the order of what is left: nothing to hide behind', () => {
    // Before the release only A -> B (R) and B -> C (S) are known; after it A and C are neighbours.
    const text = 'W(A) R(B) W(C) u(B) | W(C) W(A)';
    expect([short(strict(text)), short(own(text))]).toEqual(['report 7 circular', 'report 7 circular']);
  });

  test('the release itself can be what is reported', () => {
    expect(short(strict('W(C) W(A) | W(A) R(B) W(C) u(B)'))).toBe('report 7 circular');
    expect(short(own('W(C) W(A) | W(A) R(B) W(C) u(B)'))).toBe('report 6 circular');
  });

  test('a downgraded lock shares from then on', () => {
    const before = 'W(A) W(B) | W(B) R(A)';
    const after = 'W(A) d(A) W(B) | W(B) R(A)';
    expect([short(strict(before)), short(own(before))]).toEqual(['report 5 circular', 'report 5 circular']);
    expect([short(strict(after)), short(own(after))]).toEqual(['ok', 'ok']);
  });
});

describe('nest locks', () => {
  test('allow a class twice when the outer lock is held', () => {
    for (const judge of [strict, own]) {
      expect(short(judge('W(G) W(K1:K) W(K2:K)'))).toBe('report 2 recursive');
      expect(short(judge('W(G) W(K1:K^G) W(K2:K^G)'))).toBe('ok');
      expect(short(judge('W(K1:K) W(K2:K/1)'))).toBe('ok');
    }
  });

  test('keep lockdep from learning the order within', () => {
    for (const judge of [strict, own]) {
      expect(short(judge('W(G) W(K1:K^G) W(M) W(K2:K^G)'))).toBe('ok');
      expect(short(judge('W(G) W(K1:K) W(M) W(K2:K)'))).toBe('report 3 recursive');
    }
  });

  test('that are not held are reported', () => {
    for (const judge of [strict, own]) expect(short(judge('W(K1:K^G) W(K2:K^G)'))).toBe('report 0 nest-not-held');
    // Beside a lock of the class lockdep only counts and does not look.
    const counted = 'W(K1:K) W(K2:K^G)';
    expect([short(strict(program(counted, { open: true }))), short(own(counted))]).toEqual(['ok', 'report 1 nest-not-held']);
  });

  test('count: any lock of the class releases, as often as they were taken', () => {
    expect(short(strict('W(G) W(K1:K^G) W(K2:K^G) u(K1:K) u(K2:K) | W(K1:K) W(G)'))).toBe('report 7 circular');
    expect(short(strict('W(G) W(K1:K^G) W(K2:K^G) u(K1:K) u(K2:K) u(K1:K)'))).toBe('report 5 bad-unlock');
  });

  test('that are released first are missed when the rest is taken again', () => {
    expect(short(strict('W(G) W(K1:K^G) u(G)'))).toBe('report 2 nest-not-held');
    expect(short(own('W(G) W(K1:K^G) u(G)'))).toBe('ok');
  });

  test('taken after the first lock of the class come too late', () => {
    for (const judge of [strict, own]) expect(short(judge('W(K1:K) W(G) W(K2:K^G)'))).toBe('report 2 recursive');
  });

  test('counting on an entry without a nest lock confuses lockdep', () => {
    expect(short(strict(program('W(G) W(K1:K) W(K2:K^G) u(K2:K)', { open: true })))).toBe('report 3 nest-mismatch');
  });
});

describe('waits', () => {
  test('a wait leads from what is held to what is waited for and holds nothing', () => {
    for (const judge of [strict, own]) {
      for (const wait of ['s', 'w']) {
        expect(short(judge(`W(A) ${wait}(B) | W(B) W(A)`))).toBe('report 4 circular');
        expect(short(judge(`${wait}(B) W(A) | W(A) W(B)`))).toBe('ok');
        expect(short(judge(`W(A1:A) ${wait}(A2:A)`))).toBe('report 1 recursive');
      }
    }
  });
});

describe('ownership and life-cycle', () => {
  test.each([
    ['0:W(A) 1:u(A)', 'report 1 bad-unlock', 'report 1 bad-unlock'],
    ['0:W(A) 0:x()', 'report 1 exit-held', 'report 1 exit-held'],
    ['0:W(A) 1:x()', 'ok', 'ok'],
    ['W(A) u(A) x()', 'ok', 'ok'],
    ['W(A) u(A) i(A)', 'ok', 'ok'],
    // Only the running task's locks are looked at by lockdep.
    ['0:W(A) 1:i(A)', 'ok', 'report 1 init-held'],
  ])('%s', (text, kernel, product) => {
    const raw = program(text, { open: true });
    expect([short(strict(raw)), short(own(raw))]).toEqual([kernel, product]);
  });

  test('the 48th lock of a task is one too many for lockdep', () => {
    const locks = Array.from({ length: 48 }, (_, i) => `W(L${i})`);
    expect(short(strict(locks.slice(0, 47).join(' ')))).toBe('ok');
    expect(short(strict(locks.join(' ')))).toBe('report 47 max-depth');
    expect(short(own(locks.join(' ')))).toBe('ok');
  });
});

test('after its first report lockdep is off; the own verdict goes on', () => {
  const text = 'W(A) W(B) | W(B) W(A) | W(C) W(D) | W(D) W(C) | W(B) W(A)';
  expect(strict(text).reports).toHaveLength(1);
  expect(own(text).reports!.map(({ atOp, cycle }) => [atOp, cycle])).toEqual([
    [5, ['B', 'A']],
    [13, ['D', 'C']],
  ]);
});

test('the own verdict tells each thing once, and a task that has ended holds nothing', () => {
  expect(own('W(A) u(A) u(A) u(A)').reports).toHaveLength(1);
  const ended = program('W(A) x() W(B) u(B) W(B) W(A)', { open: true });
  expect(own(ended).reports!.map(({ type }) => type)).toEqual(['exit-held']);
});

test('programs do not learn from each other', () => {
  expect([short(strict('W(A) W(B)')), short(strict('W(B) W(A)'))]).toEqual(['ok', 'ok']);
});
