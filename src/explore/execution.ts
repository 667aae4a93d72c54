/**
 * One execution: a fresh world, prepared, run under a strategy, looked at when it is quiet, and dropped.
 */
import type { Finding } from '../locks/finding.ts';
import type { Lockdep } from '../locks/lockdep.ts';
import { LockLayer } from '../locks/lock-layer.ts';
import type { ControlledOutcome } from '../runtime/controlled-options.ts';
import { ControlledRuntime } from '../runtime/controlled.ts';
import type { StepRecorder } from '../runtime/footprint.ts';
import type { Strategy } from '../runtime/strategy.ts';
import type { Task } from '../runtime/task.ts';
import { TasksFirst } from './strategies/tasks-first.ts';
import { endFinding, monitorFindings, unprepared } from './end-finding.ts';
import { taskFailure } from './task-failure.ts';
import type { Program, ProgramRun, World } from './program.ts';

export interface ExecutionOptions {
  readonly strategy: Strategy;
  /** Of the runtime's random numbers; the same for all executions of a campaign. */
  readonly seed: number;
  readonly maxSteps: number;
  readonly recorder?: StepRecorder | null;
  readonly releaseSteps?: 'declared' | 'all';
  /** See ControlledOptions. */
  readonly starts?: 'steps' | 'eager';
  /** Which findings end the execution; default: all. */
  readonly stopAt?: (finding: Finding) => boolean;
  /** Learn the lock order: true by default; a validator that other executions share; or not at all. */
  readonly lockdep?: Lockdep | boolean;
  readonly waitFor?: boolean;
  /** See LockLayerOptions. Default true. */
  readonly maps?: boolean;
  /** Note where in the code things happen: slower, and what reports are made of. Default false. */
  readonly places?: boolean;
  /** Keep the list of choices. Default true. */
  readonly record?: boolean;
  /** Told how the explored part came to its end, before anything looks at what is left of it. */
  readonly onOutcome?: (outcome: ControlledOutcome, rt: ControlledRuntime) => void;
}

export interface Execution {
  readonly outcome: ControlledOutcome;
  readonly findings: readonly Finding[];
  /** Of the explored part. */
  readonly choices: readonly number[];
  readonly steps: number;
  readonly world: World;
  readonly run: ProgramRun;
}

export async function execute(program: Program, options: ExecutionOptions): Promise<Execution> {
  const { strategy, maxSteps, recorder = null, record = true } = options;
  const world = makeWorld(options);
  const { rt, layer } = world;
  const { findings } = layer;
  const stopAt = options.stopAt ?? ((): boolean => true);
  findings.onFinding((finding) => {
    if (stopAt(finding)) rt.stop();
  });
  rt.onTaskEnd((task, error) => {
    if (error !== undefined) findings.report(taskFailure(task, error, rt.now()));
  });
  const run = program.build(world);
  const prepared = run.setup === undefined || (await alone(rt, 'setup', run.setup));
  if (!prepared) {
    // A world that cannot be prepared is no clean one.
    if (findings.list.length === 0) findings.report(unprepared(rt));
    return { outcome: 'failed', findings: findings.list, choices: [], steps: 0, world, run };
  }
  rt.begin({ strategy, maxSteps, recorder });
  run.start();
  const outcome = await rt.run();
  options.onOutcome?.(outcome, rt);
  const choices = record ? [...rt.choices] : [];
  const { steps } = rt;
  const end = endFinding(outcome, rt, findings.list);
  if (end !== null) findings.report(end);
  for (const owed of monitorFindings(outcome, rt, run.monitors ?? [])) findings.report(owed);
  if (outcome === 'done' && run.finish !== undefined && !findings.list.some(stopAt)) await alone(rt, 'finish', run.finish);
  return { outcome, findings: findings.list, choices, steps, world, run };
}

function makeWorld(options: ExecutionOptions): World {
  const {
    seed,
    record = true,
    releaseSteps = 'declared',
    starts = 'steps',
    lockdep = true,
    waitFor = true,
    maps = true,
    places = false,
  } = options;
  const rt = new ControlledRuntime({ seed, strategy: TasksFirst, record, releaseSteps, starts });
  const validate = lockdep !== false;
  const layer = new LockLayer(rt, typeof lockdep === 'boolean' ? { validate, waitFor, maps, places } : { lockdep, waitFor, maps, places });
  return { rt, layer };
}

/** Runs one task to its end without exploring; false when the run did not come to that. */
async function alone(rt: ControlledRuntime, name: string, body: (task: Task) => Promise<void>): Promise<boolean> {
  rt.begin({ strategy: TasksFirst, maxSteps: Number.POSITIVE_INFINITY, recorder: null });
  let ended = false;
  rt.spawn(name, async (task) => {
    await body(task);
    ended = true;
  });
  await rt.run();
  return ended;
}
