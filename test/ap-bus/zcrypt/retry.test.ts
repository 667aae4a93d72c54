/**
 * How often a request is tried, whatever it is.
 */
import { describe, expect, test } from 'vitest';
import { EAGAIN, EINVAL, EIO, ENODEV, ERESTARTSYS } from '../../../src/base/errno.ts';
import type { Track } from '../../../src/ap-bus/zcrypt/choice.ts';
import { persevere } from '../../../src/ap-bus/zcrypt/retry.ts';

/** Answers one after the other, the last one for ever; 0 is success. */
function run(answers: readonly number[], changed: boolean) {
  const seen: number[] = [];
  let scans = 0;
  const attempt = async (track: Track): Promise<{ done: true } | { errno: number }> => {
    const errno = answers[Math.min(seen.length, answers.length - 1)]!;
    seen.push(track.again);
    return errno === 0 ? { done: true } : { errno };
  };
  const rescan = async (): Promise<boolean> => {
    scans++;
    return changed;
  };
  return persevere(attempt, rescan).then((answer) => ({ answer, seen, scans }));
}

describe('attempts', () => {
  test('the first success is the answer', async () => {
    expect(await run([EAGAIN, EAGAIN, 0], true)).toEqual({ answer: { done: true }, seen: [0, 1, 2], scans: 0 });
  });

  test('ten attempts at most, then -EIO', async () => {
    const { answer, seen, scans } = await run([EAGAIN], true);
    expect(answer).toEqual({ errno: EIO });
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(scans).toBe(0);
  });

  test.each([EINVAL, ERESTARTSYS, EIO])('errno %d ends it at once', async (errno) => {
    expect(await run([errno], true)).toEqual({ answer: { errno }, seen: [0], scans: 0 });
  });

  test('-ENODEV scans the bus; without a change it stays -ENODEV', async () => {
    expect(await run([EAGAIN, ENODEV], false)).toEqual({ answer: { errno: ENODEV }, seen: [0, 1], scans: 1 });
  });

  test('after a scan with a change there is one more round, whose attempts go on counting', async () => {
    const { answer, seen, scans } = await run([EAGAIN, EAGAIN, ENODEV, EAGAIN], true);
    expect(answer).toEqual({ errno: EIO });
    expect(seen).toEqual([0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(scans).toBe(1);
  });

  test('-ENODEV in the second round is the end', async () => {
    expect(await run([ENODEV], true)).toEqual({ answer: { errno: ENODEV }, seen: [0, 0], scans: 1 });
  });

  test('what else a failure says is kept', async () => {
    const answer = await persevere(
      async () => ({ errno: EAGAIN, status: 0x0008044d }),
      async () => false,
    );
    expect(answer).toEqual({ errno: EIO, status: 0x0008044d });
  });
});
