/**
 * Reads TypeScript text just well enough for the tidy tests: which characters are code, which are comment, which are inside a string.
 * TypeScript 7 offers no compiler API to ask, and a plain text search would take a word in an error message for a call.
 */

/** Two views of one file, each as long as the file, so that an offset means the same place in all of them. */
export interface SourceText {
  readonly text: string;
  /** Comments and the contents of strings, templates and regular expressions are blank; quotes stay. */
  readonly code: string;
  /** Only the contents of comments are left. */
  readonly comments: string;
}

/** After one of these a slash starts a regular expression; after a name, a number or a closing bracket it divides. */
const BEFORE_REGEX = /(?:[=(,[!&|?:;{}+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|yield|await|throw|new|delete))\s*$/;

class Scanner {
  private readonly text: string;
  private readonly code: string[];
  private readonly comments: string[];
  /** Depth of braces inside each open `${`. */
  private readonly templates: number[] = [];
  private at = 0;
  private lastCode = '';

  constructor(text: string) {
    this.text = text;
    const blank = [...Array(text.length).keys()].map((i) => (text.charAt(i) === '\n' ? '\n' : ' '));
    this.code = [...blank];
    this.comments = [...blank];
  }

  run(): SourceText {
    while (this.at < this.text.length) this.step();
    return { text: this.text, code: this.code.join(''), comments: this.comments.join('') };
  }

  private step(): void {
    const char = this.text.charAt(this.at);
    const next = this.text.charAt(this.at + 1);
    if (char === '/' && next === '/') this.comment('\n', 0);
    else if (char === '/' && next === '*') this.comment('*/', 2);
    else if (char === '"' || char === "'") this.quoted(char);
    else if (char === '`') this.template();
    else if (char === '/' && (this.lastCode.trim() === '' || BEFORE_REGEX.test(this.lastCode))) this.regex();
    else if (char === '}' && this.templates.at(-1) === 0) {
      this.templates.pop();
      this.template();
    } else {
      const open = this.templates.length - 1;
      if (open >= 0 && (char === '{' || char === '}')) this.templates[open] = (this.templates[open] ?? 0) + (char === '{' ? 1 : -1);
      this.keep(this.code);
    }
  }

  private keep(view: string[]): void {
    const char = this.text.charAt(this.at);
    view[this.at] = char;
    if (view === this.code) this.lastCode = (this.lastCode + char).slice(-12);
    this.at++;
  }

  private comment(end: string, extra: number): void {
    const found = this.text.indexOf(end, this.at + 2);
    const stop = found < 0 ? this.text.length : found + extra;
    while (this.at < stop) this.keep(this.comments);
  }

  private quoted(quote: string): void {
    this.keep(this.code);
    while (this.at < this.text.length && this.text.charAt(this.at) !== quote && this.text.charAt(this.at) !== '\n') {
      this.at += this.text.charAt(this.at) === '\\' ? 2 : 1;
    }
    if (this.at < this.text.length) this.keep(this.code);
  }

  /** From a backtick or from the brace that closes `${`, up to the next `${` or the closing backtick. */
  private template(): void {
    this.keep(this.code);
    while (this.at < this.text.length) {
      const char = this.text.charAt(this.at);
      if (char === '`') return this.keep(this.code);
      if (char === '$' && this.text.charAt(this.at + 1) === '{') {
        this.keep(this.code);
        this.keep(this.code);
        this.templates.push(0);
        return;
      }
      this.at += char === '\\' ? 2 : 1;
    }
  }

  private regex(): void {
    this.keep(this.code);
    let inClass = false;
    while (this.at < this.text.length) {
      const char = this.text.charAt(this.at);
      if (char === '\n' || (char === '/' && !inClass)) break;
      if (char === '[') inClass = true;
      else if (char === ']') inClass = false;
      this.at += char === '\\' ? 2 : 1;
    }
    if (this.at < this.text.length) this.keep(this.code);
  }
}

export function readSource(text: string): SourceText {
  return new Scanner(text).run();
}

/** 1-based line of an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let i = text.indexOf('\n'); i >= 0 && i < offset; i = text.indexOf('\n', i + 1)) line++;
  return line;
}

export interface ImportSite {
  /** The specifier as written; null for an `import()` whose argument is computed. */
  readonly specifier: string | null;
  readonly line: number;
  /** `new URL('./x.ts', import.meta.url)`: how a worker's file is named. */
  readonly url: boolean;
}

const STATIC_IMPORT = /\b(?:import|export)\b[^;'"`()=]*?\bfrom\s*(?=['"])|\bimport\s*(?=['"])/g;
const DYNAMIC_IMPORT = /\bimport\s*\(\s*/g;
const URL_IMPORT = /\bnew\s+URL\(\s*(?=['"][^'"]*['"]\s*,\s*import\.meta\.url)/g;

/** Every import, re-export, `import()` (types included) and worker URL of a file. */
export function importsOf(source: SourceText): ImportSite[] {
  const sites: ImportSite[] = [];
  const collect = (pattern: RegExp, url: boolean): void => {
    for (const match of source.code.matchAll(pattern)) {
      const start = match.index + match[0].length;
      const quote = source.code.charAt(start);
      const literal = quote === "'" || quote === '"';
      const end = source.code.indexOf(quote, start + 1);
      sites.push({ specifier: literal ? source.text.slice(start + 1, end) : null, line: lineAt(source.text, match.index), url });
    }
  };
  collect(STATIC_IMPORT, false);
  collect(DYNAMIC_IMPORT, false);
  collect(URL_IMPORT, true);
  return sites;
}
