/**
 * The unmodified mdevctl on the emulated /sys: the life of a device, from its definition to its end, and what it says when something is in
 * the way.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeReal, mounts, program, root } from '../helpers/real-tools.ts';
import { RealShell } from '../helpers/real-shell.ts';
import { ROOT } from '../tidy/tree.ts';

const U = '783e6dbb-ea0e-411f-94e2-717eaad438bf';
const V = '11111111-1111-4111-8111-111111111111';
const TYPE = 'vfio_ap-passthrough';
const MATRIX = '/sys/devices/vfio_ap/matrix';
const DEFINED = `/etc/mdevctl.d/matrix/${U}`;

describeReal('mdevctl', [root, mounts, program('mdevctl')], () => {
  let shell: RealShell;
  beforeAll(async () => {
    shell = await RealShell.start([join(ROOT, 'test/fixtures/real/two-cards.yaml')]);
  });
  afterAll(async () => {
    // The command has ended with 0: what was found would make it 1.
    expect(await shell.end()).toMatchObject({ status: 0, left: [] });
  });

  const refused = async (command: string, ...words: string[]): Promise<void> => {
    const { status, err } = await shell.run(command);
    expect({ command, status }).toEqual({ command, status: 1 });
    for (const word of words) expect(err).toContain(word);
  };
  /** Its lines; an empty one is at the end of a list that is not empty. */
  const list = async (args = ''): Promise<string[]> => (await shell.good(`mdevctl list ${args}`)).split('\n').filter((line) => line !== '');
  const json = (attrs: readonly Record<string, string>[], start = 'manual'): string => {
    const file = join(shell.folder, 'device.json');
    writeFileSync(file, JSON.stringify({ mdev_type: TYPE, start, attrs }));
    return file;
  };

  test('types: one type, and how many devices of it there can be', async () => {
    expect(await shell.good('mdevctl types')).toBe(
      `matrix\n  ${TYPE}\n    Available instances: 65536\n    Device API: vfio-ap\n    Name: VFIO AP Passthrough Device\n\n`,
    );
  });

  test('define, modify, list: only files of its own change', async () => {
    await shell.good(`mdevctl define -u ${U} -p matrix -t ${TYPE}`);
    await shell.good(`mdevctl modify -u ${U} --addattr assign_adapter --value 5`);
    await shell.good(`mdevctl modify -u ${U} --addattr assign_domain --value 0xab`);
    await shell.good(`mdevctl modify -u ${U} --addattr assign_domain --value 4 --index 1`);
    const attrs = [{ assign_adapter: '5' }, { assign_domain: '4' }, { assign_domain: '0xab' }];
    expect(JSON.parse(await shell.good(`cat ${DEFINED}`))).toEqual({ mdev_type: TYPE, start: 'manual', attrs });
    expect(await list('-d')).toEqual([`${U} matrix ${TYPE} manual`]);
    expect(JSON.parse(await shell.good('mdevctl list -d --dumpjson'))).toEqual([
      { matrix: [{ [U]: { mdev_type: TYPE, start: 'manual', attrs } }] },
    ]);
    expect(await shell.good('ls /sys/bus/mdev/devices')).toBe('');
  });

  test('start writes the attributes in their order, stop takes the device away', async () => {
    await shell.good(`mdevctl start -u ${U}`);
    expect(await list()).toEqual([`${U} matrix ${TYPE} manual (defined)`]);
    expect(await shell.good(`cat ${MATRIX}/${U}/matrix`)).toBe('05.0004\n05.00ab\n');
    expect(await shell.good(`cat ${MATRIX}/mdev_supported_types/${TYPE}/available_instances`)).toBe('65535\n');
    await refused(`mdevctl start -u ${U}`, 'Device already exists');
    expect(
      await shell.good(`mdevctl stop -u ${U} && ls /sys/bus/mdev/devices ${MATRIX}/mdev_supported_types/${TYPE}/devices`),
    ).not.toContain(U);
    expect(await list()).toEqual([]);
  });

  test('a type that does not exist, and a parent that does not', async () => {
    await refused(`mdevctl start -u ${V} -p matrix -t vfio_ap-nonsense`, 'Parent matrix does not support mdev type vfio_ap-nonsense');
    await refused(`mdevctl start -u ${V} -p mitrax -t ${TYPE}`, 'mitrax');
  });

  test('an active device that was started without a definition can be defined from what it is', async () => {
    await shell.good(`mdevctl start -u ${V} -p matrix -t ${TYPE}`);
    expect(await list()).toEqual([`${V} matrix ${TYPE} manual`]);
    await shell.good(`mdevctl define -u ${V}`);
    expect(await list()).toEqual([`${V} matrix ${TYPE} manual (defined)`]);
    await shell.good(`mdevctl stop -u ${V} && mdevctl undefine -u ${V}`);
    expect(await list('-d')).toEqual([`${U} matrix ${TYPE} manual`]);
  });

  test('a domain that another device has: EADDRINUSE, and the device is gone again', async () => {
    await shell.good(`mdevctl start -u ${U}`);
    const file = json([{ assign_adapter: '5' }, { assign_domain: '0xab' }]);
    await refused(
      `mdevctl start -u ${V} -p matrix --jsonfile ${file}`,
      'Failed to write 0xab to attribute assign_domain',
      'Address already in use (os error 98)',
    );
    expect(await shell.good('ls /sys/bus/mdev/devices')).toBe(`${U}\n`);
  });

  test('a queue that is in use cannot be taken back for the host: EBUSY', async () => {
    // Not every shell says which error it was.
    await refused("LC_ALL=C bash -c 'echo +5 >/sys/bus/ap/apmask'", 'Device or resource busy');
    await shell.good(`mdevctl stop -u ${U}`);
  });

  test('a card of the host: EADDRNOTAVAIL, and the device is gone again', async () => {
    await shell.good('echo +5 >/sys/bus/ap/apmask');
    await refused(`mdevctl start -u ${U}`, 'Failed to write 4 to attribute assign_domain', 'Cannot assign requested address (os error 99)');
    expect(await shell.good('ls /sys/bus/mdev/devices; echo -5 >/sys/bus/ap/apmask')).toBe('');
  });

  test('an adapter that does not exist, and a number that is none', async () => {
    await refused(`mdevctl start -u ${V} -p matrix --jsonfile ${json([{ assign_adapter: '0x100' }])}`, 'No such device (os error 19)');
    await refused(`mdevctl start -u ${V} -p matrix --jsonfile ${json([{ assign_adapter: 'five' }])}`, 'Invalid argument (os error 22)');
    await refused(`mdevctl start -u ${V} -p matrix --jsonfile ${json([{ matrix: '1' }])}`, 'Permission denied (os error 13)');
    expect(await shell.good('ls /sys/bus/mdev/devices')).toBe('');
  });

  test('start-parent-mdevs starts those that are to start on their own', async () => {
    await shell.good(`mdevctl define -u ${V} -p matrix --jsonfile ${json([{ assign_adapter: '6' }, { assign_domain: '0x47' }], 'auto')}`);
    await shell.good('mdevctl start-parent-mdevs matrix');
    expect(await list()).toEqual([`${V} matrix ${TYPE} auto (defined)`]);
    expect(await shell.good(`cat ${MATRIX}/${V}/matrix`)).toBe('06.0047\n');
    await shell.good(`mdevctl stop -u ${V} && mdevctl undefine -u ${V}`);
  });

  test('callouts: asked before, told afterwards, and one that refuses prevents it', async () => {
    const callout = '/etc/mdevctl.d/scripts.d/callouts/test';
    const [told, refusal] = [join(shell.folder, 'told'), join(shell.folder, 'refuse')];
    // mdevctl does not mind a callout that ends without having read what it is told.
    const script = `#!/bin/sh\ncat >/dev/null\necho "$*" >>${told}\n[ "$4" != pre ] || [ ! -e ${refusal} ] || { echo 'not now' >&2; exit 1; }\n`;
    writeFileSync(join(shell.folder, 'callout'), script, { mode: 0o755 });
    await shell.good(`cp ${shell.folder}/callout ${callout} && touch ${refusal}`);
    await refused(`mdevctl start -u ${U}`, 'not now');
    expect(await shell.good('ls /sys/bus/mdev/devices')).toBe('');
    await shell.good(`rm ${refusal} && mdevctl start -u ${U} && touch ${refusal}`);
    await refused(`mdevctl stop -u ${U}`, 'not now');
    expect(await shell.good('ls /sys/bus/mdev/devices')).toBe(`${U}\n`);
    expect(await shell.good(`rm ${refusal} && mdevctl stop -u ${U} && rm ${callout} && ls /sys/bus/mdev/devices`)).toBe('');
    const what = (event: string, action: string, state: string): string =>
      `-t ${TYPE} -e ${event} -a ${action} -s ${state} -u ${U} -p matrix`;
    expect(readFileSync(told, 'utf8').trimEnd().split('\n')).toEqual([
      what('pre', 'start', 'none'),
      what('pre', 'start', 'none'),
      what('post', 'start', 'success'),
      what('pre', 'stop', 'none'),
      what('pre', 'stop', 'none'),
      what('post', 'stop', 'success'),
    ]);
  });

  test('undefine: nothing is left of it', async () => {
    await shell.good(`mdevctl undefine -u ${U}`);
    expect([await list(), await list('-d'), await shell.good('ls /etc/mdevctl.d/matrix')]).toEqual([[], [], '']);
  });
});
