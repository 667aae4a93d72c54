/**
 * The unmodified lszcrypt and chzcrypt of the s390x package on the emulated /sys. It is version 2.16; where later ones print something else,
 * the test says so.
 */
import { copyFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findProgram, s390xProgram } from '../helpers/real-programs.ts';
import { describeReal, mounts, program, root, s390xTools } from '../helpers/real-tools.ts';
import { RealShell, type Answer } from '../helpers/real-shell.ts';
import { ROOT } from '../tidy/tree.ts';

/** QDEPTH is one more than the attribute and FUNCTIONS has nine letters; later versions show it as it is, and ten. */
const HEAD = [
  'CARD.DOMAIN TYPE  MODE        STATUS   REQUESTS  PENDING HWTYPE QDEPTH FUNCTIONS  DRIVER     ',
  '---------------------------------------------------------------------------------------------',
];
const CARD_03 = [
  '03          CEX8C CCA-Coproc  online          0        0     14     09 S--D--N--  cex4card   ',
  '03.0006     CEX8C CCA-Coproc  online          0        0     14     09 S--D--N--  cex4queue  ',
  '03.000d     CEX8C CCA-Coproc  online          0        0     14     09 S--D--N--  cex4queue  ',
];
const CARD_04 = '04          CEX8A Accelerator online          0        0     14     09 -MC-A-N--  cex4card   ';
const QUEUES_04 = [
  '04.0006     CEX8A Accelerator online          0        0     14     09 -MC-A-N--  cex4queue  ',
  '04.000d     CEX8A Accelerator online          0        0     14     09 -MC-A-N--  cex4queue  ',
];
const CARD_05 = [
  '05          CEX8P EP11-Coproc online          0        0     14     09 S----XN--  cex4card   ',
  '05.0006     CEX8P EP11-Coproc online          0        0     14     09 S----XN--  cex4queue  ',
  '05.000d     CEX8P EP11-Coproc online          0        0     14     09 S----XN--  cex4queue  ',
];

const lines = (...parts: (string | readonly string[])[]): string => `${parts.flat().join('\n')}\n`;

describeReal('s390-tools for s390x', [root, mounts, s390xTools], () => {
  let shell: RealShell;
  const tool = (name: string, args: string, tree = '/sys'): Promise<Answer> =>
    shell.run(`SYSFS_ROOT=${tree} exec ${s390xProgram(name)!.join(' ')} ${args}`);
  const good = async (name: string, args = ''): Promise<string> => {
    const answer = await tool(name, args);
    expect({ ...answer, out: '' }).toEqual({ status: 0, out: '', err: '' });
    return answer.out;
  };
  /** A tree that the emulator would not show: a copy, and what `change` does to it. */
  const copied = (change: (folder: string) => void): string => {
    const folder = join(shell.folder, 'changed');
    rmSync(folder, { recursive: true, force: true });
    cpSync(join(shell.folder, 'copy'), folder, { recursive: true, verbatimSymlinks: true });
    change(folder);
    return folder;
  };

  beforeAll(async () => {
    shell = await RealShell.start([join(ROOT, 'test/fixtures/real/three-cards.yaml')]);
    await shell.good('echo 6 >/sys/bus/ap/ap_domain');
    for (const part of ['bus/ap', 'devices/ap']) {
      mkdirSync(join(shell.folder, 'copy', part), { recursive: true });
      // Some files can only be written or have nothing to say, which is what cp ends with.
      await shell.run(`cp -r --no-dereference /sys/${part}/. ${shell.folder}/copy/${part}`);
    }
    // Others ask the cards, which count it.
    await shell.good('for count in /sys/devices/ap/card*/request_count /sys/devices/ap/card*/*/request_count; do echo 0 >$count; done');
  });
  afterAll(async () => {
    expect(await shell.end()).toMatchObject({ status: 0, left: [] });
  });

  test('bus-H1: lszcrypt -V prints its table byte for byte', async () => {
    expect(await good('lszcrypt', '-V')).toBe(lines(HEAD, CARD_03, CARD_04, QUEUES_04, CARD_05));
  });

  test('bus-H2: without bus/ap there is no driver, without cards there is nothing to list', async () => {
    const noBus = copied((folder) => rmSync(join(folder, 'bus/ap'), { recursive: true }));
    expect(await tool('lszcrypt', '', noBus)).toEqual({ status: 1, out: '', err: 'lszcrypt: Crypto device driver not available.\n' });
    const noCards = copied((folder) => {
      rmSync(join(folder, 'devices/ap'), { recursive: true });
      mkdirSync(join(folder, 'devices/ap'));
    });
    // Versions since March 2026 print the head and exit with 0.
    expect(await tool('lszcrypt', '', noCards)).toEqual({ status: 1, out: '', err: 'lszcrypt: No crypto card devices found.\n' });
  });

  test('bus-H3: a card without queues is an error, so lszcrypt never sees one while cards come and go', async () => {
    const bare = copied((folder) => {
      for (const queue of ['03.0006', '03.000d']) rmSync(join(folder, 'devices/ap/card03', queue), { recursive: true });
    });
    const { status, err } = await tool('lszcrypt', '-V', bare);
    expect(status).toBe(1);
    expect(err).toContain('no subdevices found');
    // Drivers come and go, and with them what queues show; the tool looks all the while.
    const out = await shell.good(
      `( i=0; while [ $i -lt 15 ]; do echo -3,-5 >/sys/bus/ap/apmask; echo +3,+5 >/sys/bus/ap/apmask; i=$((i+1)); done ) & changing=$!
       looks=0; failed=0
       while kill -0 $changing 2>/dev/null || [ $looks -lt 5 ]; do
         SYSFS_ROOT=/sys ${s390xProgram('lszcrypt')!.join(' ')} -V >/dev/null 2>&1 || failed=$((failed+1)); looks=$((looks+1))
       done
       wait $changing; echo "$failed of $((looks > 4))"`,
    );
    expect(out).toBe('0 of 1\n');
  });

  test('bus-H4: a queue of vfio_ap has no status here and is listed with -V only', async () => {
    await shell.good('echo -4 >/sys/bus/ap/apmask');
    // Versions that know the attribute `status` print its text, which is `unassigned`.
    const passed = ['04.0006', '04.000d'].map(
      (queue) => `${queue}     CEX8A Accelerator -               -        0     14     09 -MC-A-N--  vfio_ap    `,
    );
    expect(await good('lszcrypt', '-V')).toBe(lines(HEAD, CARD_03, CARD_04, passed, CARD_05));
    expect(await shell.good('cat /sys/devices/ap/card04/04.0006/status')).toBe('unassigned\n');
    expect((await good('lszcrypt')).split('\n').map((line) => line.slice(0, 7).trimEnd())).toEqual(
      ['CARD.DO', '-------', '03', '03.0006', '03.000d', '04', '05', '05.0006', '05.000d', ''],
    ); // prettier-ignore
    await shell.good('echo +4 >/sys/bus/ap/apmask');
  });

  test('bus-H5: lszcrypt -b shows the default domain, also when there is none', async () => {
    const bus = (domain: string): string =>
      lines(
        `ap_domain=${domain}`,
        'ap_max_domain_id=0xff',
        'ap_interrupts are enabled',
        'config_time=30 (seconds)',
        'poll_thread is disabled',
        'poll_timeout=250000 (nanoseconds)',
      );
    expect(await good('lszcrypt', '-b')).toBe(bus('0x6'));
    // Later versions say `-1 (not set)`, and `(unavailable)` for a domain that is not in the usage mask.
    const none = copied((folder) => writeFileSync(join(folder, 'bus/ap/ap_domain'), '-1\n'));
    expect((await tool('lszcrypt', '-b', none)).out).toBe(bus('0xffffffffffffffff'));
  });

  test('bus-H6: chzcrypt -d writes 0 without a newline and reads it back', async () => {
    await good('chzcrypt', '-d 03');
    expect(await shell.good('cat /sys/devices/ap/card03/online /sys/devices/ap/card03/03.000d/online')).toBe('0\n0\n');
    expect(await good('chzcrypt', '-V -e 03')).toBe('Setting cryptographic device card03 online\n');
    await good('chzcrypt', '-d 05.0006');
    expect(await shell.good('cat /sys/devices/ap/card05/online /sys/devices/ap/card05/05.0006/online')).toBe('1\n0\n');
    await good('chzcrypt', '-e 05.0006');
    expect(await good('lszcrypt', '-V')).toBe(lines(HEAD, CARD_03, CARD_04, QUEUES_04, CARD_05));
  });

  test('bus-H7: chzcrypt -e of a deconfigured queue is a warning, and nothing is written', async () => {
    await shell.good('echo 0 >/sys/devices/ap/card05/config; echo 1 >/sys/bus/ap/scans');
    const { status, err } = await tool('chzcrypt', '-e 05.0006');
    expect({ status, warned: err.includes('Warning - device 05.0006 is deconfigured') }).toEqual({ status: 0, warned: true });
    expect(await shell.good('cat /sys/devices/ap/card05/05.0006/online')).toBe('0\n');
    expect(await good('lszcrypt', '05')).toMatch(/^05 +CEX8P EP11-Coproc deconfig +0$/m);
    await good('chzcrypt', '--config-on 05');
    await shell.good('echo 1 >/sys/bus/ap/scans');
    expect(await good('lszcrypt', '-V')).toBe(lines(HEAD, CARD_03, CARD_04, QUEUES_04, CARD_05));
  });

  test('bus-H8: what the bus refuses, chzcrypt notices when it reads back', async () => {
    const refused = async (args: string, err: string): Promise<void> =>
      expect(await tool('chzcrypt', args)).toEqual({ status: 1, out: '', err: `chzcrypt: Error - ${err}\n` });
    await refused('-c 3', 'unable to change configuration timer setting.');
    // With interrupts nothing is polled: there is no thread to switch on.
    await refused('-p', 'unable to change poll thread setting.');
    await refused('-q 300', "invalid default domain '300'.");
    await refused('-d 99', 'cryptographic device card99 does not exist.');
    await good('chzcrypt', '-c 60');
    await good('chzcrypt', '-t 300000');
    await good('chzcrypt', '-q 13');
    expect(await shell.good('cat /sys/bus/ap/config_time /sys/bus/ap/poll_timeout /sys/bus/ap/ap_domain')).toBe('60\n300000\n13\n');
  });
});

describeReal('ap-check, the callout of mdevctl', [root, mounts, program('ap-check'), program('mdevctl')], () => {
  test('bus-H9: a queue of the host is refused, and allowed when its bit has been cleared', async () => {
    const shell = await RealShell.start([join(ROOT, 'test/fixtures/real/three-cards.yaml')]);
    const attrs = [{ assign_adapter: '3' }, { assign_domain: '6' }];
    const file = join(shell.folder, 'device.json');
    writeFileSync(file, JSON.stringify({ mdev_type: 'vfio_ap-passthrough', start: 'manual', attrs }));
    const callout = join(shell.folder, 'ap-check');
    copyFileSync(findProgram('ap-check')!, callout);
    const uuid = '783e6dbb-ea0e-411f-94e2-717eaad438bf';
    const event = (when: string, state: string): Promise<Answer> =>
      shell.run(`${callout} -e ${when} -a start -s ${state} -u ${uuid} -p matrix -t vfio_ap-passthrough <${file}`);
    const { status, out, err } = await event('pre', 'none');
    expect(status).toBe(255);
    expect(out + err).toMatch(/3\.6 .*not allowed.* by the active ap bus mask settings/);
    await event('post', 'failure');
    await shell.good('echo -3 >/sys/bus/ap/apmask');
    expect(await event('pre', 'none')).toEqual({ status: 0, out: '', err: '' });
    await event('post', 'success');
    // And as mdevctl runs it.
    await shell.good(`cp ${callout} /etc/mdevctl.d/scripts.d/callouts/ && mdevctl start -u ${uuid} -p matrix --jsonfile ${file}`);
    expect(await shell.good(`cat /sys/devices/vfio_ap/matrix/${uuid}/matrix; mdevctl stop -u ${uuid}`)).toBe('03.0006\n');
    expect(await shell.end()).toMatchObject({ status: 0, left: [] });
  });
});
