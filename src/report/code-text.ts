/**
 * What a program in machine code did, as text: how it ended, its AP instructions with their answers, its interruptions, and what the
 * machine does not provide. No kernel counterpart.
 */
import type { CodeReport } from '../guest/guest-program.ts';
import type { GuestReport } from '../scenario/run-report.ts';
import { count, wrapText } from './layout.ts';

/** `guest1: aqic 00 x 2, tapq 01`; no line where nothing was counted. */
export function countedLines(title: string, counted: Readonly<Record<string, number>>): string[] {
  const given = Object.entries(counted).map(([what, times]) => (times === 1 ? what : `${what} x ${times}`));
  return given.length === 0 ? [] : wrapText(`${title}: ${given.toSorted().join(', ')}`, '  ', '    ');
}

/** `rsa-loop: passed (stopped itself, exit status 1), 1234 instructions`. */
export function codeLine({ program, result, end, instructions, restarts = 0 }: CodeReport): string {
  const again = restarts === 0 ? '' : `, begun ${count(restarts + 1, 'time')}`;
  return `${program}: ${result} (${end}), ${count(instructions, 'instruction')}${again}`;
}

/** Of each guest that runs one. */
export function codeLines({ name, code }: GuestReport): string[] {
  if (code === undefined) return [];
  return [
    ...wrapText(`${name}: ${codeLine(code)}`, '  ', '    '),
    ...countedLines(`${name}: interruptions`, code.interruptions),
    ...countedLines(`${name}: not provided`, code.unimplemented),
  ];
}
