/**
 * Goal: a token says all that a replay needs, in few letters, and one that cannot be right is refused with the reason.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkScenario,
  decodeToken,
  encodeToken,
  scenarioHash,
  TokenDamagedError,
  TokenError,
  TokenStaleError,
  TokenVersionError,
  type ReplayToken,
} from '../../src/explore/token.ts';

const TEXT = 'design: guests-lock\n';
const TOKEN: ReplayToken = {
  header: { scenario: 'scenarios/three-guests.yaml', text: scenarioHash(TEXT), design: 'guests-lock', quirks: '' },
  seed: 4711,
  maxSteps: 100_000,
  releaseSteps: 'declared',
  choices: [0, 0, 0, 0, 3, -1, 2, 2, 12],
};

describe('a token', () => {
  test('comes back as it was', () => {
    expect(decodeToken(encodeToken(TOKEN))).toEqual(TOKEN);
    expect(decodeToken(`  ${encodeToken(TOKEN)}\n`)).toEqual(TOKEN);
  });

  test('holds any header, numbers and choices', () => {
    const token = fc.record({
      header: fc.dictionary(fc.string({ minLength: 1, unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), { noNullPrototype: true }),
      seed: fc.integer({ min: -(2 ** 45), max: 2 ** 45 }),
      maxSteps: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
      releaseSteps: fc.constantFrom('declared' as const, 'all' as const),
      choices: fc.array(fc.oneof(fc.constant(0), fc.integer({ min: -300, max: 300 }))),
    });
    fc.assert(
      fc.property(token, (any) => {
        const text = encodeToken(any);
        expect(text).toMatch(/^apemu1\.[\w-]+$/);
        expect(decodeToken(text)).toEqual(any);
      }),
      { numRuns: 300, seed: 5 },
    );
  });

  test('a shrunk schedule of thousands of choices fits into a line', () => {
    const choices = [...new Array<number>(5000).fill(3), ...new Array<number>(700).fill(1), 3, 2];
    expect(encodeToken({ ...TOKEN, choices }).length).toBeLessThan(140);
    expect(decodeToken(encodeToken({ ...TOKEN, choices })).choices).toEqual(choices);
  });
});

describe('a token that is refused', () => {
  const refusal = (text: string): TokenError => {
    try {
      decodeToken(text);
    } catch (error) {
      if (error instanceof TokenError) return error;
      throw error;
    }
    throw new Error(`'${text}' was accepted`);
  };

  test('of another version', () => {
    const error = refusal(encodeToken(TOKEN).replace('apemu1.', 'apemu12.'));
    expect(error).toBeInstanceOf(TokenVersionError);
    expect(error).toMatchObject({ name: 'TokenVersionError', message: 'replay token: expected version 1, got version 12' });
  });

  test('with any one letter changed, left out or doubled, or cut off', () => {
    const text = encodeToken(TOKEN);
    for (let at = 'apemu1.'.length; at < text.length; at++) {
      const other = text[at] === 'A' ? 'B' : 'A';
      for (const damaged of [
        text.slice(0, at) + other + text.slice(at + 1),
        text.slice(0, at) + text.slice(at + 1),
        text.slice(0, at),
        text.slice(0, at) + text.slice(at - 1),
      ])
        expect(refusal(damaged), damaged).toBeInstanceOf(TokenDamagedError);
    }
  });

  test.each([
    ['', "replay token: expected it to begin with apemu1., got ''"],
    ['scenario.yaml', "replay token: expected it to begin with apemu1., got 'scenari'"],
    ['apemu1.', 'replay token: expected at least 4 bytes, got 0'],
    ['apemu1.a b', 'replay token: expected letters, digits, - and _ only'],
  ])('%j', (text, message) => {
    expect(refusal(text)).toMatchObject({ name: 'TokenDamagedError', message });
  });

  test('when the text of the scenario has changed', () => {
    const hash = decodeToken(encodeToken(TOKEN)).header['text']!;
    expect(() => checkScenario('a.yaml', hash, TEXT)).not.toThrow();
    expect(() => checkScenario('a.yaml', hash, `${TEXT} `)).toThrow(TokenStaleError);
    expect(() => checkScenario('a.yaml', hash, `${TEXT} `)).toThrow(
      /^replay token: the text of a.yaml, or a file that it names, has changed since the token was made: expected hash [\da-f]{8}, got [\da-f]{8}$/,
    );
  });
});
