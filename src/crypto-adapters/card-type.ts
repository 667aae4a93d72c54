/**
 * Crypto Express card types CEX4 to CEX8 in their modes A, C and P: what TAPQ reports of them, which moduli they take, and the speed
 * ratings with which zcrypt spreads load (the tables of drivers/s390/crypto/zcrypt_cex4.c). CEX2 and CEX3 can be plugged, too: today's
 * drivers leave them alone.
 */
export const GENERATIONS = [4, 5, 6, 7, 8] as const;
export type Generation = (typeof GENERATIONS)[number];
/** No driver takes them any more. */
const UNSUPPORTED = [2, 3] as const;
/** A accelerator, C CCA coprocessor, P EP11 coprocessor. */
export const CARD_MODES = ['A', 'C', 'P'] as const;
export type CardMode = (typeof CARD_MODES)[number];

export interface CardType {
  readonly generation: Generation | (typeof UNSUPPORTED)[number];
  readonly mode: CardMode;
  /** 10 (CEX4) to 14 (CEX8); 6 CEX2A, 7 CEX2C, 8 CEX3A, 9 CEX3C: a number for each mode. */
  readonly rawType: number;
  /** Upper word of TAPQ's GR2. */
  readonly functions: number;
  /** Messages that fit one queue. */
  readonly depth: number;
  /** Message limit in 4 KiB units, see `maxMessageSize`. */
  readonly ml: number;
}

/** Bits of the upper word of TAPQ's GR2. */
export const CardFunction = {
  APSC: 0x80000000,
  MEX_4K: 0x40000000,
  CRT_4K: 0x20000000,
  CCA: 0x10000000,
  ACCEL: 0x08000000,
  EP11: 0x04000000,
  APXA: 0x02000000,
} as const;

const FUNCTIONS: Readonly<Record<CardMode, number>> = { A: 0x6a000000, C: 0x92000000, P: 0x86000000 };
const DEPTH = 8;
const ML = 3;

const older = UNSUPPORTED.flatMap((generation) =>
  (['A', 'C'] as const).map((mode) => ({ generation, mode, rawType: 2 * generation + (mode === 'A' ? 2 : 3) })),
);
const known = GENERATIONS.flatMap((generation) => CARD_MODES.map((mode) => ({ generation, mode, rawType: generation + 6 })));

const TYPES: ReadonlyMap<string, CardType> = new Map(
  [...older, ...known].map((card) => [cardTypeText(card), { ...card, functions: FUNCTIONS[card.mode], depth: DEPTH, ml: ML }]),
);

/** `CEX8C`: the `type` attribute of the card device. */
export function cardTypeText(card: Pick<CardType, 'generation' | 'mode'>): string {
  return `CEX${card.generation}${card.mode}`;
}

/** The card that a text such as `CEX8C` names, or undefined. */
export function parseCardType(text: string): CardType | undefined {
  return TYPES.get(text);
}

/** Every type text, CEX2A to CEX8P. */
export const CARD_TYPE_TEXTS: readonly string[] = [...TYPES.keys()];

/** Limit of a message in bytes. */
export function maxMessageSize(ml: number): number {
  return ml > 3 ? ml * 4096 : 12 * 1024;
}

/** Length limits of an RSA modulus in bytes. */
export function modulusLimits(card: Pick<CardType, 'mode' | 'functions'>): { readonly min: number; readonly max: number } {
  if (card.mode !== 'A') return { min: 16, max: 512 };
  const both = CardFunction.MEX_4K | CardFunction.CRT_4K;
  return { min: 1, max: (card.functions & both) === both ? 512 : 256 };
}

/** Lower is faster; zcrypt adds them up as load. */
/** Added to a weight when a request is tried again where it has failed (drivers/s390/crypto/zcrypt_api.h). */
export const RetryPenalty = { CARD: 1000, QUEUE: 10_000 } as const;

export interface SpeedWeights {
  /** Modulus up to 1024, up to 2048, above. */
  readonly mex: readonly [number, number, number];
  readonly crt: readonly [number, number, number];
  readonly rng: number;
  readonly secKey: number;
}

type Row = readonly [number, number, number, number, number, number, number, number];

/** Columns: MEX 1k 2k 4k, CRT 1k 2k 4k, RNG, SECKEY. */
const WEIGHTS: Readonly<Record<CardMode, Readonly<Record<Generation, Row>>>> = {
  A: {
    4: [14, 19, 249, 42, 228, 1458, 0, 0],
    5: [8, 9, 20, 18, 66, 458, 0, 0],
    6: [6, 9, 20, 17, 65, 438, 0, 0],
    7: [6, 8, 17, 15, 54, 362, 0, 0],
    8: [6, 8, 17, 15, 54, 362, 0, 0],
  },
  C: {
    4: [59, 69, 308, 83, 278, 2204, 209, 40],
    5: [24, 31, 50, 37, 90, 479, 27, 10],
    6: [16, 20, 32, 27, 77, 455, 24, 9],
    7: [14, 16, 26, 23, 64, 376, 23, 8],
    8: [14, 16, 26, 23, 64, 376, 23, 8],
  },
  P: {
    4: [0, 0, 0, 0, 0, 0, 0, 50],
    5: [0, 0, 0, 0, 0, 0, 0, 10],
    6: [0, 0, 0, 0, 0, 0, 0, 9],
    7: [0, 0, 0, 0, 0, 0, 0, 8],
    8: [0, 0, 0, 0, 0, 0, 0, 8],
  },
};

/** Of a card without a rating: that of the oldest that has one. */
export function speedWeights({ generation, mode }: Pick<CardType, 'generation' | 'mode'>): SpeedWeights {
  const [m1, m2, m4, c1, c2, c4, rng, secKey] = WEIGHTS[mode][generation === 2 || generation === 3 ? 4 : generation];
  return { mex: [m1, m2, m4], crt: [c1, c2, c4], rng, secKey };
}

/** Column of `SpeedWeights.mex` and `.crt` for a modulus of this many bits. */
export function sizeClass(bits: number): 0 | 1 | 2 {
  return bits <= 1024 ? 0 : bits <= 2048 ? 1 : 2;
}
