/**
 * Goal: a guest of bare instructions runs its nested guest until that waits or cannot be run, answers what is intercepted, takes its own
 * interruptions in between, and complains about answers that were not expected. Method: a vCPU whose SIE ends as the test says.
 */
import { expect, test } from 'vitest';
import { EventLog } from '../../src/base/event-log.ts';
import { OPERATION_EXCEPTION, ProgramInterruption } from '../../src/base/program-interruption.ts';
import type { ApInstructions } from '../../src/crypto-adapters/ap-instructions.ts';
import { parseInstruction } from '../../src/guest/guest-instruction.ts';
import type { GuestCpu, NestedProgram, SieExit } from '../../src/guest/guest-port.ts';
import { InstructionProgram } from '../../src/guest/instruction-program.ts';
import { NestedGuest } from '../../src/guest/nested-guest.ts';
import { LockLayer } from '../../src/locks/lock-layer.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import type { Task } from '../../src/runtime/task.ts';
import { machine, PlainPlatform } from '../helpers/plain-platform.ts';

const START = 0x2000;
const ORIGIN = 0x30000;
const interception = (code: number, ipb = 0): SieExit => ({ kind: 'interception', interception: { code, ipa: 0, ipb } });
const WAIT = interception(0x1c);

class Intercepted extends Error {}

/** Executes the nested program on the bare hardware, AQIC excepted, which is intercepted; `before` may end SIE earlier. */
class SieCpu {
  address = START;
  interruptions = 0;
  readonly origins: number[] = [];

  async run(task: Task, bare: ApInstructions, program: NestedProgram): Promise<SieExit> {
    const aqic = (): never => {
      throw new Intercepted();
    };
    try {
      while (await program.execute(task, this.address, { ...bare, aqic })) this.address += 4;
    } catch (error) {
      if (!(error instanceof Intercepted)) throw error;
      this.address += 4;
      return interception(0x04);
    }
    return WAIT;
  }
}

interface Options {
  readonly own?: readonly string[];
  readonly apie?: boolean;
  /** What SIE ends with before the nested guest is run, one a call. */
  readonly before?: readonly (SieExit | Error)[];
  readonly sie?: boolean;
}

async function play(nested: readonly string[], { own = ['sie'], apie = true, before = [], sie = true }: Options = {}) {
  const rt = new ControlledRuntime({ seed: 5 });
  const plain = new PlainPlatform(new LockLayer(rt), machine(rt, [[5, 'CEX8C']]), { name: 'guest1', cpus: 1 });
  const state = new SieCpu();
  const first = [...before];
  const bare = plain.cpus[0]!;
  const run = async (task: Task, origin: number, program: NestedProgram): Promise<SieExit> => {
    state.origins.push(origin);
    const exit = first.shift();
    if (exit instanceof Error) throw exit;
    return exit ?? (await state.run(task, bare.instructions, program));
  };
  // All that the test does not answer itself is that of the bare vCPU.
  const cpu = Object.assign(Object.create(bare) as GuestCpu, {
    takeInterruption: () => (state.interruptions-- > 0 ? 3 : null),
    ...(sie ? { sie: run } : {}),
  });
  const events = new EventLog(() => rt.now());
  const list = (texts: readonly string[]) => texts.map((text) => parseInstruction(text)!);
  const part = { origin: ORIGIN, start: START, apie, instructions: list(nested), restart: () => void (state.address = START) };
  const program = new InstructionProgram(plain, [list(own)], { rt, events, onOperation: () => undefined, nested: [part] });
  rt.spawn('cpu0', (task) => program.runVcpu(task, cpu));
  state.interruptions = 2;
  expect(await rt.run()).toBe('done');
  return { program, state, answers: Object.fromEntries(program.answers), events };
}

test('the nested guest executes its list, and its answers are counted apart', async () => {
  const { program, answers, state, events } = await play(['qci', 'tapq 05.0004', 'tapq 06.0004'], { own: ['tapq 05.0004', 'sie'] });
  expect(answers).toEqual({ 'tapq 00': 1, 'nested qci 00': 1, 'nested tapq 00': 1, 'nested tapq 01': 1, 'sie wait': 1 });
  expect(program.progress).toEqual({ operations: 2, expected: 2 });
  expect(state.origins).toEqual([ORIGIN]);
  const told = events.events.map(({ data }) => `${String(data['instruction'])} ${String(data['answer'])}`);
  expect(told).toEqual(['tapq 05.0004 00', 'nested qci 00', 'nested tapq 05.0004 00', 'nested tapq 06.0004 01', 'sie wait']);
});

test('each sie runs it from its first instruction', async () => {
  const { answers } = await play(['qci'], { own: ['sie', 'sie'] });
  expect(answers).toEqual({ 'nested qci 00': 2, 'sie wait': 2 });
});

test('AQIC that is intercepted is answered as KVM without a hook does, and the nested guest goes on', async () => {
  const { answers, state } = await play(['aqic 05.0004', 'tapq 05.0004']);
  expect(answers).toEqual({ 'nested aqic 01': 1, 'nested tapq 00': 1, 'sie wait': 1 });
  expect(state.origins).toHaveLength(2);
});

test('without APIE what is intercepted is an operation exception', async () => {
  expect((await play(['aqic 05.0004 expect exception'], { apie: false })).answers).toEqual({ 'nested aqic exception': 1, 'sie wait': 1 });
});

test('an interruption of the hypervisor is taken before SIE is executed again', async () => {
  const { answers, state } = await play(['qci'], { before: [{ kind: 'interruption' }, { kind: 'interruption' }] });
  expect(answers).toEqual({ 'nested qci 00': 1, 'sie wait': 1 });
  expect(state.origins).toHaveLength(3);
  expect(state.interruptions).toBeLessThan(0);
});

test('a nested guest that cannot be run says for what reason, and executes nothing', async () => {
  const { program, answers } = await play(['qci'], { before: [interception(0x20, 0x003c0000)] });
  expect(answers).toEqual({ 'sie validity-003c': 1 });
  expect(program.progress).toEqual({ operations: 1, expected: 1 });
});

test('a refused SIE is an exception, with SIE or without', async () => {
  const refusal = new ProgramInterruption(OPERATION_EXCEPTION, 'no');
  expect((await play(['qci'], { before: [refusal] })).answers).toEqual({ 'sie exception': 1 });
  expect((await play(['qci'], { sie: false })).answers).toEqual({ 'sie exception': 1 });
});

test('answers that were not expected are errors of the sie that ran the nested guest', async () => {
  const { program } = await play(['tapq 06.0004 expect 00', 'aqic 05.0004 expect 00', 'qci expect 00'], {
    own: ['sie expect validity-0022', 'sie'],
  });
  expect(program.statistics).toMatchObject({ operations: 2, verified: 0, errors: 2 });
  const nested = 'nested tapq 06.0004 expect 00, got 01; nested aqic 05.0004 expect 00, got 01';
  expect(program.statistics.complaints).toEqual([`${nested}; sie expect validity-0022, got wait`, nested]);
});

test('an end of SIE that nobody knows, and a state description that somebody else uses, are mistakes', async () => {
  const failing = async (exit: SieExit): Promise<string> => {
    const errors: unknown[] = [];
    const rt = new ControlledRuntime({ seed: 1 });
    rt.onTaskEnd((_task, error) => void errors.push(error));
    const part = { origin: ORIGIN, start: START, apie: true, instructions: [], restart: () => undefined };
    const guest = new NestedGuest(part, { issue: () => Promise.resolve(0), ended: () => null });
    const cpu = { sie: () => Promise.resolve(exit) } as unknown as GuestCpu;
    rt.spawn('cpu', async (task) => void (await guest.run(task, cpu)));
    await rt.run();
    return String(errors[0]);
  };
  expect(await failing(interception(0x28))).toContain('got code 28');
  expect(await failing({ kind: 'in-use' })).toContain('expected one for each vCPU');
  expect(await failing(interception(0x04))).toContain('none was issued');
});
