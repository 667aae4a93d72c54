/** The interpreter against qemu-user; without it, against what it said about trials that once found something (vectors.json). */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { differencesOf } from './differences.ts';
import { Emulated } from './emulated.ts';
import { compareWithOracle } from './oracle.ts';
import { QemuOracle, qemuProgram } from './qemu.ts';
import { codeOf, inputOf, outcomeOf, trialOf, type Trial } from './record.ts';
import { KEPT, VECTORS, trialOfKept, vectorsOf, writeVectors, type Vector } from './vector-trials.ts';

const program = qemuProgram();
const INSTRUCTIONS = Number(process.env['APEMU_ORACLE_INSTRUCTIONS'] ?? 30_000);
const SEED = Number(process.env['APEMU_ORACLE_SEED'] ?? 1);

/** `write`: vectors.json is made anew from the trials that are kept. */
if (process.env['APEMU_ORACLE_VECTORS'] === 'write' && program !== null) await writeVectors(program);
const vectors = JSON.parse(readFileSync(VECTORS, 'utf8')) as readonly Vector[];

describe('vectors of the oracle', () => {
  test.each(vectors)('$found', ({ trial, outcome }) => {
    const bytes = (text: string): Buffer => Buffer.from(text, 'base64');
    const judged = outcomeOf(bytes(outcome));
    expect(judged.ending).not.toBe('access');
    expect(differencesOf(new Emulated().run(trialOf(bytes(trial))), judged)).toEqual([]);
  });

  test('they are those of the trials that are kept', () => {
    expect(vectors.map(({ found }) => found)).toEqual(KEPT.map(({ found }) => found));
    expect(vectors.map(({ trial }) => trial)).toEqual(KEPT.map((kept) => inputOf(trialOfKept(kept)).toString('base64')));
  });
});

const AR = Uint8Array.of(0x1a, 0x12);
const trial: Trial = {
  general: Array.from({ length: 16 }, (_, i) => BigInt(i) << 30n),
  floating: Array.from({ length: 16 }, (_, i) => BigInt(i)),
  access: Array.from({ length: 16 }, (_, i) => i),
  fpc: 0,
  cc: 3,
  programMask: 0,
  code: codeOf([AR]),
  data: new Uint8Array(1024),
};

test('a difference in any part of an outcome is told', () => {
  const outcome = new Emulated().run(trial);
  const changed = {
    ...outcome,
    general: outcome.general.with(3, 1n),
    floating: outcome.floating.with(0, 9n),
    cc: outcome.cc ^ 1,
    data: outcome.data.with(5, 1),
  };
  expect(differencesOf(outcome, changed)).toHaveLength(4);
  expect(differencesOf(outcome, { ...outcome, ending: 'illegal' })).toEqual(['ending: end, the oracle has illegal']);
});

describe.skipIf(program === null)(`against qemu-user (${program ?? 'skipped: no qemu-s390x-static is installed'})`, () => {
  test(`${INSTRUCTIONS} random instructions do the same`, { timeout: 1_800_000 }, async () => {
    const run = await compareWithOracle(program!, { seed: SEED, instructions: INSTRUCTIONS });
    // oxlint-disable-next-line no-console -- how much was judged is a result, too
    console.log(
      `${run.instructions} instructions in ${run.trials} trials, ${run.unjudged} unjudged, ${run.divergences.length} divergences`,
    );
    expect(run.divergences).toEqual([]);
    expect(run.unjudged).toBeLessThan(run.trials / 20);
  });

  test('says of the vectors what they say', async () => {
    expect(await vectorsOf(program!)).toEqual(vectors);
  });

  test('an interpreter that adds wrongly is found out', async () => {
    const oracle = new QemuOracle(program!);
    try {
      const [outcome] = await oracle.run([trial]);
      const wrong = new Emulated().run({ ...trial, code: codeOf([Uint8Array.of(0x1b, 0x12)]) });
      expect(differencesOf(wrong, outcome!)).not.toEqual([]);
    } finally {
      oracle.close();
    }
  });
});
