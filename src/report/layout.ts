/**
 * Text that has to fit: cutting, wrapping, ranges of ids, times. Reports are plain ASCII of at most WIDTH columns. No kernel counterpart.
 */
export const WIDTH = 120;

/** Leaves out the middle: both the start and the end of a path say something. */
export function cutMiddle(text: string, width: number): string {
  if (text.length <= width) return text;
  if (width <= 4) return text.slice(0, Math.max(0, width));
  const tail = Math.floor((width - 2) * 0.6);
  return `${text.slice(0, width - 2 - tail)}..${text.slice(text.length - tail)}`;
}

/** Words joined by `separator` into lines of at most `width`; a word that is longer is cut. */
export function wrapWords(words: readonly string[], width: number, separator = ' '): string[] {
  // What is left of the separator at the end of a line has to fit as well.
  const ending = separator.trimEnd();
  const lines: string[] = [];
  let line = '';
  for (const [i, word] of words.entries()) {
    const room = i === words.length - 1 ? width : width - ending.length;
    const next = cutMiddle(word, room);
    if (i === 0) line = next;
    else if (line.length + separator.length + next.length <= room) line += separator + next;
    else {
      lines.push(`${line}${ending}`);
      line = next;
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

/** Running text between two margins. */
export function wrapText(text: string, indent: string, hanging = indent): string[] {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const lines = wrapWords(words, WIDTH - Math.max(indent.length, hanging.length));
  return lines.map((line, i) => `${i === 0 ? indent : hanging}${line}`);
}

export const hexId = (id: number): string => id.toString(16).padStart(2, '0');

/** `00-04,07`: sorted ids in hex, neighbours joined. */
export function hexRanges(ids: readonly number[]): string {
  const sorted = [...new Set(ids)].toSorted((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length; i++) {
    const first = sorted[i]!;
    while (sorted[i + 1] === sorted[i]! + 1) i++;
    const last = sorted[i]!;
    parts.push(first === last ? hexId(first) : `${hexId(first)}-${hexId(last)}`);
  }
  return parts.join(',');
}

/** `2.310 s`: times of the runtime's clock. A captured report may not know when. */
export const seconds = (ms: number): string => (Number.isNaN(ms) ? 'an unknown time' : `${(ms / 1000).toFixed(3)} s`);

/** `3 findings`, `1 finding`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** Milliseconds with as many digits as they deserve; `-` where there is no figure. */
export function millis(ms: number): string {
  if (!Number.isFinite(ms)) return '-';
  return ms.toFixed(ms >= 100 ? 0 : ms >= 10 ? 1 : 2);
}
