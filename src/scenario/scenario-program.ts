/**
 * A scenario as something to explore: a fresh host for every execution, booted without choices; then the vCPUs with a workload and the
 * tasks of the events, nobody else; and in the end every guest gives its device back, and what is left is counted. Periodic scans are off,
 * and guests without a workload run nothing. No kernel counterpart.
 */
import { EventLog } from '../base/event-log.ts';
import { createLogger } from '../base/logger.ts';
import { HARDWARE_FAULTS, PLACE_STRIKES } from '../crypto-adapters/fault-places.ts';
import { createRsaEngine } from '../crypto-adapters/rsa-engine.ts';
import type { Program, ProgramRun, World } from '../explore/program.ts';
import { LockLayer } from '../locks/lock-layer.ts';
import { BootError } from '../machine/machine.ts';
import { ControlledRuntime } from '../runtime/controlled.ts';
import type { Task } from '../runtime/task.ts';
import { FAULTS } from '../vfio-ap/faults.ts';
import type { QuirkName } from '../vfio-ap/quirks.ts';
import { designOf } from './design-file.ts';
import { hostDigest } from './host-digest.ts';
import type { Scenario } from './scenario.ts';
import { isCheckable, ScenarioHost, waitsForWork } from './scenario-host.ts';
import { zpciProgram } from './zpci-program.ts';

export interface ScenarioProgramOptions {
  /** Name of a built-in locking design, or key of a loaded one. */
  readonly design: string;
  /** Instead of those of the scenario. */
  readonly quirks?: readonly QuirkName[];
  /** Of what is random in the guests: keys and messages. */
  readonly seed: number;
}

/** How many results of the cards are remembered: the same few keys come again and again. */
const MEMO = 20_000;

/** Throws a RangeError for a design that does not exist. */
export function scenarioProgram(scenario: Scenario, options: ScenarioProgramOptions): Program {
  if (scenario.zpci !== undefined) return zpciProgram(options.design, { name: scenario.name, scenario: scenario.zpci });
  const design = designOf(options.design);
  if (design === undefined) throw new RangeError(`expected the name of a locking design, got ${options.design}`);
  const shared = {
    design,
    bareGuests: true,
    quirks: new Set(options.quirks ?? scenario.quirks),
    faults: new Set(scenario.faults),
    log: createLogger({ level: 'silent', now: () => 0 }),
    // Results do not depend on who asks, or when: executions may share them.
    rsa: createRsaEngine({ memo: MEMO }),
  };
  const everyRelease = isCheckable(scenario);
  return {
    name: scenario.name,
    build({ layer, rt }: World): ProgramRun {
      const events = new EventLog(() => rt.now(), 0);
      const host = new ScenarioHost({ scenario, seed: options.seed, layer, machine: { ...shared, events } });
      return {
        setup: async (task) => void (await host.boot(task, { everyRelease })),
        start: () => start(host, scenario, rt),
        finish: async (task) => void (await host.rest(task)),
        digest: () => hostDigest(host.machine),
      };
    },
  };
}

/** Nobody waits for them: the execution ends when they have. */
function start(host: ScenarioHost, scenario: Scenario, rt: ControlledRuntime): void {
  const working = new Set<Task>();
  for (const vm of host.machine.vms) for (const task of vm.run()) working.add(task);
  for (const task of host.machine.hostLoad?.start() ?? []) working.add(task);
  host.player.start(scenario.events);
  if (!waitsForWork(scenario.events)) return;
  // An event whose share is never reached begins when the workloads have ended.
  const ended = (task: Task): void => {
    if (working.delete(task) && working.size === 0) host.work.end();
  };
  rt.onTaskEnd(ended);
}

/** What keeps the host from coming up as the scenario says; null when it does. */
export async function bootProblem(program: Program): Promise<BootError | null> {
  const rt = new ControlledRuntime({ seed: 0 });
  let problem: BootError | null = null;
  const run = program.build({ rt, layer: new LockLayer(rt) });
  rt.onTaskEnd((_task, error) => {
    if (error instanceof BootError) problem = error;
  });
  rt.spawn('setup', (task) => run.setup!(task));
  await rt.run();
  return problem;
}

/** What an exploration of the scenario leaves out, for statements about what was not found. */
export function unexplored(scenario: Scenario): string[] {
  if (scenario.zpci !== undefined) return ['requests for the device after the first one'];
  const left = FAULTS.filter(({ name }) => !scenario.faults.includes(name)).map(({ name, fails }) => `fault ${name} (${fails})`);
  const more = HARDWARE_FAULTS.filter(({ name }) => scenario.faults.includes(name)).map(
    ({ name }) => `fault ${name} more than ${PLACE_STRIKES} times in one execution`,
  );
  const timers = 'timers out of the order of their times: what is due first fires first, however long code takes';
  return [...left, ...more, 'periodic scans of the AP bus', timers, ...quietGuests(scenario), ...insideOfSlices(scenario)];
}

/** A slice of a program runs as a whole. */
function insideOfSlices({ host }: Scenario): string[] {
  const several = host.guests.filter(({ workload, vcpus }) => workload?.kind === 'code' && vcpus > 1).map(({ name }) => name);
  return several.length === 0 ? [] : [`other CPUs of a guest in the middle of a slice of machine code (${several.join(', ')})`];
}

function quietGuests({ host }: Scenario): string[] {
  const quiet = host.guests.filter(({ workload }) => workload === null).map(({ name }) => name);
  return quiet.length === 0 ? [] : [`the kernels of guests without a workload (${quiet.join(', ')})`];
}
