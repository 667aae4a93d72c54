/**
 * Checks the shape of one file: length, head comment, name, and comments that are sentences and not switched-off code.
 */
import { lineAt, readSource } from './source-text.ts';
import type { Tree } from './tree.ts';

export const FILE_LINES_MAX = 400;
export const FUNCTION_LINES_MAX = 70;

/** What a statement looks like and a sentence does not: such a comment line is code that somebody switched off. */
const STATEMENTS = [
  /^(?:const|let|var)\s+[\w{[][^=]*=.*[;{(,]$/,
  /^(?:import|export)\s.*(?:from\s+['"].*|[{;])$/,
  /^(?:if|for|while|switch|catch)\s*\(.*\)\s*(?:\{|.*;)$/,
  /^\}?\s*else\b.*[{;]$/,
  /^(?:return|throw|await)\s+(?:(?:new|await)\s+)?[^\s;(]+(?:\(.*\))?(?:\s+[-+*/&|?:<>=!]+\s+[^\s;]+)*;$/,
  /^[\w$.[\]!]+(?:\s*[-+*/|&]?=\s*[^=].*|\(.*\));$/,
];
const UNFINISHED = /\b(?:TODO|FIXME|XXX|HACK)\b(?!\s*\(#\d+\))/g;

/** Directives that would switch off a size rule, all rules at once, or the type checker. */
const EXEMPTIONS = /(?:oxlint|eslint)-disable(?:-next-line|-line)?(?:[^\S\n]*(?:\*\/|\n|$)|[^\n]*\bmax-)|@ts-(?:nocheck|ignore)\b/g;

/** Lines of comment text with their line number, without comment marks; examples in ``` fences are code on purpose. */
function commentLines(comments: string): { line: number; text: string }[] {
  const lines: { line: number; text: string }[] = [];
  let fenced = false;
  for (const [index, raw] of comments.split('\n').entries()) {
    const text = raw
      .trim()
      .replace(/^(?:\/\/+|\/\*+|\*+(?!\/))\s?/, '')
      .replace(/\s*\*\/$/, '')
      .trim();
    if (text.startsWith('```')) fenced = !fenced;
    else if (!fenced && text !== '') lines.push({ line: index + 1, text });
  }
  return lines;
}

function headProblem(text: string): string | null {
  const body = text.replace(/^#!.*\n/, '');
  if (!body.startsWith('/**')) return 'expected a head comment /** ... */ as the first thing, found something else';
  const words = body.slice(3, body.indexOf('*/')).match(/\w+/g) ?? [];
  return words.length >= 4 ? null : 'expected a head comment that says what the file is, found fewer than four words';
}

export function checkShape(file: string, text: string): string[] {
  const problems: string[] = [];
  const { comments } = readSource(text);
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  if (lines > FILE_LINES_MAX) problems.push(`${file}: expected at most ${FILE_LINES_MAX} lines, found ${lines}`);
  const head = headProblem(text);
  if (head !== null) problems.push(`${file}:1: ${head}`);
  const name = file.slice(file.lastIndexOf('/') + 1);
  if (!/^[a-z0-9]+(?:[-.][a-z0-9]+)*$/.test(name)) problems.push(`${file}: expected a file name in kebab-case`);
  for (const { line, text: comment } of commentLines(comments)) {
    if (STATEMENTS.some((statement) => statement.test(comment)))
      problems.push(`${file}:${line}: expected a sentence, found code in a comment`);
  }
  for (const match of comments.matchAll(UNFINISHED)) {
    problems.push(`${file}:${lineAt(text, match.index)}: expected ${match[0]} (#issue), found no issue number`);
  }
  for (const match of comments.matchAll(EXEMPTIONS)) {
    problems.push(`${file}:${lineAt(text, match.index)}: expected no exemption by comment, found ${match[0].trim()}`);
  }
  return problems;
}

export function checkShapes(tree: Tree): string[] {
  return [...tree].flatMap(([file, text]) => checkShape(file, text));
}
