/**
 * Goal: case L5, an AQIC that finds AIV on and then no GISA. vcpu->mutex keeps Secure Execution out of an AQIC on every vCPU in the list, so
 * two ways are left: a vCPU that is being created, and the designs that work on AQIC without the mutex. Method: every order of such an AQIC
 * and the start, with everything that may be left behind looked at afterwards.
 */
import { expect, test } from 'vitest';
import { ProgramInterruption } from '../../src/base/program-interruption.ts';
import { execute } from '../../src/explore/execution.ts';
import type { Program } from '../../src/explore/program.ts';
import { InterpretiveAp } from '../../src/kvm/interpretive-ap.ts';
import type { Kvm } from '../../src/kvm/kvm.ts';
import { secureExecution } from '../../src/kvm/secure-execution.ts';
import { createVcpu } from '../../src/kvm/vcpu-create.ts';
import type { Vcpu } from '../../src/kvm/vcpu.ts';
import type { Task } from '../../src/runtime/task.ts';
import { checkCommutation } from '../../src/explore/commutation.ts';
import { RandomStrategy } from '../../src/runtime/random-strategy.ts';
import { searchNamed } from './hunt.ts';
import { APQNS, hostProgram, type HostUnderTest } from './host-program.ts';

const [FIRST] = APQNS as [number];
const ON = { ir: true, isc: 3, nib: 0x1000 };

/** Response code or `exception`; references of ISCs; pinned pages. */
type Ending = readonly [answer: number | 'exception', references: number, pins: number];

async function aqicOn(task: Task, host: HostUnderTest, vcpu: Vcpu): Promise<number | 'exception'> {
  const { vms, vfioAp } = host.machine;
  try {
    return (await new InterpretiveAp(vms[0]!.kvm, vcpu, vfioAp.design).aqic(task, FIRST, ON)).rc;
  } catch (error) {
    if (error instanceof ProgramInterruption) return 'exception';
    throw error;
  }
}

function program(endings: Ending[], pick: (task: Task, kvm: Kvm) => Promise<Vcpu> | Vcpu): Program {
  return hostProgram('AQIC during the start of Secure Execution', {
    attached: [0],
    tasks: {
      pv: (task, host) => secureExecution(task, host.machine.vms[0]!.kvm, true),
      vcpu: async (task, host) => {
        const { kvm, qemu } = host.machine.vms[0]!;
        const answer = await aqicOn(task, host, await pick(task, kvm));
        endings.push([answer, kvm.gisa.totalReferences, qemu.container.pins]);
      },
    },
  });
}

async function allEndings(pick: (task: Task, kvm: Kvm) => Promise<Vcpu> | Vcpu): Promise<string[]> {
  const endings: Ending[] = [];
  const explored = program(endings, pick);
  const search = searchNamed('dpor');
  let executions = 0;
  for (let strategy = search.next(0); strategy !== null; strategy = search.next(executions)) {
    const { outcome, findings, steps, choices, world } = await execute(explored, {
      strategy,
      seed: 1,
      maxSteps: 500,
      recorder: search.recorder ?? null,
      onOutcome: (how, rt) => search.stopped?.(how, rt),
    });
    // Cut: every order that could still come has been executed.
    expect(['done', 'cut']).toContain(outcome);
    expect(findings.map(({ title }) => title)).toEqual([]);
    search.ended({ outcome, failed: false, steps, choices: choices.length, newTrace: true, newCoverage: true, rt: world.rt });
    executions++;
    expect(executions).toBeLessThan(5000);
  }
  return [...new Set(endings.map(([answer, references, pins]) => `${answer}: ${references} ISC, ${pins} pins`))].toSorted();
}

test('a vCPU that is plugged meanwhile has its interrupt, an operation exception, or 06 with nothing left', async () => {
  const endings = await allEndings((task, kvm) => createVcpu(task, kvm));
  expect(endings).toEqual(['0: 1 ISC, 1 pins', '6: 0 ISC, 0 pins', 'exception: 0 ISC, 0 pins']);
});

test('on a vCPU that is in the list 06 is out of reach: its mutex keeps the GISA there until it has answered', async () => {
  const endings = await allEndings((_task, kvm) => kvm.vcpus[1]!);
  expect(endings).toEqual(['0: 1 ISC, 1 pins', 'exception: 0 ISC, 0 pins']);
});

test('what the start, the new vCPU and AQIC share is declared', async () => {
  const endings: Ending[] = [];
  let pairs = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const result = await checkCommutation(
      program(endings, (task, kvm) => createVcpu(task, kvm)),
      { seed: 1, schedule: new RandomStrategy(seed) },
    );
    expect(result.undeclared).toEqual([]);
    pairs += result.pairs;
  }
  expect(pairs).toBeGreaterThan(20);
});
