/**
 * Cases M of vfio_ap about guests of guests, on a whole host: adapters that come and go while a nested guest runs. Method: a nested program
 * that stops inside SIE, and every order of a small scenario.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exploreUnit } from '../../src/campaign/explore-unit.ts';
import { checkCommutation } from '../../src/explore/commutation.ts';
import { ECA_APIE, loadStateDescription } from '../../src/kvm/state-description.ts';
import { executeSie, type NestedProgram, type SieExit } from '../../src/kvm/vsie.ts';
import type { GuestSpec, NestedSpec } from '../../src/machine/host-spec.ts';
import { loadNested } from '../../src/machine/nested-image.ts';
import { RandomStrategy } from '../../src/runtime/random-strategy.ts';
import type { Task } from '../../src/runtime/task.ts';
import { loadScenario, loadScenarioFile } from '../../src/scenario/load.ts';
import { ScenarioRun } from '../../src/scenario/run-scenario.ts';
import { scenarioProgram } from '../../src/scenario/scenario-program.ts';
import { scenarioText, unit } from '../campaign/small-scenario.ts';
import { M1, RUNTIMES, onHost, type Host, type HostOptions } from '../helpers/host.ts';
import { ROOT } from '../tidy/tree.ts';

const NESTED: NestedSpec = {
  ...{ format: 2, adapters: [5, 6], domains: [4], controlDomains: [], apie: true, crycb: null, instructions: [] },
};
const GUEST: GuestSpec = {
  ...{ name: 'guest1', mdev: null, vcpus: 2, workload: null, apie: true, interrupts: true, attach: false, nested: NESTED },
};
const HOST: HostOptions = { spec: { guests: [GUEST] } };
const SIE = 0x10000;

/** Adapters of each shadow, ends of SIE as codes, restarts with the PSW of the hypervisor, masks of the guest; since the first shadow. */
function told(host: Host): string[] {
  const texts = host.machine.events.events.flatMap(({ kind, data }) => {
    if (kind === 'kvm.vsie-shadow') return [`shadow ${String(data['apm'])}`];
    if (kind === 'kvm.vsie-exit') return [`exit ${String(data['code'])}`];
    if (kind === 'kvm.vsie-restart') return [`restart ${Number(data['psw']).toString(16)}`];
    return kind === 'kvm.masks' ? [`masks ${String(data['apm'])}`] : [];
  });
  return texts.slice(texts.findIndex((text) => text.startsWith('shadow')));
}

interface Running {
  readonly answers: string[];
  readonly task: Task;
  /** The nested guest is inside SIE and stays there until `resume`. */
  inside: Task | null;
  resume(): void;
}

/** TAPQ of 05.0004, a stop inside SIE, TAPQ of 05.0004 and 06.0004; then it waits. */
function runNested(host: Host): Running {
  const { kvm } = host.vm('guest1');
  const [part] = loadNested(kvm, NESTED);
  const answers: string[] = [];
  const note = (apqn: number, rc: number): void => void answers.push(`${apqn >> 8}: ${rc}`);
  const program: NestedProgram = {
    async execute(task, address, cpu) {
      switch ((address - part!.start) / 4) {
        case 0:
          note(0x0504, (await cpu.tapq(task, 0x0504)).status.rc);
          running.inside = task;
          await host.rt.park(task);
          return true;
        case 1:
        case 2: {
          const apqn = address === part!.start + 4 ? 0x0504 : 0x0604;
          note(apqn, (await cpu.tapq(task, apqn)).status.rc);
          return true;
        }
        default:
          return false;
      }
    },
  };
  const task = host.rt.spawn('guest1/vcpu0', async (t) => {
    const exit: SieExit = await executeSie(t, { kvm, vcpu: kvm.vcpus[0]!, origin: part!.origin, program });
    answers.push(exit.kind);
  });
  const running: Running = { answers, task, inside: null, resume: () => host.rt.wake(running.inside!) };
  return running;
}

/** Does this to the host while the nested guest is inside SIE. */
async function meanwhile(host: Host, task: Task, what: (other: Task) => Promise<unknown>): Promise<Running> {
  const running = runNested(host);
  while (running.inside === null) await host.rt.sleep(task, 1);
  const { kvm } = host.vm('guest1');
  const other = host.rt.spawn('admin', async (t) => void (await what(t)));
  while (!kvm.sieBlocked) await host.rt.sleep(task, 1);
  running.resume();
  for (const ended of [running.task, other]) await host.rt.join(task, ended);
  return running;
}

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('vfio-M7: an adapter that is unplugged while a nested guest runs ends its run; SIE is executed again, without the adapter', () =>
    onHost(kind, HOST, async (host, task) => {
      await host.create(task, M1, { adapters: [5, 6], domains: [4] });
      await host.attach(task, 'guest1', M1);
      const { answers } = await meanwhile(host, task, (t) => host.store(t, M1, 'unassign_adapter', '5'));
      expect(answers).toEqual(['5: 0', '5: 1', '6: 0', 'interception']);
      const happened = told(host);
      expect(happened.filter((what) => !what.startsWith('masks'))).toEqual([
        'shadow 5,6',
        `restart ${SIE.toString(16)}`,
        'shadow 6',
        'exit 1c',
      ]);
      expect(happened).toContain('masks 6');
      expect(host.vm('guest1').kvm.vcpus[0]!.pswAddress).toBe(SIE + 4);
    }));

  test('an adapter that is plugged while a nested guest runs is there for it at once', () =>
    onHost(kind, HOST, async (host, task) => {
      await host.create(task, M1, { adapters: [6], domains: [4] });
      await host.attach(task, 'guest1', M1);
      const { answers } = await meanwhile(host, task, (t) => host.store(t, M1, 'assign_adapter', '5'));
      expect(answers).toEqual(['5: 1', '5: 0', '6: 0', 'interception']);
      expect(told(host).filter((what) => what.startsWith('shadow'))).toEqual(['shadow 6', 'shadow 5,6']);
    }));

  test('a guest that loses its device leaves its nested guest nothing', () =>
    onHost(kind, HOST, async (host, task) => {
      await host.create(task, M1, { adapters: [5, 6], domains: [4] });
      await host.attach(task, 'guest1', M1);
      const { answers } = await meanwhile(host, task, (t) => host.detach(t, 'guest1'));
      expect(answers).toEqual(['5: 0', '5: 1', '6: 1', 'interception']);
      expect(told(host).filter((what) => what.startsWith('shadow'))).toEqual(['shadow 5,6', 'shadow ']);
    }));

  test('AQIC of a nested guest reaches no driver of the host: no page is pinned, no subclass registered, the queue stays as it is', () =>
    onHost(kind, HOST, async (host, task) => {
      await host.create(task, M1, { adapters: [5, 6], domains: [4] });
      await host.attach(task, 'guest1', M1);
      const { kvm, qemu } = host.vm('guest1');
      const [part] = loadNested(kvm, NESTED);
      const program: NestedProgram = {
        execute: async (t, _address, cpu) => (await cpu.aqic(t, 0x0504, { ir: true, isc: 3, nib: 0x20000 })).rc === 0,
      };
      const exit = await executeSie(task, { kvm, vcpu: kvm.vcpus[0]!, origin: part!.origin, program });
      expect(exit).toEqual({ kind: 'interception', interception: { code: 0x04, ipa: 0xb2af, ipb: 0 } });
      expect([kvm.gisa.totalReferences, qemu.container.pins]).toEqual([0, 0]);
      expect((await host.cpu('guest1').tapq(task, 0x0504)).status.irqEnabled).toBe(false);
    }));
});

const LOSES = { events: '{ task: admin, write: [/sys/devices/vfio_ap/matrix/m1/unassign_adapter, "5"], expect: ok }' };
const nesting = (instructions: string): string =>
  scenarioText({
    guests: `{ name: guest1, mdev: m1, nested: { adapters: [5], domains: [4], instructions: [${instructions}] } }`,
    ...LOSES,
  });

describe('every order of an unplug and the instructions of a nested guest', () => {
  test('leaves it no queue that its hypervisor has lost', async () => {
    const { result } = await exploreUnit(unit(nesting('tapq 05.0004, dqap 05.0004'), { strategy: 'dpor' }), {});
    expect(result).toMatchObject({ verdict: 'exhausted', failures: [] });
    expect(result.coverage.traces).toBeGreaterThan(10);
  });

  test('is not clean when nested guests are not restarted', async () => {
    const { result } = await exploreUnit(unit(nesting('tapq 05.0004'), { strategy: 'dpor', quirks: ['vsie-no-restart'] }), {});
    expect(result.failures[0]?.finding.title).toMatch(/^invariant: nested guests follow their hypervisor: one of guest1 runs under masks/);
  });

  test('commutes wherever nothing in common was touched', async () => {
    const scenario = loadScenario(nesting('nqap 05.0004, dqap 05.0004, tapq 05.0004, aqic 05.0004, qci'), 'small.yaml');
    const program = scenarioProgram(scenario, { design: scenario.design, seed: 1 });
    let pairs = 0;
    for (let seed = 1; seed <= 10; seed++) {
      const result = await checkCommutation(program, { seed: 1, schedule: new RandomStrategy(seed) });
      expect(result.undeclared).toEqual([]);
      pairs += result.pairs;
    }
    expect(pairs).toBeGreaterThan(50);
  });
});

describe('the scenario of a nested guest', () => {
  const scenario = loadScenarioFile(join(ROOT, 'scenarios', 'nested.yaml'));

  test.each(RUNTIMES)('runs clean on the %s runtime, and says what the nested guest was answered', async (runtime) => {
    const options = { design: scenario.design, runtime, mode: 'run', logger: { level: 'silent' } } as const;
    const report = await new ScenarioRun({ ...options, scenario, seed: 3 }).start();
    expect(report).toMatchObject({ ok: true, findings: [] });
    const { answers = {}, operations } = report.guests[0]!;
    expect(operations).toBe(2);
    expect(answers).toMatchObject({ 'tapq 00': 1, 'nested qci 00': 1, 'nested aqic 01': 1, 'sie wait': 1 });
    const tapqs = (answers['nested tapq 00'] ?? 0) + (answers['nested tapq 01'] ?? 0);
    expect(tapqs).toBe(4);
    // Adapter 6 stays, adapter 7 was never there.
    expect(answers['nested tapq 00']).toBeGreaterThanOrEqual(1);
    expect(answers['nested tapq 01']).toBeGreaterThanOrEqual(1);
  });

  test.each([
    ['crycb: 0', 'validity-0039'],
    ['crycb: 0x7ffff000', 'validity-0035'],
    ['crycb: 0x20f80', 'validity-003c'],
    ['format: 0, crycb: 0x20fe8', 'validity-003c'],
    ['format: 1, crycb: 0x20f88', 'validity-003c'],
    ['format: 1, crycb: 0x20f00', 'wait'],
    ['apie: false', 'wait'],
  ])('may say what cannot be run: %s', async (fields, expected) => {
    const nested = `nested: { ${fields}, adapters: [5], domains: [4], instructions: [tapq 05.0004 expect ${fields.startsWith('apie') ? 'exception' : '00'}] }`;
    const text = scenarioText({ guests: `{ name: guest1, mdev: m1, workload: { instructions: [sie expect ${expected}] }, ${nested} }` });
    const built = loadScenario(text, 'small.yaml');
    const options = { design: built.design, runtime: 'controlled', mode: 'run', logger: { level: 'silent' } } as const;
    const report = await new ScenarioRun({ ...options, scenario: built, seed: 1 }).start();
    expect(report.guests[0]).toMatchObject({ operations: 1, errors: 0 });
    expect(report).toMatchObject({ ok: true, findings: [] });
  });
});

test('each vCPU of a hypervisor has a state description of its own, and they share the CRYCB', () =>
  onHost('controlled', HOST, (host) => {
    const { kvm } = host.vm('guest1');
    const parts = loadNested(kvm, { ...NESTED, format: 1, adapters: [5], crycb: 0x50000 });
    expect(parts.map(({ origin }) => origin % 0x200)).toEqual([0, 0]);
    expect(parts[0]!.origin).not.toBe(parts[1]!.origin);
    for (const { origin, start } of parts) {
      expect(loadStateDescription(kvm.memory, origin)).toEqual({
        eca: ECA_APIE,
        ecb3: 0,
        ecd: 0,
        crycbd: 0x50001,
        mso: 0,
        pswAddress: start,
      });
    }
    expect(kvm.memory.read(0x50000, 2)).toEqual(Uint8Array.of(0x04, 0));
    return Promise.resolve();
  }));
