/** Goal: signatures are those of the standard and nothing else verifies. Method: vectors of RFC 6979, OpenSSL as a second opinion, damage. */
import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { toBigInt, toBytes } from '../../src/crypto-adapters/big-bytes.ts';
import { combinedX, isPoint, multiplyBase, pointLength } from '../../src/crypto-adapters/ecc-arithmetic.ts';
import { ECC_CURVES, P256, P384, P521, type EccCurve } from '../../src/crypto-adapters/ecc-curves.ts';
import { drawPrivateKey, ecdsaSign, ecdsaVerify } from '../../src/crypto-adapters/ecdsa.ts';
import { decodeSpki, encodeSpki } from '../../src/crypto-adapters/ep11/spki.ts';
import { SecretStream, secretOf } from '../../src/crypto-adapters/secret-stream.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const hashOf = (algorithm: string, text: string): Uint8Array => new Uint8Array(createHash(algorithm).update(text).digest());
const opensslKey = (curve: EccCurve, point: Uint8Array): ReturnType<typeof createPublicKey> =>
  createPublicKey({ key: Buffer.from(encodeSpki(curve, point)), format: 'der', type: 'spki' });

describe('signatures', () => {
  const P256_KEY = 0xc9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721n;
  const P384_KEY = 0x6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5n;
  const P521_KEY =
    0x00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb32f1f47c70855836a6d16fcc1466f6d8fbec67db89ec0c08b0e996b83538n;

  it.each([
    [
      'P-256, sample',
      P256,
      P256_KEY,
      hashOf('sha256', 'sample'),
      'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
    ],
    [
      'P-256, test',
      P256,
      P256_KEY,
      hashOf('sha256', 'test'),
      'f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083',
    ],
    [
      'P-384, sample',
      P384,
      P384_KEY,
      hashOf('sha384', 'sample'),
      '94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46' +
        '99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8',
    ],
    [
      'P-521, sample',
      P521,
      P521_KEY,
      hashOf('sha512', 'sample'),
      '00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05ec36e377fa' +
        '00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623eaa63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc43997f1ee0e44da4a67a',
    ],
  ] as const)('are those of RFC 6979: %s', (_name, curve, key, hash, signature) => {
    expect(hex(ecdsaSign(curve, key, hash))).toBe(signature);
  });

  it.each(ECC_CURVES.map((curve) => [curve.openssl, curve] as const))('OpenSSL and the card believe each other on %s', (_name, curve) => {
    const stream = new SecretStream(secretOf(1, curve.openssl));
    for (const algorithm of ['sha1', 'sha256', 'sha512']) {
      const text = `${algorithm} over ${curve.openssl}`;
      const key = drawPrivateKey(curve, stream);
      const point = multiplyBase(curve, key);
      const mine = ecdsaSign(curve, key, hashOf(algorithm, text));
      const publicKey = { key: opensslKey(curve, point), dsaEncoding: 'ieee-p1363' as const };
      expect(verify(algorithm, Buffer.from(text), publicKey, mine)).toBe(true);
      const theirs = generateKeyPairSync('ec', { namedCurve: curve.openssl });
      const spki = decodeSpki(theirs.publicKey.export({ format: 'der', type: 'spki' }))!;
      expect(spki.curve).toBe(curve);
      const signature = sign(algorithm, Buffer.from(text), { key: theirs.privateKey, dsaEncoding: 'ieee-p1363' });
      expect(ecdsaVerify(curve, spki.point, hashOf(algorithm, text), signature)).toBe(true);
      expect(ecdsaVerify(curve, point, hashOf(algorithm, text), signature)).toBe(false);
    }
  });

  it('does not verify when a bit of hash, signature or key differs, nor with numbers out of range', () => {
    const prng = new Prng(3);
    for (const curve of ECC_CURVES) {
      const hash = hashOf('sha256', 'x');
      const point = multiplyBase(curve, 77n);
      const good = ecdsaSign(curve, 77n, hash);
      expect(ecdsaVerify(curve, point, hash, good)).toBe(true);
      for (let i = 0; i < 8; i++) {
        const flip = (bytes: Uint8Array): Uint8Array => {
          const copy = bytes.slice();
          copy[prng.below(copy.length)]! ^= 1 << prng.below(8);
          return copy;
        };
        expect(ecdsaVerify(curve, point, flip(hash), good)).toBe(false);
        expect(ecdsaVerify(curve, point, hash, flip(good))).toBe(false);
      }
      // The key of the same x: a check that only looks at x would take it.
      const mirrored = multiplyBase(curve, curve.n - 77n);
      expect(hex(mirrored.subarray(1, 1 + curve.bytes))).toBe(hex(point.subarray(1, 1 + curve.bytes)));
      expect(ecdsaVerify(curve, mirrored, hash, good)).toBe(false);
      const [r, s] = [good.subarray(0, curve.bytes), good.subarray(curve.bytes)];
      const order = toBytes(curve.n, curve.bytes);
      for (const [a, b] of [
        [r, new Uint8Array(curve.bytes)],
        [new Uint8Array(curve.bytes), s],
        [order, s],
        [r, order],
      ] as const)
        expect(ecdsaVerify(curve, point, hash, Buffer.concat([a, b]))).toBe(false);
      expect(ecdsaVerify(curve, point, hash, good.subarray(1))).toBe(false);
      // The other solution for s is as good, in ECDSA.
      expect(ecdsaVerify(curve, point, hash, Buffer.concat([r, toBytes(curve.n - toBigInt(s), curve.bytes)]))).toBe(true);
    }
  });
});

describe('points', () => {
  it('sums of multiples are those of the sum of the factors, at every corner', () => {
    for (const curve of ECC_CURVES) {
      const { n } = curve;
      const x = (scalar: bigint): bigint | null => {
        const rest = ((scalar % n) + n) % n;
        return rest === 0n ? null : toBigInt(multiplyBase(curve, rest).subarray(1, 1 + curve.bytes));
      };
      for (const k of curve === P256 ? [1n, 2n, 5n, n - 1n, n - 2n] : [5n]) {
        const key = multiplyBase(curve, k);
        for (const u1 of [0n, 1n, k, n - k, n - 1n]) {
          for (const u2 of [0n, 1n, 2n, n - 2n, n - 1n]) expect(combinedX(curve, key, u1, u2)).toBe(x(u1 + u2 * k));
        }
      }
    }
  });

  it('takes points of the curve only', () => {
    for (const curve of ECC_CURVES) {
      const point = multiplyBase(curve, 9n);
      expect(isPoint(curve, point)).toBe(true);
      const off = point.slice();
      off[pointLength(curve) - 1]! ^= 1;
      const compressed = point.slice();
      compressed[0] = 2;
      for (const bad of [off, compressed, point.subarray(1), new Uint8Array(0), new Uint8Array(pointLength(curve))])
        expect(isPoint(curve, bad)).toBe(false);
      expect(decodeSpki(encodeSpki(curve, off))).toBeNull();
      expect(decodeSpki(encodeSpki(curve, point).subarray(1))).toBeNull();
    }
  });
});
