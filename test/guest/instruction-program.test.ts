/**
 * Goal: a guest of bare instructions executes its lists, counts the answers, complains about unexpected ones and needs nothing else.
 * Method: programs straight on the hardware, and one instruction that the machine refuses.
 */
import { expect, test } from 'vitest';
import { EventLog } from '../../src/base/event-log.ts';
import { OPERATION_EXCEPTION, ProgramInterruption } from '../../src/base/program-interruption.ts';
import type { ApInstructions } from '../../src/crypto-adapters/ap-instructions.ts';
import { parseInstruction } from '../../src/guest/guest-instruction.ts';
import { InstructionProgram } from '../../src/guest/instruction-program.ts';
import { LockLayer } from '../../src/locks/lock-layer.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import { machine, PlainPlatform } from '../helpers/plain-platform.ts';

interface Played {
  readonly program: InstructionProgram;
  readonly rt: ControlledRuntime;
  readonly operations: number;
}

async function play(
  lists: readonly (readonly string[])[],
  wrap: (bare: ApInstructions) => ApInstructions = (bare) => bare,
): Promise<Played> {
  const rt = new ControlledRuntime({ seed: 5 });
  const platform = new PlainPlatform(new LockLayer(rt), machine(rt, [[5, 'CEX8C']]), { name: 'guest1', cpus: 2, wrap });
  let operations = 0;
  const program = new InstructionProgram(
    platform,
    lists.map((list) => list.map((text) => parseInstruction(text)!)),
    { rt, events: new EventLog(() => rt.now()), onOperation: () => operations++ },
  );
  for (const cpu of platform.cpus) if (program.uses(cpu)) rt.spawn(`cpu${cpu.id}`, (task) => program.runVcpu(task, cpu));
  expect(await rt.run()).toBe('done');
  return { program, rt, operations };
}

test('every instruction is executed once, and its answer is counted', async () => {
  const { program, operations } = await play([
    ['qci', 'tapq 05.0004', 'tapq 06.0004', 'aqic 05.0004', 'aqic 05.0004'],
    ['zapq 05.0047', 'rapq 06.0047'],
  ]);
  const answers = { 'qci 00': 1, 'tapq 00': 1, 'tapq 01': 1, 'aqic 00': 1, 'aqic 07': 1, 'zapq 00': 1, 'rapq 01': 1 };
  expect(Object.fromEntries(program.answers)).toEqual(answers);
  expect(program.progress).toEqual({ operations: 7, expected: 7 });
  expect(operations).toBe(7);
  expect(program.statistics.errors).toBe(0);
});

test('what is enqueued can be dequeued', async () => {
  const { program } = await play([['nqap 05.0004', ...Array.from({ length: 3 }, () => 'dqap 05.0004')]]);
  expect(program.answers.get('nqap 00')).toBe(1);
  expect((program.answers.get('dqap 00') ?? 0) + (program.answers.get('dqap 10') ?? 0)).toBe(3);
});

test('an answer that was not expected is an error that says what came', async () => {
  const { program } = await play([['tapq 06.0004 expect 00,03', 'tapq 06.0004 expect 01']]);
  expect(program.statistics).toMatchObject({ operations: 2, verified: 1, errors: 1 });
  expect(program.statistics.complaints).toEqual(['tapq 06.0004 expect 00,03, got 01']);
});

test('an instruction that the machine does not provide ends as an exception, and the next one is executed', async () => {
  const refuse = (): never => {
    throw new ProgramInterruption(OPERATION_EXCEPTION, 'no AQIC here');
  };
  const { program } = await play([['aqic 05.0004 expect exception', 'tapq 05.0004 expect exception']], (bare) => ({
    ...bare,
    aqic: refuse,
  }));
  expect(Object.fromEntries(program.answers)).toEqual({ 'aqic exception': 1, 'tapq 00': 1 });
  expect(program.statistics.complaints).toEqual(['tapq 05.0004 expect exception, got 00']);
});

test('there is no step but those of the instructions: two vCPUs with two each start, and execute', async () => {
  const { rt } = await play([
    ['aqic 05.0004', 'aqic 05.0004 off'],
    ['aqic 05.0047', 'aqic 05.0047 off'],
  ]);
  expect(rt.steps).toBe(2 + 4);
  expect(rt.now()).toBe(0);
});

test('an endless program begins its lists anew until it is stopped', async () => {
  const rt = new ControlledRuntime({ seed: 5 });
  const platform = new PlainPlatform(new LockLayer(rt), machine(rt, [[5, 'CEX8C']]), { name: 'guest1', cpus: 1 });
  const program: InstructionProgram = new InstructionProgram(platform, [[parseInstruction('qci')!, parseInstruction('tapq 05.0004')!]], {
    ...{ rt, events: new EventLog(() => rt.now()), endless: true },
    onOperation: () => {
      if (program.statistics.operations === 7) program.stop();
    },
  });
  rt.spawn('cpu0', (task) => program.runVcpu(task, platform.cpus[0]!));
  expect(await rt.run()).toBe('done');
  expect(Object.fromEntries(program.answers)).toEqual({ 'qci 00': 4, 'tapq 00': 3 });
});

test('a vCPU without a list has nothing to do, and a stopped program begins nothing', async () => {
  const { program, rt } = await play([['qci']]);
  expect(rt.steps).toBe(2);
  program.stop();
  const platform = new PlainPlatform(new LockLayer(rt), machine(rt, [[5, 'CEX8C']]), { name: 'guest2', cpus: 1 });
  const stopped = new InstructionProgram(platform, [[parseInstruction('qci')!]], {
    rt,
    events: new EventLog(() => 0),
    onOperation: () => undefined,
  });
  stopped.stop();
  const again = new ControlledRuntime({ seed: 1 });
  again.spawn('cpu0', (task) => stopped.runVcpu(task, platform.cpus[0]!));
  expect(await again.run()).toBe('done');
  expect(stopped.progress).toEqual({ operations: 0, expected: 1 });
});
