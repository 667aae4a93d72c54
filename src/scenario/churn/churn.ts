/**
 * Random churn of every verb, from a seed: what `apemu stress` does to a host while its guests work. No kernel counterpart.
 * Refusals are part of it: only invariants, findings and what the guests compute decide whether it went well.
 */
import { Prng } from '../../base/prng.ts';
import type { Machine } from '../../machine/machine.ts';
import type { Task } from '../../runtime/task.ts';
import { resultText } from '../verb-actions.ts';
import { FILE_VERBS } from './file-verbs.ts';
import { GUEST_VERBS } from './guest-verbs.ts';
import { HOST_USER_VERBS } from './host-user-verbs.ts';
import { HOST_VERBS } from './host-verbs.ts';
import { MDEV_VERBS } from './mdev-verbs.ts';
import { RESTORE } from './restore.ts';
import { Turn, type ChurnVerb, type Crew, type Need } from './turn.ts';

/** The tasks of a churn draw from those that have a target. */
export const CHURN_VERBS: readonly ChurnVerb[] = [...MDEV_VERBS, ...HOST_VERBS, ...GUEST_VERBS, ...FILE_VERBS, ...HOST_USER_VERBS, RESTORE];

/** Tasks that churn at the same time. */
const TASKS = 5;
const PAUSE_MS = 6;

export class Churn {
  /** How often each verb was done. */
  readonly counts: Record<string, number> = {};
  readonly crew: Crew;
  private readonly seed: number;
  private readonly over: (pausedMs: number) => boolean;
  /** A verb, as often as its weight says. */
  private readonly draw: readonly ChurnVerb[];

  /**
   * Each task ends as soon as `over` answers true: `pausedMs` is how long it has paused between its verbs, which is a measure of time
   * also where the clock jumps.
   */
  constructor(machine: Machine, seed: number, over: (pausedMs: number) => boolean) {
    this.seed = seed;
    this.over = over;
    const names = Array.from({ length: TASKS }, (_, i) => `churn${i}`);
    this.crew = { machine, names, removing: new Set(), acts: new Map() };
    this.draw = CHURN_VERBS.filter(hasTarget(machine)).flatMap((verb) => new Array<ChurnVerb>(verb.weight).fill(verb));
  }

  start(): Task[] {
    const { machine, names } = this.crew;
    const random = new Prng(this.seed);
    return names.map((name) => machine.layer.rt.spawn(name, (task) => this.run(new Turn(task, random.fork(name), this.crew))));
  }

  private async run(turn: Turn): Promise<void> {
    const { task, random, machine } = turn;
    for (let paused = 0; !this.over(paused);) {
      const { name, body } = random.pick(this.draw);
      const result = await body(turn);
      this.counts[name] = (this.counts[name] ?? 0) + 1;
      machine.events.emit('stress.verb', task.name, { verb: name, result: resultText(result) });
      const ms = random.below(PAUSE_MS);
      paused += ms;
      await machine.layer.rt.sleep(task, ms);
    }
  }
}

function hasTarget({ spec }: Machine): (verb: ChurnVerb) => boolean {
  const has: Record<Need, boolean> = {
    mdevs: spec.mdevs.length > 0,
    adapters: spec.adapters.length > 0,
    domains: spec.domains.length > 0,
    guests: spec.guests.length > 0,
    users: spec.workload !== undefined,
  };
  return ({ needs }) => needs.every((need) => has[need]);
}
