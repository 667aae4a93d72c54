/**
 * Goal: `apemu design check` says of a good design in which order it takes locks and ends with 0; of a bad one everything that is wrong,
 * and ends with 2. Method: the command line in this process, on the documented designs and on a file made for the test.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { ROOT } from '../tidy/tree.ts';
import { fakeTerminal } from './fake-terminal.ts';

const KVM_BUSY = join(ROOT, 'docs/designs/kvm-busy.yaml');
let folder = '';
let wrong = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'apemu-design-'));
  wrong = join(folder, 'wrong.yaml');
  writeFileSync(wrong, 'design: wrong\nbase: guests-lock\nattach: [{ lock: mdevs_lok }]\ndetach: [{ unlock: mdevs_lock }]\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function check(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = fakeTerminal();
  const code = await main(['design', ...args], terminal);
  return { code, out: terminal.stdout.text, err: terminal.stderr.text };
}

describe('apemu design check', () => {
  test('tells the lock order that a good design declares', async () => {
    const { code, out, err } = await check('check', KVM_BUSY);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n')).toEqual([
      `${KVM_BUSY}: ok: my-kvm-busy, lock order declared:`,
      '  ap_attr_mutex -> matrix_dev->lock',
      '  kvm_busy -> kvm->lock',
      '  kvm_busy -> matrix_dev->lock',
      '  vcpu->mutex -> matrix_dev->lock',
      '  vcpu->mutex -> kvm_busy',
      '',
    ]);
  });

  test('tells what the steps take besides, and what they take against the order declared', async () => {
    const besides = join(folder, 'besides.yaml');
    writeFileSync(besides, 'design: besides\nbase: global-mutex\norder: [[kvm->lock, matrix_dev->lock]]\n');
    expect((await check('check', besides)).out.split('\n').slice(2)).toEqual([
      'its steps take besides:',
      '  ap_attr_mutex -> matrix_dev->lock',
      '  matrix_dev->lock -> kvm->lock, against the order declared',
      '  vcpu->mutex -> matrix_dev->lock',
      '',
    ]);
  });

  test('tells every problem of a bad one with its place', async () => {
    const { code, out, err } = await check('check', wrong);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    const [first, second, last, end] = err.split('\n');
    expect(first).toMatch(
      /wrong\.yaml:3:18: attach\[0\]\.lock: expected a lock that is declared .*, got mdevs_lok; did you mean "mdevs_lock"\?$/,
    );
    expect(second).toMatch(
      /wrong\.yaml:4:20: detach\[0\]\.unlock: expected mdevs_lock to be held on every way to here, got a way without it$/,
    );
    expect([last, end]).toEqual([`${wrong}: 2 problems`, '']);
  });

  test('has both as JSON', async () => {
    const good = JSON.parse((await check('check', KVM_BUSY, '--json')).out) as { takes: string[][] };
    expect(good).toMatchObject({ ok: true, name: 'my-kvm-busy', problems: [] });
    expect(good.takes).toContainEqual(['kvm_busy', 'kvm->lock']);
    const bad = await check('check', wrong, '--json');
    expect(bad.code).toBe(2);
    expect(JSON.parse(bad.out)).toMatchObject({
      ok: false,
      problems: [
        { line: 3, column: 18, path: 'attach[0].lock' },
        { line: 4, column: 20 },
      ],
    });
  });

  test.each([
    [[], 'apemu design: expected check FILE, got nothing\n'],
    [['chekc', 'a.yaml'], 'apemu design: expected check, got "chekc"; did you mean "check"?\n'],
    [['check'], 'apemu design check: expected a file with a locking design, got nothing\n'],
  ])('refuses %j', async (args, told) => {
    expect(await check(...args)).toEqual({ code: 2, out: '', err: told });
  });
});
