/**
 * Goal: a design is found by its name or by the path of its file, in YAML and in TypeScript, and what is no design is refused with a place.
 * Method: files in a folder made for the test; what was loaded then runs a scenario.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { designOf, isDesignFile, loadDesign, readDesignFile } from '../../../src/scenario/design-file.ts';
import { designByName } from '../../../src/vfio-ap/locking/designs.ts';
import { ROOT } from '../../tidy/tree.ts';
import { SCENARIOS } from '../../designs/scenarios.ts';
import { walk } from '../../designs/walk.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'apemu-designs-'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, ...lines: readonly string[]): string {
  writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
  return `./${name}`;
}

async function problem(path: string): Promise<string> {
  const { problems, design } = await readDesignFile(path, folder);
  expect(design).toBe(null);
  return problems[0]!.message.replace(`${folder}/`, '');
}

describe('by name', () => {
  test('a built-in design is its own key', async () => {
    expect(await loadDesign('kvm-busy', folder)).toMatchObject({ key: 'kvm-busy', file: null, make: designByName('kvm-busy') });
    expect(designOf('kvm-busy')).toBe(designByName('kvm-busy'));
  });

  test('a name that there is not is refused with the one that was meant', async () => {
    await expect(loadDesign('kvm-buzy', folder)).rejects.toThrow(
      /^expected a locking design \(unlocked-masks, .*\) or a file .*, got "kvm-buzy"; did you mean "kvm-busy"\?$/,
    );
    expect(designOf('kvm-buzy')).toBe(undefined);
  });

  test('a file is told from a name by its slash or its ending', () => {
    expect(['./a.yaml', 'a.yaml', 'b/a.ts', 'a.mts', 'kvm-busy'].map(isDesignFile)).toEqual([true, true, true, true, false]);
  });
});

describe('a design in YAML', () => {
  test('is found from the folder given, and afterwards by its key', async () => {
    const design = await loadDesign(file('mine.yaml', 'design: mine', 'base: guests-lock'), folder);
    expect(design).toMatchObject({ key: join(folder, 'mine.yaml'), name: 'mine', file: join(folder, 'mine.yaml') });
    expect(designOf(design.key)).toBe(design.make);
    expect((await walk(design.make, SCENARIOS.attach, 1)).findings).toEqual([]);
  });

  test('has its base looked for beside it', async () => {
    file('below.yaml', 'design: below', 'base: global-mutex', 'hotPlug: true');
    expect((await loadDesign(file('above.yaml', 'design: above', 'base: ./below.yaml'), folder)).order).toHaveLength(2);
    file('round.yaml', 'design: round', 'base: ./trip.yaml');
    expect(await problem(file('trip.yaml', 'design: trip', 'base: ./round.yaml'))).toBe(
      'round.yaml:2:7: base: expected a base that is not based on this file, got ./trip.yaml',
    );
  });

  test('that is not right is refused with its first problem', async () => {
    const path = file('wrong.yaml', 'design: wrong', 'base: global-mutex', 'attach: [{ unlock: matrix_dev->lock }]');
    await expect(loadDesign(path, folder)).rejects.toThrow(/wrong\.yaml:3:20: attach\[0\]\.unlock: expected matrix_dev->lock to be held/);
  });

  test('that cannot be read is refused', async () => {
    expect(await problem('./nowhere.yaml')).toBe(
      'nowhere.yaml:1:1: (document): expected a readable design file, got ENOENT: no such file or directory',
    );
  });
});

describe('a design in TypeScript', () => {
  const types = `import type { DesignApi, DesignContext, DesignFactory } from 'apemu';`;

  test('extends a built-in one and runs', async () => {
    const path = file(
      'mine.ts',
      types,
      'export default (api: DesignApi): DesignFactory => {',
      '  class Mine extends api.designs.GlobalMutex {',
      `    override readonly name: string = 'mine-in-typescript';`,
      '  }',
      '  return (context: DesignContext) => new Mine(context);',
      '};',
    );
    const design = await loadDesign(path, folder);
    expect(design).toMatchObject({ key: join(folder, 'mine.ts'), name: 'mine-in-typescript', edges: null });
    expect(design.order).toEqual([
      ['ap_attr_mutex', 'matrix_dev->lock', 'kvm->lock'],
      ['vcpu->mutex', 'matrix_dev->lock'],
    ]);
    for (const seed of [1, 2, 3]) {
      const [mine, builtIn] = [await walk(design.make, SCENARIOS.detach, seed), await walk('global-mutex', SCENARIOS.detach, seed)];
      expect(mine.outcome).toBe(builtIn.outcome);
      expect(mine.findings.map(({ title }) => title)).toEqual(builtIn.findings.map(({ title }) => title));
    }
  });

  test('that is documented can be loaded', async () => {
    expect((await loadDesign(join(ROOT, 'docs/designs/short-guests-lock.mts'), folder)).name).toBe('short-guests-lock');
  });

  test.each([
    [
      'a syntax error',
      ['const a = 1;', 'export default (api =>', '  ;'],
      /^bad\.ts:3:2: \(document\): expected a module that can be loaded, got Unexpected ";"$/,
    ],
    [
      'an error while it is loaded',
      ['', 'throw new Error("no luck");'],
      /^bad\.ts:\d+:\d+: \(document\): expected a module that can be loaded, got no luck$/,
    ],
    [
      'nothing exported by default',
      ['export const a = 1;'],
      /^bad\.ts:1:1: \(document\): expected export default defineDesign\(.*, got (?:object|undefined) as default export$/,
    ],
    ['no factory', ['export default () => 7;'], /^bad\.ts:1:1: .*, got number from the function of the default export$/],
    [
      'missing parts',
      ['export default () => () => ({ name: "bad", order: [], attach() {} });'],
      /^bad\.ts:1:1: \(document\): expected a design with adoptHost, adoptKvm, adoptMdev, adoptQueue, detach, .*, got a design without$/,
    ],
    [
      'a constructor that fails',
      [types, 'export default (api: DesignApi) => (context: DesignContext) => {', '  throw new Error("not today");', '};'],
      /^bad\.ts:\d+:\d+: \(document\): expected a design that a host can be built with, got not today$/,
    ],
  ])('with %s is refused with its place', async (_name, lines, expected) => {
    expect(await problem(file('bad.ts', ...lines))).toMatch(expected);
  });
});
