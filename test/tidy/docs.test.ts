/**
 * Goal: the documents are short, findable and true. Method: read them and look up every command, script, room, link and version that
 * they name; canaries show that an invented one is noticed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandsNamed, helpLists, linksOf, scriptsNamed, titles } from './docs.ts';
import { readTree, ROOT } from './tree.ts';

interface Manifest {
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
const NAMING = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'] as const;

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

describe('the documents', () => {
  test('are there, the README in fewer than 120 lines', () => {
    for (const file of [...NAMING, 'CHANGELOG.md', 'LICENSE']) expect([file, existsSync(join(ROOT, file))]).toEqual([file, true]);
    expect(read('README.md').trimEnd().split('\n').length).toBeLessThan(120);
  });

  test('have exactly one title each', () => {
    const tree = readTree('', '.md');
    expect(tree.size).toBeGreaterThanOrEqual(5);
    expect([...tree].filter(([, text]) => titles(text).length !== 1).map(([file, text]) => [file, titles(text)])).toEqual([]);
  });

  test('link only to files that exist', () => {
    const links = [...readTree('', '.md')].flatMap(([file, text]) => linksOf(file, text).map((target) => ({ file, target })));
    expect(links.filter(({ target }) => !existsSync(join(ROOT, target)))).toEqual([]);
  });

  test('name only commands that the built command line lists in its help', () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [join(ROOT, 'bin/apemu.js'), '--help'], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const named = [...new Set(NAMING.flatMap((file) => commandsNamed(read(file))))];
    expect(named.length).toBeGreaterThanOrEqual(2);
    expect(named.filter((command) => !helpLists(stdout, command))).toEqual([]);
    expect(helpLists(stdout, 'frobnicate')).toBe(false);
  });

  test('name only scripts of package.json', () => {
    const named = [...new Set(NAMING.flatMap((file) => scriptsNamed(read(file))))];
    expect(named).toContain('test');
    expect(named.filter((script) => manifest.scripts[script] === undefined)).toEqual([]);
  });

  test('have a changelog entry for what is released or about to be', () => {
    const headings = read('CHANGELOG.md')
      .split('\n')
      .filter((line) => line.startsWith('## '));
    const expected = [/unreleased/i, new RegExp(`\\b${manifest.version.replaceAll('.', '\\.')}\\b`)];
    expect(headings.some((heading) => expected.some((pattern) => pattern.test(heading)))).toBe(true);
  });

  test('name every room of src in ARCHITECTURE.md', () => {
    const rooms = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const text = read('ARCHITECTURE.md');
    expect(rooms.length).toBeGreaterThanOrEqual(3);
    expect(rooms.map(({ name }) => name).filter((name) => !new RegExp(`\\bsrc/${name}(?![\\w-])`).test(text))).toEqual([]);
  });

  test('number every decision once, without a gap', () => {
    const numbers = readdirSync(join(ROOT, 'docs/decisions')).map((file) => file.slice(0, 5));
    expect(numbers.sort()).toEqual(numbers.map((_, index) => `${String(index + 1).padStart(4, '0')}-`));
  });
});

describe('the readers of documents', () => {
  const sample =
    '# One\n\n`npx apemu run`, then:\n\n```sh\n# not a title\nnpx apemu explore a.yaml\nnpm run -s bench\n```\n[x](docs/a.md#b) [y](https://a.example/)\n';

  test('see titles outside of code only', () => {
    expect(titles(sample)).toEqual(['# One']);
    expect(titles(`${sample}# Two\n`)).toHaveLength(2);
  });

  test('see commands, scripts and links', () => {
    expect(commandsNamed(`${sample}npx apemu --help, npx apemu COMMAND`)).toEqual(['run', 'explore']);
    expect(scriptsNamed(`${sample}npm test, npm start -- --json, npm run check:lint.`)).toEqual(['bench', 'check:lint', 'test', 'start']);
    expect(linksOf('docs/x.md', sample)).toEqual(['docs/docs/a.md']);
  });

  test('see a command in a help text, and only a whole word there', () => {
    const help = 'Usage: apemu COMMAND\n\n  run [SCENARIO]   the main job; see also stress\n  apemu guest FILE\n';
    expect(['run', 'guest', 'stress', 'ru', 'COMMAND'].map((word) => helpLists(help, word))).toEqual([true, true, false, false, false]);
  });
});
