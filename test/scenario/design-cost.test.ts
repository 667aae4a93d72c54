/**
 * Goal: what a design costs follows from what it waits for. Method: the figures of designs that differ in that; time is virtual, so they are
 * exact.
 */
import { describe, expect, test } from 'vitest';
import { designCost } from '../../src/scenario/design-cost.ts';

/** One look at a queue that is being reset. */
const RESET_MS = 20;

describe('beside the reset of another mdev', () => {
  test('a handler under the lock of the driver stalls its guest, and KVM behind it', async () => {
    const { reset } = await designCost('guests-lock');
    expect(reset).toMatchObject({ stallMs: RESET_MS, kvmStallMs: RESET_MS });
    expect(reset.contentions).toBeGreaterThan(0);
    expect(reset.waitMs).toBeGreaterThanOrEqual(RESET_MS);
  });

  test('one that has left the vCPU stalls its guest only', async () => {
    const { reset } = await designCost('user-space-pqap');
    expect(reset).toMatchObject({ stallMs: RESET_MS, kvmStallMs: 0 });
  });

  test('one with a lock for its queue stalls nobody, and the vCPU keeps its pace', async () => {
    const { reset } = await designCost('queue-lock');
    expect(reset).toEqual({ perSecond: 1000, meanMs: 0, stallMs: 0, kvmStallMs: 0, contentions: 0, waitMs: 0 });
  });
});

describe('under hot plug', () => {
  test('the guest waits for each reset, and so does the next change', async () => {
    const { hotPlug } = await designCost('guests-lock');
    expect(hotPlug).toMatchObject({ stallMs: RESET_MS, kvmStallMs: RESET_MS });
    expect(hotPlug!.changesPerSecond).toBeCloseTo(2000 / (RESET_MS + 1), 0);
  });

  test('a design without it has no figures', async () => {
    expect((await designCost('global-mutex')).hotPlug).toBe(null);
  });
});

test('a design that does not exist is refused', async () => {
  await expect(designCost('nix')).rejects.toThrow(new RangeError('expected the name of a locking design, got nix'));
});
