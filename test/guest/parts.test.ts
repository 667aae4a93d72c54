/**
 * Goal: the small parts of a guest: keys that are keys, percentiles, patience, vCPU of a task. Method: unit tests with known values.
 */
import { describe, expect, test } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { Task } from '../../src/runtime/task.ts';
import { modPowBigInt } from '../../src/crypto-adapters/mod-pow.ts';
import { LatencyHistogram } from '../../src/guest/latency-histogram.ts';
import { Patience } from '../../src/guest/patience.ts';
import { RSA_KEY_BITS, rsaKeys, type RsaKey } from '../../src/guest/rsa-key-pool.ts';
import { VcpuInstructions } from '../../src/guest/vcpu-instructions.ts';
import { ScriptedInstructions } from '../helpers/scripted-instructions.ts';

const big = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

describe('the key pool', () => {
  test('has keys of the usual lengths, each another one', () => {
    expect(RSA_KEY_BITS.map((bits) => [bits, rsaKeys(bits).length])).toEqual([
      [512, 2],
      [1024, 4],
      [2048, 4],
      [3072, 2],
      [4096, 4],
    ]);
    const moduli = RSA_KEY_BITS.flatMap((bits) => rsaKeys(bits).map(({ n }) => big(n)));
    expect(new Set(moduli).size).toBe(16);
  });

  test('refuses lengths it does not have', () => {
    expect(() => rsaKeys(768)).toThrow('expected an RSA key length among 512, 1024, 2048, 3072, 4096, got 768');
  });

  test.each(RSA_KEY_BITS.flatMap((bits) => rsaKeys(bits).map((key, at) => [`RSA-${bits} #${at}`, key] as const)))(
    '%s: its parts belong together',
    (_name: string, key: RsaKey) => {
      const [n, d, p, q, dp, dq, qi] = [key.n, key.d, key.p, key.q, key.dp, key.dq, key.qi].map(big) as [
        bigint,
        bigint,
        bigint,
        bigint,
        bigint,
        bigint,
        bigint,
      ];
      expect(key.n.length * 8).toBe(key.bits);
      expect(key.n[0]! & 0x80).toBe(0x80);
      expect(p * q).toBe(n);
      expect([d % (p - 1n), d % (q - 1n), (q * qi) % p]).toEqual([dp, dq, 1n]);
      expect([(65537n * dp) % (p - 1n), (65537n * dq) % (q - 1n)]).toEqual([1n, 1n]);
      const input = new Prng(key.bits).bytes(key.n.length);
      input[0] = 1;
      expect(big(key.publicOperation(input))).toBe(modPowBigInt(big(input), 65537n, n));
    },
  );
});

describe('the latency histogram', () => {
  test('gives percentiles within the width of a bucket', () => {
    const histogram = new LatencyHistogram();
    for (let ms = 1; ms <= 1000; ms++) histogram.add(ms);
    expect(histogram.count).toBe(1000);
    for (const share of [0.01, 0.5, 0.99]) expect(histogram.percentile(share) / (share * 1000)).toBeCloseTo(1.008, 1);
    expect(histogram.percentile(1)).toBe(1000);
  });

  test('takes nothing, zero and hours', () => {
    const histogram = new LatencyHistogram();
    expect(histogram.percentile(0.5)).toBe(0);
    histogram.add(0);
    expect(histogram.percentile(0.5)).toBe(0);
    histogram.add(1e7);
    histogram.add(1e7);
    expect(histogram.percentile(0.99)).toBeGreaterThan(2e6);
  });
});

describe('patience', () => {
  test('is used up by waiting, a jump of the clock counts as the one wait it interrupted', () => {
    const patience = new Patience(100, () => false, 10);
    patience.spend(30, 50);
    expect(patience.left).toBe(70);
    patience.spend(900_000, 50);
    expect(patience.left).toBe(20);
    patience.spend(50, 50);
    expect(patience.left).toBe(0);
  });

  test('shrinks once when a stop is requested', () => {
    let stop = false;
    const patience = new Patience(100, () => stop, 10);
    expect(patience.left).toBe(100);
    stop = true;
    expect(patience.left).toBe(10);
    patience.spend(4, 50);
    expect(patience.left).toBe(6);
  });
});

test('an instruction is executed on the vCPU of its task, by nobody else', () => {
  const instructions = new VcpuInstructions();
  const [first, second] = [new ScriptedInstructions(), new ScriptedInstructions()];
  const [a, b] = [new Task(0, 'CPU 0/KVM', null, false), new Task(1, 'CPU 1/KVM', null, false)];
  const cpu = (id: number, on: ScriptedInstructions) => ({
    ...{ id, instructions: on, takeInterruption: () => null, idle: () => true, kick: () => undefined },
    ...{ storeChannelReportWord: () => null, storeEventInformation: () => ({ code: 5, nt: 0, flags: 0, rs: 0, cc: 0 }) },
  });
  instructions.enter(a, cpu(0, first));
  instructions.enter(b, cpu(1, second));
  void instructions.rapq(b, 1);
  expect([first.calls, second.calls]).toEqual([[], ['rapq']]);
  instructions.leave(b);
  expect(() => instructions.rapq(b, 1)).toThrow('expected the task of a vCPU to issue an AP instruction, got CPU 1/KVM');
});
