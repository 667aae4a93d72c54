/**
 * The rows of a schedule beside each other, one column a task; or below each other, where there are too many tasks for that.
 */
import { cutMiddle, wrapWords, WIDTH } from './layout.ts';
import type { Paint } from './paint.ts';
import type { ScheduleRow } from './schedule-rows.ts';

const NARROWEST = 22;
const WIDEST = 50;
const GAP = 2;
/** Room for `123-456  `. */
const NUMBERS = 9;
/** A stretch is shown with at most so many lines; of more, the middle is left out. */
const LINES_MAX = 9;

/** Null when the columns would be too narrow to read. */
export function columnLines(rows: readonly ScheduleRow[], tasks: ReadonlyMap<number, string>, paint: Paint): string[] | null {
  const width = Math.min(WIDEST, Math.floor((WIDTH - NUMBERS) / tasks.size));
  if (width < NARROWEST) return null;
  const ids = [...tasks.keys()];
  const line = (numbers: string, id: number, text: string): string =>
    `${numbers.padStart(NUMBERS - GAP)}${' '.repeat(GAP + ids.indexOf(id) * width)}${text}`;
  const heads = [...tasks.values()].map((name) => cutMiddle(name, width - GAP));
  const ruled = (cells: readonly string[]): string => `${' '.repeat(NUMBERS)}${cells.map((cell) => cell.padEnd(width)).join('')}`.trimEnd();
  const lines = [paint.bold(ruled(heads)), ruled(heads.map((head) => '-'.repeat(head.length)))];
  for (const row of rows) {
    if (!tasks.has(row.id)) {
      lines.push(paint.faint(cutMiddle(`${numbersOf(row).padStart(NUMBERS - GAP)}${' '.repeat(GAP)}(${asideText(row)})`, WIDTH)));
      continue;
    }
    for (const [i, text] of shortened(wrapEach(row.steps, width - GAP)).entries())
      lines.push(line(i === 0 ? numbersOf(row) : '', row.id, text));
    for (const text of wrapEach(row.notes, width - GAP)) lines.push(paint.faint(line('', row.id, text)));
  }
  return lines;
}

/** One line and more a stretch, with the task's name in front. */
export function listLines(rows: readonly ScheduleRow[], paint: Paint): string[] {
  const indent = ' '.repeat(NUMBERS);
  return rows.flatMap((row) => {
    const name = `${row.task}: `;
    const steps = wrapWords([...row.steps], WIDTH - NUMBERS - name.length, ', ');
    const text = shortened(steps).map(
      (line, i) =>
        `${
          i === 0
            ? numbersOf(row)
                .padStart(NUMBERS - GAP)
                .padEnd(NUMBERS) + name
            : indent + ' '.repeat(name.length)
        }${line}`,
    );
    const notes = wrapEach(row.notes, WIDTH - NUMBERS - name.length);
    return [
      ...text,
      ...notes.map((note, i) => paint.faint(`${indent}${text.length === 0 && i === 0 ? name : ' '.repeat(name.length)}${note}`)),
    ];
  });
}

const numbersOf = ({ from, to }: ScheduleRow): string => (from === 0 ? '' : from === to ? String(from) : `${from}-${to}`);

const asideText = ({ task, steps, to, from }: ScheduleRow): string =>
  to - from > 2 ? `${task}: ${steps[0]!} .. ${steps.at(-1)!}, ${to - from + 1} steps` : `${task}: ${steps.join(', ')}`;

/** Each text from the start of a line; what goes on is indented. */
const wrapEach = (texts: readonly string[], width: number): string[] =>
  texts.flatMap((text) => wrapWords(text.split(' '), width - GAP).map((line, i) => (i === 0 ? line : `  ${line}`)));

function shortened(lines: readonly string[]): string[] {
  if (lines.length <= LINES_MAX) return [...lines];
  const head = Math.ceil((LINES_MAX - 1) / 2);
  const tail = LINES_MAX - 1 - head;
  return [...lines.slice(0, head), `.. ${lines.length - head - tail} more lines ..`, ...lines.slice(-tail)];
}
