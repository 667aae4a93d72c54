/**
 * RSA-2048 private operations through the whole path against the same node:crypto call in a loop: of a guest (its driver, NQAP under the
 * CRYCB masks, card, interrupt or poll, DQAP), and of the host (zcrypt, choice of the queue, NQAP, card, interrupt, DQAP).
 * Service time 0: what is left is what apemu costs. Rounds alternate.
 */
import { constants, createPrivateKey, privateDecrypt } from 'node:crypto';
import { rsaKeys } from '../src/guest/rsa-key-pool.ts';
import { loadScenario } from '../src/scenario/load.ts';
import type { RunReport } from '../src/scenario/run-report.ts';
import { ScenarioRun } from '../src/scenario/run-scenario.ts';
import { median, type Figure } from './measure.ts';

const OPERATIONS = 150;
const ROUNDS = 9;
/** Rounds until the code of a path has been compiled for good. */
const WARM_UP = 12;
/** Of node:crypto, through apemu. */
const GOAL = 0.9;

interface Path {
  readonly who: string;
  readonly scenario: (card: string) => string;
  /** Median milliseconds of one operation as the program sees it. */
  readonly p50Ms: (report: RunReport) => number;
}

const WORK = `operations: ${OPERATIONS}, bits: [2048], forms: [crt]`;

const PATHS: readonly Path[] = [
  {
    who: 'guest',
    scenario: (card) => `
host: { adapters: [{ id: 5, type: ${card} }], domains: [4], apmask: "-5", serviceScale: 0 }
mdevs: [{ name: m1, adapters: [5], domains: [4] }]
guests: [{ name: g, mdev: m1, vcpus: 1, workload: { rsa: { ${WORK} } } }]
`,
    p50Ms: ({ guests }) => guests[0]!.p50Ms,
  },
  {
    who: 'zcrypt',
    scenario: (card) => `
host: { adapters: [{ id: 5, type: ${card} }], domains: [4], serviceScale: 0, workload: { rsa: { ${WORK} } } }
`,
    p50Ms: ({ host }) => host!.p50Ms,
  },
];

async function through({ scenario, p50Ms }: Path, card: string, seed: number): Promise<number> {
  const run = new ScenarioRun({
    ...{ scenario: loadScenario(scenario(card), '<bench>'), design: 'guests-lock', seed, runtime: 'live', mode: 'run' },
    logger: { level: 'silent' },
  });
  const report = await run.start();
  if (!report.ok) throw new Error(`the benchmark run failed: ${report.findings.map(({ title }) => title).join('; ')}`);
  return p50Ms(report);
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

async function share(path: Path, card: string): Promise<Figure> {
  bare();
  for (let round = 0; round < WARM_UP; round++) await through(path, card, 0);
  const ratios: number[] = [];
  let [direct, emulated] = [0, 0];
  for (let round = 1; round <= ROUNDS; round++) {
    direct = bare();
    emulated = await through(path, card, round);
    ratios.push(direct / emulated);
  }
  return {
    name: `RSA-2048 CRT through ${path.who} and ${card}, share of node:crypto`,
    value: median(ratios),
    goal: { atLeast: GOAL },
    note: `${(1000 / emulated).toFixed(0)} operations/s through ${path.who}, ${(1000 / direct).toFixed(0)} directly`,
  };
}

export async function rsaPath(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const path of PATHS) for (const card of ['CEX8A', 'CEX8C']) figures.push(await share(path, card));
  return figures;
}
