/**
 * Goal: a room of src imports only what the table allows, and no two files need each other. Method: read every import of every file,
 * compare with the table; canaries show that each kind of violation is found.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkLayers, findCycles } from './layers.ts';
import { ROOMS } from './rooms.ts';
import { madeUp, readTree, ROOT } from './tree.ts';

const DEPENDENCIES = ['eventemitter3', 'async-mutex'];

/** The problems of a made-up tree in which `path` has this text and every usual target exists. */
function problemsOf(path: string, text: string): string[] {
  const others = {
    'src/base/errno.ts': '',
    'src/runtime/task.ts': '',
    'src/locks/mutex.ts': '',
    'src/kvm/kvm.ts': '',
    'src/crypto-adapters/card.ts': '',
    'src/crypto-adapters/ap-status.ts': '',
    'src/crypto-adapters/messages/cca.ts': '',
    'src/cli/main.ts': '',
    'src/index.ts': '',
  };
  return checkLayers(madeUp({ ...others, [path]: text }), DEPENDENCIES).problems;
}

describe('the source tree', () => {
  const manifest: unknown = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const dependencies = Object.keys((manifest as { dependencies: Record<string, string> }).dependencies);
  const report = checkLayers(readTree('src', '.ts'), dependencies);

  test('has imports only where the table of rooms allows them, and no cycle of files', () => {
    expect(report.problems).toEqual([]);
  });

  test('was really read', () => {
    expect(report.filesSeen).toBeGreaterThanOrEqual(10);
    expect(report.importsSeen).toBeGreaterThanOrEqual(10);
  });
});

describe('the table of rooms', () => {
  test('names each room once and only rooms that exist', () => {
    const names = ROOMS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const room of ROOMS) expect(names).toEqual(expect.arrayContaining([...room.mayImport]));
  });

  test('is acyclic', () => {
    const graph = new Map(ROOMS.map(({ name, mayImport }) => [name, mayImport.filter((other) => other !== name)]));
    expect(findCycles(graph)).toEqual([]);
  });

  test('lets nobody but the command line import the reports, and a guest no room of its host', () => {
    expect(ROOMS.filter(({ mayImport }) => mayImport.includes('report')).map(({ name }) => name)).toEqual(['cli']);
    const guest = ROOMS.find(({ name }) => name === 'guest');
    for (const host of ['kvm', 'vfio', 'vfio-ap', 'ap-bus', 'vmm', 'crypto-adapters']) expect(guest?.mayImport).not.toContain(host);
  });
});

describe('canaries: the checker finds', () => {
  const upward = "'../kvm/kvm.ts'";
  test.each([
    ['an import', `import { Kvm } from ${upward};`],
    ['a type-only import', `import type { Kvm } from ${upward};`],
    ['an import over several lines', `import {\n  Kvm, // the guest\n  type Vcpu,\n} from ${upward};`],
    ['a side-effect import', `import ${upward};`],
    ['a re-export', `export * from ${upward};`],
    ['a type-only re-export', `export type { Kvm } from ${upward};`],
    ['a dynamic import', `export const load = () => import(${upward});`],
    ['an inline type import', `export let kvm: import(${upward}).Kvm;`],
    ['a worker', `export const url = new URL('../kvm/kvm.js', import.meta.url);`],
    ['an import after a template', `export const t = \`\${\`a\${1}\`}\`;\nimport { Kvm } from ${upward};`],
  ])('%s that points upwards', (_name, text) => {
    expect(problemsOf('src/base/bad.ts', text)).toEqual([expect.stringContaining('expected base to import only from []')]);
  });

  test.each([
    ['guest', 'card.ts', 1],
    ['ap-driver', 'card.ts', 1],
    ['guest', 'ap-status.ts', 0],
    ['ap-driver', 'messages/cca.ts', 0],
  ])('%s importing crypto-adapters/%s: %i problems', (room, file, count) => {
    expect(problemsOf(`src/${room}/new.ts`, `import type { X } from '../crypto-adapters/${file}';`)).toHaveLength(count);
  });

  test('a cycle made of type-only imports', () => {
    const problems = checkLayers(
      madeUp({
        'src/base/a.ts': "import type { B } from './b.ts';",
        'src/base/b.ts': "import type { C } from './c.ts';",
        'src/base/c.ts': "export type { A } from './a.ts';",
      }),
      [],
    ).problems;
    expect(problems).toEqual(['expected no cycle of files, found src/base/a.ts -> src/base/b.ts -> src/base/c.ts -> src/base/a.ts']);
  });

  test.each([
    ['an unknown room', 'src/attic/old.ts', 'export const x = 1;', 'src/attic is not'],
    ['a file beside index.ts', 'src/stray.ts', 'export const x = 1;', 'only index.ts directly in src'],
    ['a package that package.json does not list', 'src/base/bad.ts', "import { z } from 'left-pad';", "found 'left-pad'"],
    ['a builtin without node:', 'src/base/bad.ts', "import fs from 'fs';", "found 'fs'"],
    ['a computed import', 'src/kvm/bad.ts', 'export const load = (p: string) => import(p);', 'computed'],
    ['a file that does not exist', 'src/base/bad.ts', "import { x } from './gone.ts';", 'found none at src/base/gone.ts'],
    ['an import of the public index', 'src/cli/bad.ts', "import { x } from '../index.ts';", 'expected nobody to import src/index.ts'],
  ])('%s', (_name, path, text, expected) => {
    expect(problemsOf(path, text)).toEqual([expect.stringContaining(expected)]);
  });

  test.each([
    ['in a comment', `// import { Kvm } from ${upward};\n/* export * from ${upward}; */`],
    ['in a string', `export const text = "import { Kvm } from '../kvm/kvm.ts'";`],
    ['in a template', `export const text = \`import { Kvm } from ${upward}; \${1}\`;`],
    ['after a regular expression with a quote', `export const re = /['"]/g; // import ${upward}`],
  ])('nothing %s', (_name, text) => {
    expect(problemsOf('src/base/good.ts', text)).toEqual([]);
  });
});
