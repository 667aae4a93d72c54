/**
 * One turn of a task of the churn: what a verb is given, and who else churns. No kernel counterpart.
 */
import type { Errno } from '../../base/errno.ts';
import type { Prng } from '../../base/prng.ts';
import type { Machine } from '../../machine/machine.ts';
import type { Task } from '../../runtime/task.ts';
import { perform, type Action } from '../verb-actions.ts';

/** What the tasks of one churn share. */
export interface Crew {
  readonly machine: Machine;
  /** Names of the tasks. */
  readonly names: readonly string[];
  /** Those that are in the removal of an mdev, which may have to wait for its user. */
  readonly removing: Set<string>;
  /** How often each verb of a scenario was done, inside those of the churn. */
  readonly acts: Map<Action['kind'], number>;
}

export class Turn {
  readonly task: Task;
  readonly random: Prng;
  readonly crew: Crew;

  constructor(task: Task, random: Prng, crew: Crew) {
    this.task = task;
    this.random = random;
    this.crew = crew;
  }

  get machine(): Machine {
    return this.crew.machine;
  }

  /** As an event of a scenario does it. */
  act(action: Action): Promise<Errno> {
    const { acts } = this.crew;
    acts.set(action.kind, (acts.get(action.kind) ?? 0) + 1);
    return perform(this.task, this.machine, action);
  }

  write(path: string, value: string): Promise<Errno> {
    return this.act({ kind: 'write', path, value });
  }

  /** A random time below `ms`, for others to come in between. */
  async pause(ms: number): Promise<void> {
    await this.machine.layer.rt.sleep(this.task, this.random.below(ms));
  }

  /** Somebody else does `body` meanwhile; answers the task, which has to be joined. */
  meanwhile(who: string, body: (turn: Turn) => Promise<unknown>): Task {
    const random = this.random.fork(`${who} ${this.random.next()}`);
    return this.machine.layer.rt.spawn(`${this.task.name}/${who}`, async (task) => void (await body(new Turn(task, random, this.crew))));
  }

  async join(other: Task): Promise<void> {
    await this.machine.layer.rt.join(this.task, other);
  }
}

export type ChurnBody = (turn: Turn) => Promise<Errno>;
/** What a host must have for a verb to have a target. */
export type Need = 'mdevs' | 'adapters' | 'domains' | 'guests' | 'users';

export interface ChurnVerb {
  readonly name: string;
  /** How often it is drawn, against those of the others. */
  readonly weight: number;
  readonly needs: readonly Need[];
  readonly body: ChurnBody;
}

/** What no number file takes. */
export const NONSENSE: readonly string[] = ['', 'x', '-1', '256', '0x', '08', '5 ', '1\n\n', '99999999999999999999'];
