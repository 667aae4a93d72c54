/**
 * Public keys of the prime curves as EP11 gives them: SubjectPublicKeyInfo of X.509, DER encoded.
 */
import { isPoint, pointLength } from '../ecc-arithmetic.ts';
import { ECC_CURVES, type EccCurve } from '../ecc-curves.ts';

const EC_PUBLIC_KEY = Uint8Array.of(0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01);
const SEQUENCE = 0x30;
const BIT_STRING = 0x03;

export function encodeSpki(curve: EccCurve, point: Uint8Array): Uint8Array {
  const prefix = prefixOf(curve);
  const bytes = new Uint8Array(prefix.length + point.length);
  bytes.set(prefix);
  bytes.set(point, prefix.length);
  return bytes;
}

/** null for anything that is not exactly such a key. */
export function decodeSpki(bytes: Uint8Array): { readonly curve: EccCurve; readonly point: Uint8Array } | null {
  for (const curve of ECC_CURVES) {
    const prefix = prefixOf(curve);
    if (bytes.length !== prefix.length + pointLength(curve)) continue;
    if (Buffer.compare(bytes.subarray(0, prefix.length), prefix) !== 0) continue;
    const point = bytes.subarray(prefix.length);
    return isPoint(curve, point) ? { curve, point } : null;
  }
  return null;
}

/** Everything before the point. */
function prefixOf(curve: EccCurve): Uint8Array {
  const names = element(SEQUENCE, EC_PUBLIC_KEY.length + curve.oid.length);
  const key = element(BIT_STRING, 1 + pointLength(curve));
  const inner = [...names, ...EC_PUBLIC_KEY, ...curve.oid, ...key, 0];
  return Uint8Array.from([...element(SEQUENCE, inner.length + pointLength(curve)), ...inner]);
}

function element(tag: number, length: number): number[] {
  return length > 0x7f ? [tag, 0x81, length] : [tag, length];
}
