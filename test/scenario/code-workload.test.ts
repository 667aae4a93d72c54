/**
 * Goal: machine code as a workload becomes what the machine is built from, travels inside of the text of its scenario, is written back, and
 * is refused with a place where it cannot be.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CodeWorkload } from '../../src/machine/host-spec.ts';
import { loadScenario, loadScenarioFile } from '../../src/scenario/load.ts';
import { ScenarioError } from '../../src/scenario/place.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { scenarioText } from '../../src/scenario/scenario-text.ts';
import { scenarioText as small } from '../campaign/small-scenario.ts';
import { elfFile, programOf } from '../guest/s390x/elf-file.ts';

const PROGRAM = programOf(0x07, 0xfe);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'apemu-test-'));
  writeFileSync(join(folder, 'loop, 1.elf'), PROGRAM);
  writeFileSync(join(folder, 'script.elf'), '#!/bin/sh\n');
  writeFileSync(join(folder, 'high.elf'), elfFile({ entry: 0x200000n, segments: [{ physical: 0x200000n, data: Uint8Array.of(7, 0xfe) }] }));
});
afterAll(() => rmSync(folder, { recursive: true }));

const guests = (...workloads: string[]): string =>
  small({ guests: workloads.map((workload, i) => `{ name: g${i}, ${i === 0 ? 'mdev: m1, ' : ''}workload: ${workload} }`).join(', ') });
const load = (text: string): Scenario => loadScenario(text, join(folder, 'small.yaml'));
const codeOf = ({ host }: Scenario, i = 0): CodeWorkload => {
  const { workload } = host.guests[i]!;
  if (workload?.kind !== 'code') throw new Error(`expected machine code, got ${workload?.kind ?? 'no workload'}`);
  return workload;
};

function refusalOf(text: string): string {
  try {
    load(text);
  } catch (error) {
    if (error instanceof ScenarioError) return error.message.slice(folder.length + 1);
    throw error;
  }
  throw new Error('expected a ScenarioError, got a scenario');
}

describe('an ELF file as workload', () => {
  test('is found from the folder of the scenario, with 64 MiB and a bound on its instructions', () => {
    expect(codeOf(load(guests('{ elf: "loop, 1.elf" }')))).toMatchObject({
      ...{ program: 'loop, 1.elf', file: 'loop, 1.elf', mem: 64, maxInstructions: 1_000_000_000 },
    });
    expect([...codeOf(load(guests('{ elf: "loop, 1.elf" }'))).elf]).toEqual([...PROGRAM]);
  });

  test('has as much storage and as many instructions as the file says', () => {
    expect(codeOf(load(guests('{ elf: "loop, 1.elf", mem: 1G, maxInstructions: 5 }')))).toMatchObject({ mem: 1024, maxInstructions: 5 });
  });

  test('is part of the text of the scenario, which needs no file any more; the rest of the text stays where it was', () => {
    const text = `${guests('{ elf: &f "loop, 1.elf" }', "{ elf: 'loop, 1.elf' }", '{ elf: *f }')}\n# elf: loop, 1.elf`;
    const scenario = load(text);
    const again = loadScenario(scenario.text, 'elsewhere/small.yaml');
    for (const i of [0, 1, 2]) {
      expect(codeOf(again, i)).toMatchObject({ program: 'loop, 1.elf' });
      expect([...codeOf(again, i).elf]).toEqual([...PROGRAM]);
    }
    expect(again.text).toBe(scenario.text);
    expect(scenario.text.split('\n').filter((line) => !line.startsWith('guests:'))).toEqual(
      text.split('\n').filter((line) => !line.startsWith('guests:')),
    );
  });

  test('of a scenario file is found wherever the caller is', () => {
    const path = join(folder, 'file.yaml');
    writeFileSync(path, guests('{ elf: "loop, 1.elf" }'));
    expect(codeOf(loadScenarioFile(path)).program).toBe('loop, 1.elf');
  });

  test('is written as it was read', () => {
    const scenario = load(guests('{ elf: "loop, 1.elf", mem: 2M, maxInstructions: 7 }'));
    const again = loadScenario(scenarioText(scenario), 'small.yaml');
    const { file: _read, ...read } = codeOf(scenario);
    const { file: _written, ...written } = codeOf(again);
    expect({ ...written, elf: [...written.elf] }).toEqual({ ...read, elf: [...read.elf] });
    expect(scenarioText(again)).toBe(scenarioText(scenario));
  });
});

describe('is refused:', () => {
  test.each<[string, string, RegExp]>([
    ['a file that is not there', '{ elf: none.elf }', /guests\[0\]\.workload\.elf: expected a readable ELF file, got none\.elf: ENOENT/],
    ['what is no ELF file', '{ elf: script.elf }', /workload\.elf: expected an ELF file, got "#!\/b" \(byte 0\)/],
    [
      'a program outside of its storage',
      '{ elf: high.elf, mem: 2M }',
      /workload\.elf: expected segments inside of the 0x200000 bytes of storage/,
    ],
    [
      'an amount of storage without a unit',
      '{ elf: high.elf, mem: 64 }',
      /workload\.mem: expected an amount of storage from 1M to 1G, like 64M, got 64/,
    ],
    ['more storage than there can be', '{ elf: high.elf, mem: 2G }', /workload\.mem: expected an amount of storage from 1M to 1G/],
    ['no instructions', '{ elf: high.elf, maxInstructions: 0 }', /workload\.maxInstructions: expected a number of instructions from 1 to/],
    ['two workloads', '{ elf: high.elf, rsa: { operations: 1 } }', /workload: expected a workload: rsa, instructions/],
    [
      'storage for what is no program',
      '{ instructions: [qci], mem: 64M }',
      /workload: expected mem and maxInstructions only with elf or program/,
    ],
    ['a program that there is not', '{ program: nonsense }', /workload\.program: expected a program \(.*\), got nonsense/],
    ['a device without end', '{ elf: /dev/zero }', /workload\.elf: expected a readable ELF file, got \/dev\/zero: a device$/],
    [
      'damaged data',
      '{ elf: "data:application/x-elf;name=x;base64,AAAA" }',
      /workload\.elf: expected an ELF file, got 00 00 00 \(x, byte 0\)$/,
    ],
    [
      'damaged data with a damaged name',
      '{ elf: "data:application/x-elf;name=%E0%A4%A;base64,AAAA" }',
      /workload\.elf: expected an ELF file, got 00 00 00 \(%E0%A4%A, byte 0\)$/,
    ],
    ['an empty name', '{ elf: "" }', /workload\.elf: expected an ELF file for s390x/],
  ])('%s', (_name, workload, message) => expect(refusalOf(guests(workload))).toMatch(message));

  test('a nested guest beside machine code', () => {
    const text = small({ guests: '{ name: g, mdev: m1, workload: { elf: "loop, 1.elf" }, nested: {} }' });
    expect(refusalOf(text)).toMatch(/guests\[0\]\.nested: expected no nested guest where the workload is machine code/);
  });

  test('an event at a share of operations that nobody knows; a number of them is fine', () => {
    const event = (at: string): string =>
      small({
        guests: '{ name: g, mdev: m1, workload: { elf: "loop, 1.elf" } }',
        events: `{ at: ${at}, task: a, read: /sys/bus/ap/apmask }`,
      });
    expect(refusalOf(event('25%'))).toMatch(/events\[0\]\.at: expected now, a time or a number of operations/);
    expect(load(event('{ op: 3 }')).events).toHaveLength(1);
  });
});
