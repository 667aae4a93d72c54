/**
 * Foreign files for tests: written to a folder of their own, imported, and gone again.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { importFiles, type ImportRequest } from '../../../src/scenario/import/import-files.ts';
import { loadScenario } from '../../../src/scenario/load.ts';
import type { Scenario } from '../../../src/scenario/scenario.ts';

export interface ImportedText {
  readonly text: string;
  readonly scenario: Scenario;
}

/** By name; a name with slashes is below a folder. */
type Files = Readonly<Record<string, string>>;

interface Options extends Partial<Omit<ImportRequest, 'files'>> {
  /** Instead of the names of all files. */
  readonly files?: readonly string[];
}

function inFolder<T>(files: Files, body: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'apemu-import-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function imported(files: Files, options: Options = {}): ImportedText {
  return inFolder(files, (folder) => {
    const { base, files: names = Object.keys(files).filter((name) => name !== base), ...rest } = options;
    const request = { partitions: [], variants: [], ...rest, ...(base === undefined ? {} : { base: join(folder, base) }) };
    try {
      const text = importFiles({ ...request, files: names.map((name) => join(folder, name)) });
      return { text: text.replaceAll(`${folder}/`, ''), scenario: loadScenario(text, 'imported') };
    } catch (error) {
      // Whoever compares messages wants them without the folder.
      if (error instanceof Error) error.message = error.message.replaceAll(`${folder}/`, '').replaceAll(folder, '');
      throw error;
    }
  });
}

/** The one line that a user sees. */
export function refusalOf(files: Files, options: Options = {}): string {
  try {
    imported(files, options);
  } catch (error) {
    if (error instanceof Error && error.name === 'ScenarioError') return error.message;
    throw error;
  }
  throw new Error('expected a refusal, got a scenario');
}

/** Without what every scenario has. */
export function essence({ scenario: { host } }: ImportedText): Record<string, unknown> {
  const { adapters, domains, controlDomains, apmask, aqmask, mdevs, guests } = host;
  return {
    adapters: adapters.map(({ id, type }) => `${id} ${type}`),
    domains,
    ...(JSON.stringify(domains) === JSON.stringify(controlDomains) ? {} : { controlDomains }),
    ...(apmask === null ? {} : { apmask }),
    ...(aqmask === null ? {} : { aqmask }),
    ...(mdevs.length === 0
      ? {}
      : { mdevs: mdevs.map((mdev) => `${mdev.name}: ${[mdev.adapters, mdev.domains, mdev.controlDomains].join(' x ')}`) }),
    ...(guests.length === 0 ? {} : { guests: guests.map(({ name, mdev, vcpus }) => `${name} ${mdev} ${vcpus}`) }),
  };
}
