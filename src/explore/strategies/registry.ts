/**
 * The strategies by name, as the command line knows them.
 */
import { MAX_STEPS } from '../explorer.ts';
import type { Search, SearchFactory, SearchOptions } from '../search.ts';
import { Bounded, type BoundKind } from './bounded.ts';
import { Dfs } from './dfs.ts';
import { Dpor } from './dpor.ts';
import { Fair } from './fair.ts';
import { Greybox } from './greybox.ts';
import { Pct } from './pct.ts';
import { Portfolio } from './portfolio.ts';
import { Pos } from './pos.ts';
import { RandomWalk } from './random-walk.ts';
import { Surw } from './surw.ts';
import { Urw } from './urw.ts';

export interface StrategyEntry {
  /** As a user writes it. */
  readonly name: string;
  /** One line. */
  readonly help: string;
}

interface Family extends StrategyEntry {
  /** Its names; what the group `n` matches is its number. */
  readonly pattern: RegExp;
  readonly make: (options: SearchOptions, n: number | null) => Search;
}

export const DEFAULT_STRATEGY = 'portfolio';

/** Share of the longest run after which everybody takes turns: what then has no end has none in any fair schedule. */
const SUFFIX_SHARE = 0.5;

const suffixAfter = (maxSteps = MAX_STEPS): number => Math.floor(maxSteps * SUFFIX_SHARE);

/** For searches that might let one task poll for ever by mere bad luck. */
const endsFairly = (search: Search, { maxSteps }: SearchOptions): Search =>
  new Fair(search, { suffixAfter: suffixAfter(maxSteps), polls: false });

/** For those that try everything, and so would try polling for ever. */
const fair = (search: Search, { maxSteps }: SearchOptions): Search => new Fair(search, { suffixAfter: suffixAfter(maxSteps), polls: true });

const bounded =
  (kind: BoundKind) =>
  (options: SearchOptions, n: number | null): Search =>
    fair(new Bounded(kind, n ?? undefined), options);

const PCT_DEPTH = 3;

function portfolio(options: SearchOptions): Search {
  const { seed } = options;
  return new Portfolio(options, [
    new RandomWalk({ seed: seed + 1 }),
    endsFairly(new Pos({ seed: seed + 2 }), options),
    endsFairly(new Surw({ seed: seed + 3 }), options),
    endsFairly(new Urw({ seed: seed + 4 }), options),
    endsFairly(new Pct({ seed: seed + 5 }, PCT_DEPTH), options),
    new Greybox({ seed: seed + 6 }),
  ]);
}

const FAMILIES: readonly Family[] = [
  {
    name: 'portfolio',
    pattern: /^portfolio$/,
    help: 'random, pos, surw, urw, pct3 and greybox by turns, most often what finds something new (default)',
    make: portfolio,
  },
  {
    name: 'random',
    pattern: /^random$/,
    help: 'uniform random walk: shallow bugs',
    make: (options) => new RandomWalk(options),
  },
  {
    name: 'pos',
    pattern: /^pos$/,
    help: 'partial order sampling: random priorities of steps, drawn anew after races',
    make: (options) => endsFairly(new Pos(options), options),
  },
  {
    name: 'urw',
    pattern: /^urw$/,
    help: 'every schedule about as likely as every other: long stretches of one task',
    make: (options) => endsFairly(new Urw(options), options),
  },
  {
    name: 'surw',
    pattern: /^surw$/,
    help: 'uniform over the orders at one object, another one in each run: long programs',
    make: (options) => endsFairly(new Surw(options), options),
  },
  {
    name: 'pctN',
    pattern: /^pct(?<n>[1-9]\d?)$/,
    help: 'random priorities with N - 1 changes (pct2, pct3, pct5): bugs that need N constraints',
    make: (options, n) => endsFairly(new Pct(options, n ?? PCT_DEPTH), options),
  },
  {
    name: 'greybox',
    pattern: /^greybox$/,
    help: 'varies schedules that brought new hand-overs',
    make: (options) => new Greybox(options),
  },
  {
    name: 'preemption[N]',
    pattern: /^preemption(?<n>\d{1,3})?$/,
    help: 'everything with 0, 1, 2, ... preemptions, up to N',
    make: bounded('preemption'),
  },
  {
    name: 'delay[N]',
    pattern: /^delay(?<n>\d{1,3})?$/,
    help: 'everything with 0, 1, 2, ... departures from round robin, up to N',
    make: bounded('delay'),
  },
  {
    name: 'dpor',
    pattern: /^dpor$/,
    help: 'every order of dependent steps once: proves that there is no bug',
    // Not fair to polls: a candidate that is withheld would be missing where a race says that it should come first.
    make: (options) => endsFairly(new Dpor(), options),
  },
  {
    name: 'dfs',
    pattern: /^dfs$/,
    help: 'every schedule, without reduction: tiny programs',
    make: (options) => fair(new Dfs(), options),
  },
];

/** What can be asked for, for help and error messages. */
export const STRATEGIES: readonly StrategyEntry[] = FAMILIES;

/** Null when nothing is called that. */
export function strategyByName(name: string): SearchFactory | null {
  for (const { pattern, make } of FAMILIES) {
    const match = pattern.exec(name);
    if (match === null) continue;
    const n = match.groups?.['n'];
    return (options) => make(options, n === undefined ? null : Number(n));
  }
  return null;
}
