/**
 * One controlled random walk of a scenario under one locking design: the host is booted, the scenario's tasks run beside each other, and
 * whatever comes of it (a deadlock, findings, errors of tasks) is the answer.
 */
import { countLeftovers, isClean, leakFinding } from '../../src/machine/quiescence.ts';
import type { Finding } from '../../src/locks/finding.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import { Prng } from '../../src/base/prng.ts';
import { RandomStrategy } from '../../src/runtime/random-strategy.ts';
import type { Runnable, Strategy } from '../../src/runtime/strategy.ts';
import type { Task } from '../../src/runtime/task.ts';
import { designByName } from '../../src/vfio-ap/locking/designs.ts';
import type { DesignFactory } from '../../src/vfio-ap/locking/port.ts';
import { Host } from '../helpers/host.ts';

/** A random walk that mostly lets the same task go on: one task may be overtaken by all that another one does. */
class StickyStrategy implements Strategy {
  private readonly random: Prng;

  constructor(seed: number) {
    this.random = new Prng(seed);
  }

  choose(candidates: readonly Runnable[], n: number, running: Runnable | null): number {
    const same = running === null ? -1 : candidates.slice(0, n).indexOf(running);
    return same >= 0 && this.random.below(8) > 0 ? same : this.random.below(n);
  }

  chooseValue(_site: string, n: number): number {
    return this.random.below(n);
  }
}

type Body = (task: Task) => Promise<unknown>;

export interface Scenario {
  /** Runs alone, after the host has booted. */
  setup(host: Host, task: Task): Promise<void>;
  /** Run beside each other, by the names of their tasks. */
  tasks(host: Host): Readonly<Record<string, Body>>;
  /** Runs alone, when all of them have ended. */
  after?(host: Host, task: Task): Promise<void>;
}

export interface Walk {
  readonly host: Host;
  readonly outcome: string;
  readonly findings: readonly Finding[];
  readonly errors: readonly string[];
}

/** By name, or a design of a file. */
export type DesignUnderTest = string | DesignFactory;

export async function walk(design: DesignUnderTest, scenario: Scenario, seed: number): Promise<Walk> {
  const rt = new ControlledRuntime({ seed, strategy: seed % 2 === 0 ? new StickyStrategy(seed) : new RandomStrategy(seed) });
  const errors: string[] = [];
  rt.onTaskEnd((task, error) => {
    if (error !== undefined) errors.push(`${task.name}: ${error instanceof Error ? error.message : 'no error object'}`);
  });
  const host = new Host(rt, { design: typeof design === 'string' ? designByName(design)! : design, findings: true });
  rt.spawn('test', async (task) => {
    await host.machine.boot(task);
    await scenario.setup(host, task);
    host.happened();
    const tasks = Object.entries(scenario.tasks(host)).map(([name, body]) => rt.spawn(name, async (t) => void (await body(t))));
    for (const other of tasks) await rt.join(task, other);
    await scenario.after?.(host, task);
    await host.rest(task, true);
    // The bus may be in the middle of a scan of its own, with its locks held.
    const left = { ...countLeftovers(host.machine, task), locksHeld: 0 };
    if (!isClean(left)) host.layer.findings.report(leakFinding(left, rt.now()));
  });
  const outcome = await rt.run();
  host.machine.bus.stop();
  return { host, outcome, findings: host.layer.findings.list, errors };
}

/**
 * Titles of what was found in walks from the seed 1 on, by kind; an error of a task is of the kind `error`. Ends as soon as every kind of
 * `until` was found, if there are any.
 */
export async function walks(
  design: DesignUnderTest,
  scenario: Scenario,
  { seeds, until = [] }: { seeds: number; until?: readonly string[] },
): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  const note = (kind: string, title: string): void => void found.set(kind, (found.get(kind) ?? new Set()).add(title));
  for (let seed = 1; seed <= seeds; seed++) {
    const { findings, errors, outcome } = await walk(design, scenario, seed);
    for (const { kind, title } of findings) note(kind, title);
    for (const error of errors) note('error', error);
    if (outcome !== 'done' && !findings.some(({ kind }) => kind === 'deadlock')) note('outcome', outcome);
    if (until.length > 0 && until.every((kind) => found.has(kind))) break;
  }
  return found;
}
