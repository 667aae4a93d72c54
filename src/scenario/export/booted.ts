/**
 * A scenario's host as it is when it has booted: on virtual time, without a workload, so that the same scenario always gives the same state.
 * No kernel counterpart.
 */
import { EventLog } from '../../base/event-log.ts';
import { createLogger } from '../../base/logger.ts';
import { TasksFirst } from '../../explore/strategies/tasks-first.ts';
import { LockLayer } from '../../locks/lock-layer.ts';
import { BootError, Machine } from '../../machine/machine.ts';
import { ControlledRuntime } from '../../runtime/controlled.ts';
import type { Task } from '../../runtime/task.ts';
import type { DesignFactory } from '../../vfio-ap/locking/port.ts';
import { ScenarioError } from '../place.ts';
import type { Scenario } from '../scenario.ts';

/** Calls `look` when the host is up. ScenarioError when a step of the boot is refused. */
export async function whenBooted(
  scenario: Scenario,
  design: DesignFactory,
  look: (task: Task, machine: Machine) => Promise<void>,
): Promise<void> {
  const rt = new ControlledRuntime({ seed: 0, strategy: TasksFirst, record: false, maxSteps: Number.POSITIVE_INFINITY });
  const layer = new LockLayer(rt);
  const now = (): number => rt.now();
  const { workload: _, ...host } = scenario.host;
  const spec = { ...host, guests: host.guests.map((guest) => ({ ...guest, workload: null })) };
  const log = createLogger({ level: 'silent', now });
  const quirks = new Set(scenario.quirks);
  const machine = new Machine({ layer, spec, design, seed: 0, log, events: new EventLog(now), quirks, bareGuests: true });
  let failure: unknown;
  rt.onTaskEnd((_task, error) => (failure ??= error));
  rt.spawn('export', async (task) => {
    await machine.boot(task);
    await look(task, machine);
    machine.bus.stop();
  });
  const outcome = await rt.run();
  machine.bus.stop();
  if (failure instanceof BootError) {
    const place = { file: scenario.source, line: 1, column: 1 };
    throw new ScenarioError(place, [], { expected: 'a host that boots', got: failure.message });
  }
  if (failure !== undefined) throw failure;
  if (outcome === 'done') return;
  const found = layer.findings.list[0]?.title ?? outcome;
  throw new ScenarioError({ file: scenario.source, line: 1, column: 1 }, [], { expected: 'a host that boots to the end', got: found });
}
