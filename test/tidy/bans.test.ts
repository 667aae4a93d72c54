/**
 * Goal: hidden nondeterminism has one door, and the rules that keep it so hold in every file of src. Method: search the code of the tree;
 * each ban has a canary that trips it, and a use in an allowed room that does not.
 */
import { describe, expect, test } from 'vitest';
import { BANS, checkBans } from './bans.ts';
import { madeUp, readTree } from './tree.ts';

const CANARIES: readonly (readonly [name: string, text: string, allowedRoom: string | null])[] = [
  ['async-mutex', "import { Mutex } from 'async-mutex';", 'locks'],
  ['async-mutex', "export const load = () => import('async-mutex');", 'locks'],
  ['timer', 'setTimeout(tick, 10);', 'runtime'],
  ['timer', 'globalThis.setInterval(tick, 10);', 'runtime'],
  ['timer', 'const { setImmediate } = globalThis;', 'runtime'],
  ['timer module', "import { setTimeout as sleep } from 'node:timers/promises';", null],
  ['wall clock', 'export const t = Date.now();', 'runtime'],
  ['wall clock', 'export const t = new Date();', 'runtime'],
  ['wall clock', 'export const t = performance.now();', 'runtime'],
  ['wall clock', 'export const t = `${performance\n  .now()} ms`;', 'runtime'],
  ['wall clock', 'export const t = process.hrtime.bigint();', 'runtime'],
  ['randomness', 'export const r = Math.random();', 'runtime'],
  ['ambient task', 'const storage = new AsyncLocalStorage();', null],
  ['ambient task module', "import * as hooks from 'node:async_hooks';", null],
  ['runtime kind', 'if (controlled) skip();', 'locks'],
  ['runtime kind', 'if (options.controlled) skip();', 'cli'],
  ['runtime kind', 'if (machine.runtime.controlled) skip();', 'runtime'],
  ['console', "console.log('here');", 'cli'],
  ['default export', 'export default class Mutex {}', null],
  ['default export', 'export { Mutex as default };', null],
];

test('no file of src uses what is banned', () => {
  const tree = readTree('src', '.ts');
  expect(tree.size).toBeGreaterThanOrEqual(10);
  expect(checkBans(tree)).toEqual([]);
});

test('every ban has a canary', () => {
  expect([...new Set(CANARIES.map(([name]) => name))].sort()).toEqual([...new Set(BANS.map(({ name }) => name))].sort());
});

describe('canaries', () => {
  test.each(CANARIES)('%s: %s', (name, text, allowedRoom) => {
    expect(checkBans(madeUp({ 'src/kvm/bad.ts': text }))).not.toEqual([]);
    for (const problem of checkBans(madeUp({ 'src/kvm/bad.ts': text }))) expect(problem).toMatch(/^src\/kvm\/bad\.ts:\d+: /);
    expect(checkBans(madeUp({ 'src/kvm/bad.ts': text })).join('\n')).toContain(`${name}: found`);
    if (allowedRoom !== null) expect(checkBans(madeUp({ [`src/${allowedRoom}/good.ts`]: text }))).toEqual([]);
  });

  test('the command line may not ask which runtime it runs on', () => {
    expect(checkBans(madeUp({ 'src/cli/stress.ts': 'if (runtime.controlled) skip();' }))).toHaveLength(1);
  });

  test('comments and strings may name what is banned', () => {
    const text = '/** Not Date.now. */\nexport const hint = "use now(), not Date.now() or setTimeout"; // Math.random is out\n';
    expect(checkBans(madeUp({ 'src/kvm/good.ts': text }))).toEqual([]);
  });
});
