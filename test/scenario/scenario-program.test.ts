/**
 * Goal: what is explored of a scenario is its vCPUs and the tasks of its events, from the end of the boot to rest, and nothing else.
 * Method: single executions under strategies of the test.
 */
import { describe, expect, test } from 'vitest';
import { execute, type Execution } from '../../src/explore/execution.ts';
import { TasksFirst } from '../../src/explore/strategies/tasks-first.ts';
import { TimelineRecorder, type TimelineStep } from '../../src/explore/timeline.ts';
import { RandomStrategy } from '../../src/runtime/random-strategy.ts';
import type { Strategy } from '../../src/runtime/strategy.ts';
import { loadDefaultScenario, loadScenario } from '../../src/scenario/load.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { bootProblem, scenarioProgram, unexplored } from '../../src/scenario/scenario-program.ts';
import { scenarioText, THREE_WAYS } from '../campaign/small-scenario.ts';

const load = (text: string): Scenario => loadScenario(text, 'small.yaml');

interface Played extends Execution {
  readonly timeline: readonly TimelineStep[];
  readonly digest: string;
}

async function play(scenario: Scenario, strategy: Strategy = TasksFirst, design = 'guests-lock'): Promise<Played> {
  const recorder = new TimelineRecorder();
  const execution = await execute(scenarioProgram(scenario, { design, seed: 1 }), { strategy, seed: 1, maxSteps: 10_000, recorder });
  return { ...execution, timeline: recorder.steps, digest: execution.run.digest!() };
}

test('only vCPUs with a workload and the tasks of events make steps, and the boot leaves none behind', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { timeline, outcome, findings } = await play(load(THREE_WAYS), new RandomStrategy(seed));
    expect({ outcome, findings }).toEqual({ outcome: 'done', findings: [] });
    expect([...new Set(timeline.filter(({ id }) => id >= 0).map(({ task }) => task))].toSorted()).toEqual(['guest1/vcpu0', 'pv', 'qemu']);
    expect(timeline.filter(({ what }) => what.startsWith('start'))).toHaveLength(3);
  }
});

test('a guest without a workload has no tasks', async () => {
  const idle = load(scenarioText({ guests: '{ name: idle, mdev: m1 }', events: '{ task: admin, do: detach, guest: idle, expect: ok }' }));
  const { timeline, outcome } = await play(idle);
  expect(outcome).toBe('done');
  expect(timeline.map(({ task }) => task).filter((task) => task.startsWith('idle'))).toEqual([]);
  expect(timeline.map(({ task }) => task)).toContain('admin');
  expect(unexplored(idle)).toContainEqual('the kernels of guests without a workload (idle)');
});

test('a guest with a kernel of its own does its work, too', async () => {
  const worker = '{ name: g, mdev: m1, workload: { rsa: { operations: 2, bits: [512] } } }';
  const { outcome, findings, digest } = await play(load(scenarioText({ guests: worker })));
  expect({ outcome, findings }).toEqual({ outcome: 'done', findings: [] });
  expect(digest).toContain('"operations":2');
});

describe('an event that begins at a share of the operations', () => {
  const guest = '{ name: g, mdev: m1, workload: { instructions: [tapq 05.0004, tapq 05.0004] } }';
  const at = (when: string): Scenario =>
    load(scenarioText({ guests: guest, events: `{ at: ${when}, task: admin, read: /sys/bus/ap/apmask }` }));
  const order = ({ timeline }: Played): string[] =>
    timeline.filter(({ what }) => /^AP instruction|sysfs\.tree/.test(what)).map(({ task }) => task);

  test('waits for it, in any schedule', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const tasks = order(await play(at('{ op: 1 }'), new RandomStrategy(seed)));
      expect(tasks[0]).toBe('g/vcpu0');
      expect(tasks).toContain('admin');
    }
  });

  test('begins when the workloads have ended where it is never reached', async () => {
    const never = at('{ op: 2 }');
    // The guest does not get that far: its list is cut behind the back of the loader.
    const cut = structuredClone(never.host.guests[0]!.workload) as unknown as { cpus: unknown[][] };
    cut.cpus[0]!.pop();
    const host = { ...never.host, guests: [{ ...never.host.guests[0]!, workload: cut as never }] };
    const played = await play({ ...never, host });
    expect(played.outcome).toBe('done');
    expect(order(played).at(-1)).toBe('admin');
  });
});

test('what is left over in the end is a finding of the execution', async () => {
  const what = load(scenarioText({ events: '{ task: admin, do: unbind, queue: "05.0004" }' }));
  const found = new Set<string>();
  const program = scenarioProgram(what, { design: 'pqap-rwsem', seed: 1 });
  for (let seed = 1; seed <= 200 && !found.has('leak'); seed++) {
    const { findings } = await execute(program, { strategy: new RandomStrategy(seed), seed: 1, maxSteps: 10_000, stopAt: () => false });
    for (const { kind } of findings) found.add(kind);
  }
  expect(found).toContain('leak');
});

test('a wrong answer to an instruction is a finding of the execution', async () => {
  const guest = '{ name: g, mdev: m1, workload: { instructions: ["tapq 05.0004 expect 01"] } }';
  const { findings } = await play(load(scenarioText({ guests: guest })));
  expect(findings).toMatchObject([{ kind: 'guest-error', tasks: ['g'] }]);
});

test('equal ends have equal digests, and what was done shows in them', async () => {
  const one = await play(load(THREE_WAYS), new RandomStrategy(1));
  expect((await play(load(THREE_WAYS), new RandomStrategy(1))).digest).toBe(one.digest);
  const assign = '{ task: admin, write: [/sys/devices/vfio_ap/matrix/m1/unassign_domain, "4"], expect: ok }';
  const [with_, without] = [await play(load(scenarioText({ events: assign }))), await play(load(scenarioText({})))];
  expect(with_.digest).not.toBe(without.digest);
});

test('defects can be chosen instead of those of the scenario', async () => {
  const text = scenarioText({
    events: '{ task: firmware, do: host-config, unplug: [5] }',
    more: 'quirks: [Q2]',
  });
  const ends = async (quirks?: readonly []): Promise<string[]> => {
    const program = scenarioProgram(load(text), { design: 'guests-lock', seed: 1, ...(quirks === undefined ? {} : { quirks }) });
    const { findings } = await execute(program, { strategy: TasksFirst, seed: 1, maxSteps: 10_000 });
    return findings.map(({ kind }) => kind);
  };
  expect(await ends()).toEqual(['invariant']);
  expect(await ends([])).toEqual([]);
});

test('a host that cannot come up is told before anything is explored', async () => {
  const scenario = load(THREE_WAYS);
  expect(await bootProblem(scenarioProgram(scenario, { design: 'guests-lock', seed: 1 }))).toBeNull();
  const reserved = { ...scenario, host: { ...scenario.host, apmask: null } };
  const problem = await bootProblem(scenarioProgram(reserved, { design: 'guests-lock', seed: 1 }));
  expect(problem?.message).toMatch(/expected success, got EADDRNOTAVAIL$/);
});

test('an unknown design is refused', () => {
  expect(() => scenarioProgram(loadDefaultScenario(), { design: 'guest-lock', seed: 1 })).toThrow(RangeError);
});
