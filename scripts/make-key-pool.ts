/**
 * Makes src/guest/rsa-key-pool-data.ts: RSA keys for workloads and tests. Run once with `npx tsx scripts/make-key-pool.ts`; the result is
 * committed, so that every run of every machine works with the same keys.
 */
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';

const COUNTS: readonly (readonly [bits: number, keys: number])[] = [
  [512, 2],
  [1024, 4],
  [2048, 4],
  [3072, 2],
  [4096, 4],
];
const PARTS = ['n', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const;

function keyText(bits: number): string {
  const jwk = generateKeyPairSync('rsa', { modulusLength: bits, publicExponent: 65537 }).privateKey.export({ format: 'jwk' });
  const lines = PARTS.map((part) => `    ${part}: '${Buffer.from(jwk[part]!, 'base64url').toString('base64')}',\n`);
  return `  {\n    bits: ${bits},\n${lines.join('')}  },\n`;
}

const keys = COUNTS.flatMap(([bits, count]) => Array.from({ length: count }, () => keyText(bits)));
writeFileSync(
  new URL('../src/guest/rsa-key-pool-data.ts', import.meta.url),
  `/**
 * RSA test keys with public exponent 65537, made by scripts/make-key-pool.ts. They are public: they protect nothing and must never be used
 * for anything but workloads and tests of this program. No kernel counterpart.
 */
export interface RsaKeyData {
  readonly bits: number;
  /** Base64 of the big-endian numbers; qi is the inverse of q modulo p. */
${PARTS.map((part) => `  readonly ${part}: string;\n`).join('')}}

export const RSA_KEY_DATA: readonly RsaKeyData[] = [
${keys.join('')}];
`,
);
