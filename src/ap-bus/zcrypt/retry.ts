/**
 * How often a request is tried (the loops of the ioctls in drivers/s390/crypto/zcrypt_api.c).
 */
import { EAGAIN, EIO, ENODEV } from '../../base/errno.ts';
import type { Track } from './choice.ts';
import { isFailure, type Failure } from './transfer.ts';

/** Attempts in total, also with a rescan in between. */
const MOST_ATTEMPTS = 10;

/**
 * Again while it ends with -EAGAIN. With -ENODEV the bus is scanned, and only if `rescan` says that something has changed there is another
 * round. -EIO when the attempts are used up.
 */
export async function persevere<Result extends object>(
  attempt: (track: Track) => Promise<Result | Failure>,
  rescan: () => Promise<boolean>,
): Promise<Result | Failure> {
  const track: Track = { again: 0, last: 0 };
  const round = async (): Promise<Result | Failure> => {
    for (;;) {
      const answer = await attempt(track);
      if (!isFailure(answer) || answer.errno !== EAGAIN || ++track.again >= MOST_ATTEMPTS) return answer;
    }
  };
  let answer = await round();
  if (isFailure(answer) && answer.errno === ENODEV && (await rescan())) answer = await round();
  return isFailure(answer) && answer.errno === EAGAIN ? { ...answer, errno: EIO } : answer;
}
