/**
 * Goal: every design tells an interception without a hook, which KVM answers itself, from one whose hook finds no queue.
 * Method: one AQIC of a guest without a device, one of an APQN that its device has not, with the register layout that makes them differ.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadDesign } from '../../src/scenario/design-file.ts';
import { designByName, designNames } from '../../src/vfio-ap/locking/designs.ts';
import type { DesignFactory } from '../../src/vfio-ap/locking/port.ts';
import { M1, onHost } from '../helpers/host.ts';
import { ROOT } from '../tidy/tree.ts';

/** In guests-rwsem the driver has a hook in every VM; queue-lock asks the masks; with user-space-pqap QEMU writes the registers. */
const ALWAYS_ASK = ['guests-rwsem', 'queue-lock', 'user-space-pqap'];
/** IR off, ISC 5. */
const GIVEN = { gr0: 0x03000504n, gr1: 5n, gr2: 0n };

async function ends(design: DesignFactory): Promise<bigint[]> {
  const found: bigint[] = [];
  await onHost('controlled', { design, quirks: ['Q13'], findings: true, watch: false }, async (host, task) => {
    await host.create(task, M1, { adapters: [5], domains: [4] });
    found.push((await host.cpu('guest1').pqap(task, GIVEN)).gr1);
    await host.attach(task, 'guest1', M1);
    found.push((await host.cpu('guest1').pqap(task, { ...GIVEN, gr0: 0x03000604n })).gr1);
    await host.detach(task, 'guest1');
    found.push((await host.cpu('guest1').pqap(task, GIVEN)).gr1);
  });
  return found;
}

const SEEN = 0x0001_0000n;
const UNSEEN = 0x0001_0000_0000_0005n;
const expected = (name: string): bigint[] => (ALWAYS_ASK.includes(name) ? [SEEN, SEEN, SEEN] : [UNSEEN, SEEN, UNSEEN]);

test.each(designNames())('%s', async (name) => {
  expect(await ends(designByName(name)!)).toEqual(expected(name));
});

describe.each(['test/fixtures/designs', 'docs/designs'])('%s', (folder) => {
  const files = readdirSync(join(ROOT, folder));
  test.each(files)('%s', async (file) => {
    const { make, name } = await loadDesign(join(ROOT, folder, file), ROOT);
    expect(await ends(make)).toEqual(expected(name));
  });
});
