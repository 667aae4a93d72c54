/**
 * Goal: whatever stands in a file, the importer gives a scenario that loads or one line about what is wrong.
 * Method: samples of every format, cut off, with characters changed, with lines and words left out, repeated or swapped, by seed.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { imported } from './foreign-files.ts';
import { SAMPLES } from './samples.ts';

const ALPHABET = [
  '0',
  '9',
  'f',
  '-',
  '+',
  ',',
  ';',
  ':',
  '.',
  '"',
  "'",
  '<',
  '>',
  '{',
  '}',
  '[',
  ']',
  '&',
  '*',
  '#',
  '=',
  ' ',
  '\n',
  '\t',
  '\u00e9',
  '\0',
];

const damage = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
  fc.record({ kind: fc.constant('put' as const), at: fc.double({ min: 0, max: 1, noNaN: true }), text: fc.constantFrom(...ALPHABET) }),
  fc.record({ kind: fc.constant('line' as const), at: fc.double({ min: 0, max: 1, noNaN: true }), times: fc.constantFrom(0, 2) }),
  fc.record({
    kind: fc.constant('word' as const),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    text: fc.constantFrom('', '-1', '300', '0x', 'null', '[]', '*a', '&a'),
  }),
);

type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function damaged(text: string, how: Damage): string {
  const at = Math.floor(how.at * text.length);
  switch (how.kind) {
    case 'cut':
      return text.slice(0, at);
    case 'put':
      return text.slice(0, at) + how.text + text.slice(at + 1);
    case 'line': {
      const lines = text.split('\n');
      const i = Math.floor(how.at * (lines.length - 1));
      return [...lines.slice(0, i), ...Array.from({ length: how.times }, () => lines[i]!), ...lines.slice(i + 1)].join('\n');
    }
    case 'word': {
      const words = [...text.matchAll(/[\w.-]+/g)];
      const word = words[Math.floor(how.at * (words.length - 1))];
      return word === undefined ? text : text.slice(0, word.index) + how.text + text.slice(word.index + word[0].length);
    }
  }
}

test.each(Object.keys(SAMPLES))('damaged: %s', (name) => {
  const sample = SAMPLES[name]!;
  let scenarios = 0;
  let refusals = 0;
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (damages) => {
      const text = damages.reduce(damaged, sample);
      try {
        imported({ f: text });
        scenarios++;
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'ScenarioError') throw error;
        expect(error.message).toMatch(/^f:\d+:\d+: [^\n]+$/);
        refusals++;
      }
    }),
    { numRuns: 150, seed: 8 },
  );
  // Neither everything passes nor nothing.
  expect([scenarios > 0, refusals > 0]).toEqual([true, true]);
});
