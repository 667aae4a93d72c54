/**
 * Return and reason codes of CCA, as its manuals list them; those that these cards give. A refusal is a reply, not an error of the transport.
 */
export interface CcaReason {
  readonly returnCode: number;
  readonly reasonCode: number;
}

const code = (returnCode: number, reasonCode: number): CcaReason => ({ returnCode, reasonCode });

export const Cca = {
  OK: code(0, 0),
  /** It worked, with a key under the old master key. */
  OLD_MASTER_KEY: code(0, 10001),
  NOT_VERIFIED: code(4, 429),
  TEXT_LENGTH: code(8, 25),
  TOKEN_DAMAGED: code(8, 29),
  KEY_TYPE: code(8, 31),
  KEYWORD: code(8, 33),
  KEYWORD_COMBINATION: code(8, 34),
  KEYWORD_COUNT: code(8, 35),
  KEY_FORM: code(8, 41),
  KEY_LENGTH: code(8, 43),
  TOKEN_UNUSABLE: code(8, 47),
  MASTER_KEY_UNKNOWN: code(8, 48),
  TOKEN_VERSION: code(8, 49),
  DATA_LENGTH: code(8, 72),
  NOT_AUTHORIZED: code(8, 90),
  PKA_TOKEN: code(8, 770),
  MASTER_KEY_NOT_LOADED: code(12, 764),
} as const satisfies Readonly<Record<string, CcaReason>>;
