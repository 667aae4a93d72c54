/**
 * RSA-2048 private operations through the whole path - guest driver, NQAP under the CRYCB masks, card, interrupt or poll, DQAP - against
 * the same node:crypto call in a loop. Service time 0: what is left is what apemu costs. Rounds alternate.
 */
import { constants, createPrivateKey, privateDecrypt } from 'node:crypto';
import { rsaKeys } from '../src/guest/rsa-key-pool.ts';
import { loadScenario } from '../src/scenario/load.ts';
import { ScenarioRun } from '../src/scenario/run-scenario.ts';
import { median, type Figure } from './measure.ts';

const OPERATIONS = 150;
const ROUNDS = 9;

const scenario = (card: string): string => `
host:
  adapters: [{ id: 5, type: ${card} }]
  domains: [4]
  apmask: "-5"
  serviceScale: 0
mdevs: [{ name: m1, adapters: [5], domains: [4] }]
guests:
  - { name: g, mdev: m1, vcpus: 1, workload: { rsa: { operations: ${OPERATIONS}, bits: [2048], forms: [crt] } } }
`;

/** Median milliseconds of one operation as the guest's program sees it. */
async function throughGuest(card: string, seed: number): Promise<number> {
  const run = new ScenarioRun({
    ...{ scenario: loadScenario(scenario(card), '<bench>'), design: 'guests-lock', seed, runtime: 'live', mode: 'run' },
    logger: { level: 'silent' },
  });
  const report = await run.start();
  if (!report.ok) throw new Error(`the benchmark run failed: ${report.findings.map(({ title }) => title).join('; ')}`);
  return report.guests[0]!.p50Ms;
}

function bare(): number {
  const key = rsaKeys(2048)[0]!;
  const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
  const [n, e, d, p, q, dp, dq, qi] = [key.n, key.e, key.d, key.p, key.q, key.dp, key.dq, key.qi].map(base64url);
  const jwk = { kty: 'RSA', n: n!, e: e!, d: d!, p: p!, q: q!, dp: dp!, dq: dq!, qi: qi! };
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' });
  const input = new Uint8Array(256).fill(1);
  const times: number[] = [];
  for (let i = 0; i < OPERATIONS; i++) {
    const since = performance.now();
    privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, input);
    times.push(performance.now() - since);
  }
  return median(times);
}

export async function rsaPath(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const card of ['CEX8A', 'CEX8C']) {
    bare();
    await throughGuest(card, 0);
    const ratios: number[] = [];
    let [direct, guest] = [0, 0];
    for (let round = 1; round <= ROUNDS; round++) {
      direct = bare();
      guest = await throughGuest(card, round);
      ratios.push(direct / guest);
    }
    const note = `${(1000 / guest).toFixed(0)} operations/s through the guest, ${(1000 / direct).toFixed(0)} directly`;
    figures.push({
      name: `RSA-2048 CRT through guest and ${card}, share of node:crypto`,
      value: median(ratios),
      goal: { atLeast: 0.7 },
      note,
    });
  }
  return figures;
}
