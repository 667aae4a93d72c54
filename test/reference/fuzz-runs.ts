/**
 * Random lives of hosts until so many operations have been compared. Seeds follow from one number, so that a run can be had again.
 */
import fc from 'fast-check';
import { compare, type FuzzOptions } from './fuzz.ts';
import { operations } from './generators.ts';

/** Lives a batch: each batch has a seed of its own. */
const LIVES = 20;

export interface RunOptions extends FuzzOptions {
  readonly seed: number;
  /** At least so many. */
  readonly operations: number;
  /** A difference is reported as it was found, not made small. Default false. */
  readonly asFound?: boolean;
}

/** Operations that were compared. Throws what fast-check has made of the first difference: seed, path, smallest list, what differed. */
export async function fuzz({ seed, operations: wanted, asFound = false, ...options }: RunOptions): Promise<number> {
  let compared = 0;
  const life = fc.asyncProperty(operations, async (list) => {
    await compare(list, options);
    compared += list.length;
  });
  for (let batch = 0; compared < wanted; batch++) {
    await fc.assert(life, { seed: seed + batch, numRuns: LIVES, endOnFailure: asFound });
  }
  return compared;
}
