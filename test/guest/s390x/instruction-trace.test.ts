/**
 * Goal: the line about an instruction has its address, bytes and text, and the registers that it has changed, and no others.
 */
import { expect, test } from 'vitest';
import { Cpu } from '../../../src/guest/s390x/cpu/cpu.ts';
import { Storage } from '../../../src/guest/s390x/cpu/storage.ts';
import { InstructionTrace } from '../../../src/guest/s390x/instruction-trace.ts';

/** What is written when `change` is all that the instruction at 0x1000, `lgr %r1,%r2`, does. */
function traced(change: (cpu: Cpu) => void, at = 0x1000): string[] {
  const storage = new Storage(0x4000);
  storage.write(0x1000, Uint8Array.of(0xb9, 0x04, 0x00, 0x12));
  const cpu = new Cpu(3, storage);
  cpu.ia = at;
  const lines: string[] = [];
  const trace = new InstructionTrace(cpu, (line) => lines.push(line));
  trace.step();
  expect(lines).toEqual([]);
  change(cpu);
  trace.end();
  trace.end();
  return lines;
}

const HEAD = /^cpu3 0{12}1000 b9040012 {5}lgr %r1,%r2/;

test('an instruction has one line, with address, bytes and text', () => {
  const lines = traced(() => undefined);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(HEAD);
  expect(lines[0]).toMatch(/lgr %r1,%r2\n$/);
});

test('registers that have changed are shown whole, of every kind, and the condition code', () => {
  const [line] = traced((cpu) => {
    cpu.lo[1] = -1;
    cpu.fprHi[15] = 0x40;
    cpu.setControl(6, 0, 0x0200_0000);
    cpu.ar[2] = 7;
    cpu.cc = 3;
  });
  expect(line).toMatch(HEAD);
  expect(line).toMatch(/ %r1=00000000ffffffff %f15=0000004000000000 %c6=0000000002000000 %a2=00000007 cc=3\n$/);
});

test('the line of an instruction comes when the next one begins', () => {
  const storage = new Storage(0x4000);
  const cpu = new Cpu(0, storage);
  const lines: string[] = [];
  const trace = new InstructionTrace(cpu, (line) => lines.push(line));
  trace.step();
  cpu.lo[4] = 4;
  trace.step();
  trace.end();
  expect(lines.map((line) => line.includes('%r4='))).toEqual([true, false]);
});

test('a wild branch is shown where it has led to', () => {
  expect(traced(() => undefined, 0x4000)).toEqual(['cpu3 0000000000004000 (outside of the storage)\n']);
});
