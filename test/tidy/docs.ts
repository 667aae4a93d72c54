/**
 * Checks that what the documents say can be done can be done: titles, commands, scripts, links.
 */
import { posix } from 'node:path';

/** Lines outside of ``` fences. */
function prose(text: string): string[] {
  let fenced = false;
  return text.split('\n').filter((line) => {
    const fence = line.trimStart().startsWith('```');
    if (fence) fenced = !fenced;
    return !fence && !fenced;
  });
}

export function titles(text: string): string[] {
  return prose(text).filter((line) => /^#\s/.test(line));
}

/** The first word after each `npx apemu`, if it is a command and not an option or a placeholder in capitals. */
export function commandsNamed(text: string): string[] {
  return [...new Set([...text.matchAll(/\bnpx apemu ([a-z][a-z0-9-]*)/g)].map((match) => match[1] ?? ''))];
}

/** What `npm run X`, `npm test` and the like ask package.json for. */
export function scriptsNamed(text: string): string[] {
  const run = [...text.matchAll(/\bnpm (?:run|run-script)(?: -\S+)* ([\w:.-]*\w)/g)].map((match) => match[1] ?? '');
  const short = [...text.matchAll(/\bnpm (?:--silent )?(test|start)\b/g)].map((match) => match[1] ?? '');
  return [...new Set([...run, ...short])];
}

/** Relative link targets of a document, as paths from the root. */
export function linksOf(file: string, text: string): string[] {
  return prose(text)
    .flatMap((line) => [...line.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? ''))
    .filter((link) => !/^(?:[a-z]+:|#)/.test(link))
    .map((link) => posix.normalize(posix.join(posix.dirname(file), link.replace(/#.*$/, ''))));
}

/** Does this help text list that command, at the start of a line or after the program's name? */
export function helpLists(help: string, command: string): boolean {
  return help.split('\n').some((line) => new RegExp(`^\\s+(?:apemu\\s+)?${command}(?:\\s|$)`).test(line));
}
