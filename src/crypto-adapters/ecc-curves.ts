/**
 * The prime curves of NIST that the coprocessors compute on: parameters (FIPS 186-4, D.1.2) and names.
 */
export interface EccCurve {
  /** OpenSSL's name. */
  readonly openssl: 'prime256v1' | 'secp384r1' | 'secp521r1';
  /** Length of the prime. */
  readonly bits: 256 | 384 | 521;
  /** Of a coordinate or a scalar. */
  readonly bytes: number;
  /** y² = x³ - 3x + b modulo p. */
  readonly p: bigint;
  /** Order of the base point. */
  readonly n: bigint;
  /** Object identifier, DER encoded. */
  readonly oid: Uint8Array;
}

export const P256: EccCurve = {
  openssl: 'prime256v1',
  bits: 256,
  bytes: 32,
  p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
  n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  oid: Uint8Array.of(0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07),
};

export const P384: EccCurve = {
  openssl: 'secp384r1',
  bits: 384,
  bytes: 48,
  p: (1n << 384n) - (1n << 128n) - (1n << 96n) + (1n << 32n) - 1n,
  n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  oid: Uint8Array.of(0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22),
};

export const P521: EccCurve = {
  openssl: 'secp521r1',
  bits: 521,
  bytes: 66,
  p: (1n << 521n) - 1n,
  n: (1n << 521n) - 0x5ae79787c40d069948033feb708f65a2fc44a36477663b851449048e16ec79bf7n,
  oid: Uint8Array.of(0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23),
};

export const ECC_CURVES: readonly EccCurve[] = [P256, P384, P521];
