/**
 * Lines of a kernel log without what the road to the reader put in front of them: mail quotes, syslog and journal heads, levels, time
 * stamps, caller ids (kernel: printk_sprint and print_prefix, kernel/printk/printk.c).
 */
export interface LogLine {
  readonly text: string;
  /** Milliseconds since boot; null when the line carries no stamp. */
  readonly time: number | null;
}

const STAMP = /^\[ *(\d+)\.(\d+)\] ?/;
const HEADS: readonly RegExp[] = [
  /^(?:> ?)+/,
  /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ (?:kernel: ?)?/,
  /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S* (?:\S+ )?kernel: ?/,
  /^kernel: ?/,
  /^<\d{1,2}>/,
  /^\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\] ?/,
  /^\[ *[TC]\d+\] ?/,
];
/** More heads than this in front of one line is no log. */
const HEADS_MAX = 8;

export function logLines(text: string): LogLine[] {
  return text.split(/\r?\n/).map(strip);
}

function strip(line: string): LogLine {
  let text = line;
  let time: number | null = null;
  for (let n = 0; n < HEADS_MAX; n++) {
    const stamp = STAMP.exec(text);
    if (stamp !== null) time ??= Number(`${stamp[1]}.${stamp[2]}`) * 1000;
    const head = stamp ?? HEADS.map((known) => known.exec(text)).find((match) => match !== null);
    if (head === undefined) break;
    text = text.slice(head[0].length);
  }
  return { text: text.trimEnd(), time };
}
