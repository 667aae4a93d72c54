/**
 * The part of a page that a program writes, between two comments that no reader sees. What stands around it is written by hand and stays.
 */
const FROM = '<!-- generated: npm run docs -->';
const TO = '<!-- end -->';

/** The page with `lines` as its generated part; a page without one gets it in front of `before`, or at its end. */
export function withGenerated(page: string, lines: readonly string[], before: string | null = null): string {
  const part = [FROM, '', ...lines, '', TO].join('\n');
  const from = page.indexOf(FROM);
  if (from < 0) return inserted(page, part, before);
  const to = page.indexOf(TO, from);
  if (to < 0) throw new Error(`expected ${TO} after ${FROM}, got none`);
  if (page.includes(FROM, from + 1)) throw new Error(`expected one generated part, got two`);
  return `${page.slice(0, from)}${part}${page.slice(to + TO.length)}`;
}

/** What a person wrote. */
export function handWritten(page: string): string {
  const from = page.indexOf(FROM);
  return from < 0 ? page : `${page.slice(0, from)}${page.slice(page.indexOf(TO, from) + TO.length)}`;
}

function inserted(page: string, part: string, before: string | null): string {
  const at = before === null ? -1 : page.indexOf(before);
  return at < 0 ? `${page.trimEnd()}\n\n${part}\n` : `${page.slice(0, at)}${part}\n\n${page.slice(at)}`;
}
