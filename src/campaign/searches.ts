/**
 * The searches that a campaign can be asked for, by name. No kernel counterpart.
 */
import type { Search } from '../explore/search.ts';
import { Dfs } from '../explore/strategies/dfs.ts';
import { RandomWalk } from '../explore/strategies/random-walk.ts';

export const DEFAULT_STRATEGY = 'random';
export const EXHAUSTIVE_STRATEGY = 'dfs';

export const strategyNames = (): string[] => ['random', 'dfs'];

/** Undefined when there is no search of that name. */
export function searchByName(name: string, seed: number): Search | undefined {
  if (name === 'random') return new RandomWalk({ seed });
  return name === 'dfs' ? new Dfs() : undefined;
}
