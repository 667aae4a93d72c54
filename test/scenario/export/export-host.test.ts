/**
 * Exports written down after the tools: mdevctl's JSON, the table of lszcrypt, and the folder that a copy of /sys would be.
 */
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exportHost } from '../../../src/scenario/export/export-host.ts';
import { designOf } from '../../../src/scenario/design-file.ts';
import { loadScenario } from '../../../src/scenario/load.ts';

const UUID = '9f579710-6ffc-4201-987a-4ffa0fb1f3a5';
const HOST = `
host: { adapters: [{ id: 5, type: CEX7C }, { id: 0xa, type: CEX6A }, { id: 11, type: CEX8P }], domains: [4, 0xab], apmask: "-5", serviceScale: 0 }
mdevs:
  - { name: m1, uuid: ${UUID}, adapters: [5], domains: [4], controlDomains: [4] }
guests:
  - { name: g, mdev: m1, workload: { rsa: { operations: 1000 } } }
`;

const exported = (format: string, text = HOST, folder: string | null = null): Promise<string | null> => {
  const scenario = loadScenario(text, 'host.yaml');
  return exportHost(format, scenario, designOf(scenario.design)!, folder);
};

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'apemu-export-'));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Everything in a folder; links are not followed, as they lead in circles. */
function below(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? [path, ...below(path)] : [path];
  });
}

test('mdevctl: parents with their devices, attributes in decimal', async () => {
  expect(JSON.parse((await exported('mdevctl'))!)).toEqual([
    {
      matrix: [
        {
          [UUID]: {
            mdev_type: 'vfio_ap-passthrough',
            start: 'manual',
            attrs: [{ assign_adapter: '5' }, { assign_domain: '4' }, { assign_control_domain: '4' }],
          },
        },
      ],
    },
  ]);
  expect(await exported('mdevctl', 'host: { adapters: [], domains: [] }')).toBe('[]\n');
});

test('lszcrypt: the table of version 2.43, byte for byte', async () => {
  expect((await exported('lszcrypt'))!.split('\n')).toEqual([
    'CARD.DOM TYPE  MODE        STATUS     REQUESTS  PENDING HWTYPE QDEPTH FUNCTIONS  DRIVER     ',
    '--------------------------------------------------------------------------------------------',
    '05       CEX7C CCA-Coproc  online            0        0     13     08 S--D--N--- cex4card   ',
    '05.0004  CEX7C CCA-Coproc  in use            -        -     13     08 S--D--N--- vfio_ap    ',
    '05.00ab  CEX7C CCA-Coproc  unassigned        -        -     13     08 S--D--N--- vfio_ap    ',
    '0a       CEX6A Accelerator online            0        0     12     08 -MC-A-N--- cex4card   ',
    '0a.0004  CEX6A Accelerator online            0        0     12     08 -MC-A-N--- cex4queue  ',
    '0a.00ab  CEX6A Accelerator online            0        0     12     08 -MC-A-N--- cex4queue  ',
    '0b       CEX8P EP11-Coproc online            0        0     14     08 S----XN--- cex4card   ',
    '0b.0004  CEX8P EP11-Coproc online            0        0     14     08 S----XN--- cex4queue  ',
    '0b.00ab  CEX8P EP11-Coproc online            0        0     14     08 S----XN--- cex4queue  ',
    '',
  ]);
});

test('lszcrypt-2.16: other columns, one message more, no status without online', async () => {
  const lines = (await exported('lszcrypt-2.16'))!.split('\n');
  expect(lines.slice(0, 6)).toEqual([
    'CARD.DOMAIN TYPE  MODE        STATUS   REQUESTS  PENDING HWTYPE QDEPTH FUNCTIONS  DRIVER     ',
    '---------------------------------------------------------------------------------------------',
    '05          CEX7C CCA-Coproc  online          0        0     13     09 S--D--N--  cex4card   ',
    '05.0004     CEX7C CCA-Coproc  -               -        0     13     09 S--D--N--  vfio_ap    ',
    '05.00ab     CEX7C CCA-Coproc  -               -        0     13     09 S--D--N--  vfio_ap    ',
    '0a          CEX6A Accelerator online          0        0     12     09 -MC-A-N--  cex4card   ',
  ]);
});

test('lszcrypt warns of a host without a domain of its own, as the tool does', async () => {
  const warning = 'Warning: Default domain 0xffffffffffffffff is not available.\n';
  expect(await exported('lszcrypt', 'host: { adapters: [], domains: [] }')).toMatch(new RegExp(`^CARD\\.DOM [^\\n]*\\n-+\\n${warning}$`));
});

describe('sysfs', () => {
  test('attributes have their content and mode, links are relative and lead somewhere', () =>
    inFolder(async (folder) => {
      const root = join(folder, 'new', 'sys');
      expect(await exported('sysfs', HOST, root)).toBe(null);
      const read = (path: string): string => readFileSync(join(root, path), 'utf8');
      const mode = (path: string): string => (statSync(join(root, path)).mode & 0o777).toString(8);
      expect([read('bus/ap/apmask'), mode('bus/ap/apmask')]).toEqual([`0xfb${'f'.repeat(62)}\n`, '644']);
      expect([read('devices/ap/card0a/type'), mode('devices/ap/card0a/type')]).toEqual(['CEX6A\n', '444']);
      const mdev = `devices/vfio_ap/matrix/${UUID}`;
      expect([read(`${mdev}/matrix`), read(`${mdev}/assign_adapter`), mode(`${mdev}/assign_adapter`)]).toEqual(['05.0004\n', '', '200']);
      expect(readlinkSync(join(root, 'bus/ap/devices/05.0004'))).toBe('../../../devices/ap/card05/05.0004');
      expect(readlinkSync(join(root, `bus/mdev/devices/${UUID}`))).toBe(`../../../${mdev}`);
      const entries = below(root);
      const links = entries.filter((path) => lstatSync(path).isSymbolicLink());
      expect([links.length > 30, links.filter((path) => !existsSync(path) || readlinkSync(path).startsWith('/'))]).toEqual([true, []]);
    }));

  test('a folder with something in it is refused, and left as it is', () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, 'mine'), 'x');
      await expect(exported('sysfs', HOST, folder)).rejects.toThrow(
        'expected a folder that is empty or not there yet, got one with mine in it',
      );
      expect(readdirSync(folder)).toEqual(['mine']);
      await expect(exported('sysfs', HOST, join(folder, 'mine'))).rejects.toThrow(
        /expected a folder that is empty or not there yet, got ENOTDIR/,
      );
    }));

  test('two exports of one scenario are the same', () =>
    inFolder(async (folder) => {
      const texts: string[] = [];
      for (const name of ['a', 'b']) {
        const root = join(folder, name);
        await exported('sysfs', HOST, root);
        const files = below(root).filter((file) => lstatSync(file).isFile());
        texts.push(files.map((file) => `${file.slice(root.length)} ${readFileSync(file, 'utf8')}`).join());
      }
      expect(texts[1]).toBe(texts[0]);
    }));
});

test('a host that does not boot is told in one line', async () => {
  const text =
    'host: { adapters: [{ id: 5, type: CEX7C }], domains: [4], apmask: "-5" }\nmdevs: [{ name: m1, adapters: [], domains: [] }]\n';
  const scenario = loadScenario(text, 'host.yaml');
  const [mdev] = scenario.host.mdevs;
  const host = { ...scenario.host, mdevs: [mdev!, { ...mdev!, name: 'twin' }] };
  await expect(exportHost('mdevctl', { ...scenario, host }, designOf(scenario.design)!, null)).rejects.toThrow(
    /^host\.yaml:1:1: \(document\): expected a host that boots, got write .* expected success, got EEXIST$/,
  );
});
