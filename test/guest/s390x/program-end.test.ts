/**
 * Goal: what a program printed and how it stopped come to the right result, and a program that prints without end is kept within bounds.
 */
import { describe, expect, test } from 'vitest';
import { ProgramConsole } from '../../../src/guest/s390x/program-console.ts';
import { endText, resultOf, type EndReason, type ProgramResult } from '../../../src/guest/s390x/program-end.ts';

describe('the exit status', () => {
  test.each<[string, string[], number | null]>([
    ['is that of the line that says so', ['PASS: a\nEXIT: STATUS=1\n'], 1],
    ['may come in pieces', ['EXIT: STA', 'TUS=', '3\n'], 3],
    ['is the last one', ['EXIT: STATUS=3\n', 'EXIT: STATUS=1\n'], 1],
    ['stands on a line of its own', ['prefix EXIT: STATUS=1\nEXIT: STATUS=1 of 2\n'], null],
    ['may end with a carriage return', ['EXIT: STATUS=77\r\n'], 77],
    ['is none when nothing was printed', [], null],
  ])('%s', (_name, texts, status) => {
    const screen = new ProgramConsole();
    for (const text of texts) screen.write(text);
    expect(screen.status).toBe(status);
  });

  test('of a program that has printed without end is found, and most of what it printed is dropped', () => {
    const screen = new ProgramConsole();
    const line = `${'x'.repeat(1023)}\n`;
    for (let n = 0; n < 5000; n++) screen.write(line);
    screen.write('EXIT: STATUS=1\n');
    expect(screen.status).toBe(1);
    expect(screen.text.length).toBeLessThan(3 * 1024 * 1024);
    expect(screen.dropped + screen.text.length).toBe(5000 * 1024 + 15);
  });
});

describe('the result of a program', () => {
  test.each<[EndReason, number | null, ProgramResult]>([
    ['stopped', 1, 'passed'],
    ['stopped', 3, 'failed'],
    ['stopped', 77, 'skipped'],
    ['stopped', null, 'passed'],
    ['disabled-wait', 1, 'passed'],
    ['disabled-wait', null, 'failed'],
    ['check-stop', null, 'failed'],
    ['check-stop', 3, 'failed'],
    ['translation', null, 'failed'],
    ['translation', 1, 'passed'],
    ['instruction-limit', null, 'open'],
    ['instruction-limit', 1, 'open'],
    ['ended', null, 'open'],
  ])('that ended by %s with status %s is %s', (reason, status, result) => {
    expect(resultOf({ reason, detail: '' }, status)).toBe(result);
  });

  test('is told with where it ended and with its status', () => {
    expect(endText({ reason: 'disabled-wait', detail: 'address 0x1d0' }, null)).toBe('disabled wait: address 0x1d0');
    expect(endText({ reason: 'stopped', detail: '' }, 3)).toBe('stopped itself, exit status 3');
  });
});
