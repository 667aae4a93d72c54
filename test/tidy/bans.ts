/**
 * Words that must not stand in the code of src, each with the rooms where they may and what to use instead. A second net under the
 * linter: it also sees spellings that the linter's rules do not know, and it cannot be switched off by a comment.
 */
import { lineAt, readSource, importsOf } from './source-text.ts';
import { roomOf, type Tree } from './tree.ts';

export interface Ban {
  readonly name: string;
  /** Searched in the code (strings and comments blanked), or compared with import specifiers. */
  readonly code?: RegExp;
  readonly specifier?: RegExp;
  /** Rooms where it is allowed. */
  readonly except: readonly string[];
  readonly instead: string;
}

export const BANS: readonly Ban[] = [
  { name: 'async-mutex', specifier: /^async-mutex(\/|$)/, except: ['locks'], instead: 'a lock of src/locks' },
  {
    name: 'timer',
    code: /\b(?:setTimeout|setInterval|setImmediate)\b/g,
    except: ['runtime'],
    instead: 'sleep and timer of the Runtime port, or host-clock.ts',
  },
  { name: 'timer module', specifier: /^node:timers(\/|$)/, except: ['runtime'], instead: 'the Runtime port, or host-clock.ts' },
  {
    name: 'wall clock',
    code: /\bDate\s*\.\s*now\b|\bnew\s+Date\b|\bperformance\s*\.\s*(?:now|timeOrigin)\b|\bprocess\s*\.\s*hrtime\b/g,
    except: ['runtime'],
    instead: 'now() of the Runtime port, or host-clock.ts',
  },
  { name: 'randomness', code: /\bMath\s*\.\s*random\b/g, except: ['runtime'], instead: 'random of the Runtime port, or hostSeed' },
  { name: 'ambient task', code: /\bAsyncLocalStorage\b/g, except: [], instead: 'the task as a parameter' },
  { name: 'ambient task module', specifier: /^node:async_hooks$/, except: [], instead: 'the task as a parameter' },
  // `--controlled` is an option of the command line; which runtime it has built is still none of its business.
  {
    name: 'runtime kind',
    code: /\bif\s*\(\s*!?controlled\b|\.\s*controlled\b/g,
    except: ['runtime', 'locks', 'cli'],
    instead: 'the Runtime port',
  },
  { name: 'runtime kind', code: /\b(?:rt|runtime)\s*\.\s*controlled\b/g, except: ['runtime', 'locks'], instead: 'the Runtime port' },
  { name: 'console', code: /\bconsole\s*\./g, except: ['cli'], instead: 'the logger, the event log, or a result' },
  { name: 'default export', code: /\bexport\s+default\b|\bas\s+default\b/g, except: [], instead: 'a named export' },
];

export function checkBans(tree: Tree): string[] {
  const problems = new Set<string>();
  for (const [file, text] of tree) {
    const source = readSource(text);
    const found = (ban: Ban, line: number, what: string): void => {
      problems.add(`${file}:${line}: ${ban.name}: found '${what}', expected ${ban.instead}`);
    };
    for (const ban of BANS) {
      if (ban.except.includes(roomOf(file))) continue;
      if (ban.code !== undefined) for (const match of source.code.matchAll(ban.code)) found(ban, lineAt(text, match.index), match[0]);
      for (const { specifier, line } of importsOf(source))
        if (specifier !== null && ban.specifier?.test(specifier)) found(ban, line, specifier);
    }
  }
  return [...problems];
}
