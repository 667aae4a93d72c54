/**
 * Small random programs over locks, unguarded fields, waits and wake-ups, and the set of everything that one of them can do: all its
 * schedules, walked depth first.
 */
import type { Prng } from '../../src/base/prng.ts';
import type { Guard } from '../../src/locks/guard.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import { LockLayer } from '../../src/locks/lock-layer.ts';
import type { GuardedField } from '../../src/locks/guarded-field.ts';
import type { Mutex } from '../../src/locks/mutex.ts';
import type { RwSemaphore } from '../../src/locks/rw-semaphore.ts';
import type { WaitQueue } from '../../src/locks/wait-queue.ts';
import type { ControlledOptions } from '../../src/runtime/controlled-options.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import type { Task } from '../../src/runtime/task.ts';
import { DfsStrategy } from './dfs-strategy.ts';

export type StepKind = 'lock' | 'try' | 'unlock' | 'read' | 'write' | 'load' | 'store' | 'wait' | 'wake' | 'racy-wake' | 'spawn';

interface Step {
  readonly kind: StepKind;
  /** Which mutex. */
  readonly i: number;
}

export type LockProgram = readonly (readonly Step[])[];

const PLAIN = [0, 1].map((i) => new LockClass(`m${i}`));
const TRYABLE = [0, 1].map((i) => new LockClass(`try-m${i}`, { tryable: true }));
const RW = new LockClass('rw');
const MAP = new LockClass('map');

/** Two tasks of up to five steps or three of up to three; a step whose precondition does not hold is left out at run time. */
export function randomProgram(random: Prng, kinds: readonly StepKind[]): LockProgram {
  const tasks = 2 + random.below(2);
  const length = tasks === 2 ? 5 : 3;
  return Array.from({ length: tasks }, () => Array.from({ length }, () => ({ kind: random.pick(kinds), i: random.below(2) })));
}

/** One execution of a program: its objects, and what its tasks saw. */
class Execution {
  private readonly seen: string[][];
  private readonly rt: ControlledRuntime;
  private readonly program: LockProgram;
  private readonly mutexes: readonly Mutex[];
  private readonly rw: RwSemaphore;
  private readonly queue: WaitQueue;
  private readonly shared: GuardedField<number>;
  private readonly racyFlag: GuardedField<boolean>;
  private readonly written = [0, 0, 0];
  private ready = false;

  constructor(rt: ControlledRuntime, locks: LockLayer, program: LockProgram) {
    this.rt = rt;
    const tried = (i: number): boolean => program.some((steps) => steps.some((step) => step.kind === 'try' && step.i === i));
    this.mutexes = [0, 1].map((i) => locks.mutex((tried(i) ? TRYABLE : PLAIN)[i]!, `m${i}`));
    this.rw = locks.rwSemaphore(RW, 'rw');
    this.queue = locks.waitQueue(locks.map(MAP, 'map'));
    this.shared = locks.field({ name: 'x' }, 'shared', 0);
    this.racyFlag = locks.field({ name: 'x' }, 'flag', false);
    this.seen = program.map(() => []);
    this.program = program;
  }

  start(): void {
    this.program.forEach((steps, t) => this.rt.spawn(`t${t}`, (task) => this.run(task, t, steps)));
  }

  get state(): string {
    return `${this.seen.map((list) => list.join(',')).join('|')} ${this.written.join(',')} ${this.shared.inspect()}`;
  }

  private async run(task: Task, t: number, steps: readonly Step[]): Promise<void> {
    const held: (Guard | null)[] = [null, null, null];
    for (const [k, step] of steps.entries()) await this.step(task, step, { held, seen: this.seen[t]!, mark: t * 10 + k + 1 });
    for (const guard of held) guard?.release();
    this.seen[t]!.push('end');
  }

  private async step(task: Task, { kind, i }: Step, at: { held: (Guard | null)[]; seen: string[]; mark: number }): Promise<void> {
    const { held, seen, mark } = at;
    const note = (slot: number, writes: boolean): void => {
      seen.push(`${slot}:${this.written[slot]}`);
      if (writes) this.written[slot] = mark;
    };
    if (kind === 'lock' && held[i] === null) {
      held[i] = await this.mutexes[i]!.acquire(task);
      note(i, true);
    } else if (kind === 'try' && held[i] === null) {
      held[i] = await this.mutexes[i]!.tryAcquire(task);
      if (held[i] === null) seen.push('busy');
      else note(i, false);
    } else if (kind === 'unlock') {
      held[i]?.release();
      held[i] = null;
    } else if (kind === 'read' || kind === 'write') {
      if (held[2] === null) {
        held[2] = await this.rw[kind](task);
        note(2, kind === 'write');
      } else {
        held[2]!.release();
        held[2] = null;
      }
    } else if (kind === 'load') seen.push(`l${await this.shared.read(task)}`);
    else if (kind === 'store') await this.shared.write(task, mark);
    else if (kind === 'wait' && held[0] !== null) {
      await this.queue.wait(task, () => this.ready || this.racyFlag.inspect(), { drop: held[0]! });
      note(0, false);
    } else if (kind === 'wake' && held[0] !== null) {
      this.ready = true;
      this.queue.wakeAll(task);
    } else if (kind === 'racy-wake') {
      await this.racyFlag.write(task, true);
      this.queue.wakeAll(task);
    } else if (kind === 'spawn') this.spawnAttempt(i, seen);
  }

  /** Another task that only looks whether the lock is free, if it may: program order between a release and a spawn. */
  private spawnAttempt(i: number, seen: string[]): void {
    const mutex = this.mutexes[i]!;
    if (!mutex.cls.tryable) return;
    this.rt.spawn('attempt', async (task) => {
      using guard = await mutex.tryAcquire(task);
      seen.push(guard === null ? 'child-busy' : 'child-free');
    });
  }
}

export interface Outcomes {
  readonly all: ReadonlySet<string>;
  readonly runs: number;
}

/** Everything the program can do, or null when it has more schedules than `runsMax`. */
export async function allOutcomes(
  program: LockProgram,
  releaseSteps: NonNullable<ControlledOptions['releaseSteps']>,
  runsMax: number,
): Promise<Outcomes | null> {
  const dfs = new DfsStrategy();
  const all = new Set<string>();
  let runs = 0;
  do {
    if (++runs > runsMax) return null;
    dfs.begin();
    const rt = new ControlledRuntime({ seed: 1, strategy: dfs, releaseSteps, record: false });
    const locks = new LockLayer(rt, { validate: false, waitFor: false });
    const execution = new Execution(rt, locks, program);
    execution.start();
    const outcome = await rt.run();
    if (outcome === 'failed') throw rt.failure;
    all.add(`${outcome} ${execution.state}`);
  } while (dfs.advance());
  return { all, runs };
}

/** The first of at most `runsMax` schedules, in random order, in which the validator reports something; 0 when there is none. */
export async function firstReport(program: LockProgram, runsMax: number): Promise<number> {
  for (let seed = 1; seed <= runsMax; seed++) {
    const rt = new ControlledRuntime({ seed, record: false });
    const locks = new LockLayer(rt, { waitFor: false });
    new Execution(rt, locks, program).start();
    await rt.run();
    if (locks.findings.list.some(({ kind }) => kind === 'lock-order' || kind === 'recursive-lock')) return seed;
  }
  return 0;
}
