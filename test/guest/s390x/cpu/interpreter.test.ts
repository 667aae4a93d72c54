/** The loop: limits, stop reasons, program interruptions, execute-type instructions, and code that changes under it. */
import { describe, expect, it } from 'vitest';
import { loadState, saveState } from '../../../../src/guest/s390x/cpu/cpu-image.ts';
import { Cpu } from '../../../../src/guest/s390x/cpu/cpu.ts';
import { Interpreter } from '../../../../src/guest/s390x/cpu/interpreter.ts';
import { CODE, DATA, HANDLER, SIZE, TestMachine } from './machine.ts';

/** Counts GR1 up; GR2 rounds. */
const LOOP = 'loop: aghi %r1,1\n mvi 0x800,7\n lgr %r3,%r1\n brctg %r2,loop\n lghi %r4,9';

describe('the limit', () => {
  it('is exact, also in the middle of a block and of a compiled one', () => {
    const machine = new TestMachine();
    machine.assemble(LOOP);
    for (const count of [1, 2, 3, 5, 7, 4001, 9002]) {
      const after = machine.run({ r: { 2: 100_000n } }, count);
      expect(after.reason).toBe('limit');
      expect(after.gprs[1]).toBe(BigInt(Math.ceil(count / 4)));
      expect(Number(after.ia)).toBe(CODE + [0, 4, 8, 12][count % 4]!);
    }
  });

  it('counts what was executed', () => {
    const machine = new TestMachine();
    machine.assemble(LOOP);
    machine.run({ r: { 2: 5000n } }, 20_001);
    expect(machine.cpu.executed).toBe(20_001);
    expect(saveState(machine.cpu).gprs[4]).toBe(9n);
  });

  it('makes no difference: single steps and long slices of compiled blocks come to the same state', () => {
    const outcomes = [1, 3, 777, 100_000].map((slice) => {
      const machine = new TestMachine();
      machine.assemble(`
        loop: la %r5,0x800(%r6)\n stc %r1,0(%r5)\n aghi %r6,1\n nilf %r6,0xff\n msgr %r1,%r7\n alcgr %r1,%r6\n
        risbg %r8,%r1,10,50,7\n clgr %r8,%r1\n jh other\n slag %r9,%r1,3\n other: slbgr %r9,%r8\n brctg %r2,loop`);
      loadState(machine.cpu, { mode: 64, ia: BigInt(CODE) });
      machine.cpu.lo[2] = 3000;
      machine.cpu.lo[1] = 12_345;
      machine.cpu.lo[7] = 0x5851_f42d;
      const total = 30_000;
      for (let done = 0; done < total; done += slice) machine.core.run(Math.min(slice, total - done));
      return { state: saveState(machine.cpu), executed: machine.cpu.executed, data: machine.data(256) };
    });
    for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0]);
    expect(new Set(outcomes[0]!.data.match(/../g)).size).toBeGreaterThan(50);
  });
});

describe('stop reasons', () => {
  it('hands an intercepted instruction out with the PSW behind it', () => {
    const machine = new TestMachine();
    machine.instructions.intercept('pqap');
    machine.assemble('lghi %r1,1\n pqap\n lghi %r1,2');
    const after = machine.run({}, 10);
    expect(after).toMatchObject({ reason: 'intercept', ia: BigInt(CODE + 8) });
    expect(machine.cpu.intercepted?.mnemonic).toBe('pqap');
    machine.cpu.intercepted = null;
    expect(machine.core.run(1)).toBe('limit');
    expect(saveState(machine.cpu).gprs[1]).toBe(2n);
  });

  it('runs nothing while attention is asked for, and stops behind an instruction that asks for it', () => {
    const machine = new TestMachine();
    machine.instructions.define('ssm', (cpu) => void (cpu.attention = true));
    machine.assemble('lghi %r1,1\n ssm 0\n lghi %r1,2');
    expect(machine.run({}, 10)).toMatchObject({ reason: 'attention', ia: BigInt(CODE + 8) });
    expect(machine.core.run(10)).toBe('attention');
    expect(machine.cpu.executed).toBe(2);
  });

  it('sees attention even in a compiled block that goes round for ever', () => {
    const machine = new TestMachine();
    let rounds = 0;
    machine.instructions.define('ssm', (cpu) => void (cpu.ia = CODE + (++rounds === 5000 ? 8 : 0)));
    machine.instructions.define('stosm', (cpu) => {
      cpu.ia = CODE;
      cpu.attention = ++rounds === 3000;
    });
    machine.assemble('lghi %r1,1\n stosm 0,0');
    expect(machine.run({}, 1_000_000).reason).toBe('attention');
    expect(rounds).toBe(3000);
    expect(machine.cpu.executed).toBe(6000);
  });

  it('stops for good when the program new PSW is not valid', () => {
    const machine = new TestMachine();
    machine.storage.write(0x1d0, new Uint8Array(16).fill(0xff));
    expect(machine.one('.long 0', {}).reason).toBe('stopped');
    expect(machine.cpu.checkStop).toContain('program new PSW');
    expect(machine.core.run(5)).toBe('stopped');
    expect(machine.cpu.executed).toBe(1);
  });

  it('comes to an end at the limit when every program interruption causes the next one', () => {
    const machine = new TestMachine();
    machine.assemble('.long 0');
    machine.newPsw(CODE);
    loadState(machine.cpu, { mode: 64, ia: BigInt(CODE) });
    for (let n = 0; n < 50; n++) {
      machine.cpu.attention = false;
      expect(machine.core.run(1)).toBe('attention');
    }
    expect(machine.cpu.executed).toBe(50);
    expect(machine.cpu.programInterruptions.get(1)).toBe(50);
  });
});

describe('program interruptions', () => {
  it('point behind the refused instruction, tell its length and begin at the new PSW', () => {
    const machine = new TestMachine();
    const after = machine.one('lgrl %r1,.+0x1004', { r: { 1: 5n }, cc: 2 });
    expect(after).toMatchObject({ pgm: 6, ilc: 6, oldIa: CODE + 6, ia: BigInt(HANDLER), reason: 'attention' });
    expect(after.gprs[1]).toBe(5n);
    expect(machine.storage.bytes[0x152]! >> 4).toBe(2);
  });

  it('count an instruction of the table that nobody provides by its name, and other bytes by their first halfword', () => {
    const machine = new TestMachine();
    expect(machine.one('adbr %f0,%f2')).toMatchObject({ pgm: 1, ilc: 4 });
    expect(machine.one('adbr %f0,%f2').pgm).toBe(1);
    expect(machine.one('.short 0x0001')).toMatchObject({ pgm: 1, ilc: 2 });
    expect([...machine.cpu.unimplemented]).toEqual([
      ['adbr', 2],
      ['unknown 0001', 1],
    ]);
  });

  it('show a wild branch: addressing exception, with the whole address', () => {
    const machine = new TestMachine();
    const after = machine.assemble('br %r1');
    expect(after).toBe(2);
    const wild = machine.run({ r: { 1: 0x1234_5678_9abc_def0n } }, 2);
    expect(wild).toMatchObject({ pgm: 5, oldIa: 0x9abc_def2 });
    expect(machine.storage.view.getUint32(0x158)).toBe(0x1234_5678);
    expect(machine.run({ r: { 1: BigInt(SIZE) } }, 2)).toMatchObject({ pgm: 5, oldIa: SIZE + 2 });
  });

  it('refuse an odd instruction address without going on from it', () => {
    const machine = new TestMachine();
    machine.assemble('br %r1');
    expect(machine.run({ r: { 1: BigInt(CODE + 1) } }, 2)).toMatchObject({ pgm: 6, oldIa: CODE + 1 });
  });

  it('refuse an instruction that reaches over the end of the storage', () => {
    const machine = new TestMachine();
    machine.assemble('.short 0xb904', SIZE - 2);
    expect(machine.run({ ia: BigInt(SIZE - 2) })).toMatchObject({ pgm: 5 });
  });

  it('store the data-exception code for compare and trap', () => {
    const machine = new TestMachine();
    const after = machine.one('cgijne %r1,1,.+8\n', { r: { 1: 1n } });
    expect(after.pgm).toBeNull();
    const trapped = machine.one('cgit %r1,1,8', { r: { 1: 1n } });
    expect(trapped).toMatchObject({ pgm: 7, oldIa: CODE + 6, fpc: 0xff00 });
    expect(machine.storage.bytes[0x93]).toBe(0xff);
    expect(machine.one('cgit %r1,1,6', { r: { 1: 1n } }).pgm).toBeNull();
  });
});

describe('execute-type instructions', () => {
  it('change the second byte of the target by the register, and not with register 0', () => {
    const machine = new TestMachine();
    machine.assemble('target: mvc 0x900(1),0x800', 0x3100);
    machine.one('exrl %r1,.+0x100', { r: { 1: 3n }, data: '0102030405' });
    expect(machine.data(5, 0x900)).toBe('0102030400');
    machine.one('ex %r0,0x100(%r2)', { r: { 0: 255n, 2: BigInt(CODE) }, data: '0902030405' });
    expect(machine.data(5, 0x900)).toBe('0902030400');
  });

  it('see a target that has changed, and let a relative branch count from the target', () => {
    const machine = new TestMachine();
    machine.assemble('exrl %r0,.+0x100\n j .-6');
    machine.assemble('j .+0x20', 0x3100);
    expect(machine.run().ia).toBe(0x3120n);
    machine.assemble('j .+0x40', 0x3100);
    expect(machine.run().ia).toBe(0x3140n);
  });

  it('link to what follows them', () => {
    const machine = new TestMachine();
    machine.assemble('bras %r14,.+0x20', 0x3100);
    const after = machine.one('exrl %r0,.+0x100');
    expect(after).toMatchObject({ ia: 0x3120n });
    expect(after.gprs[14]).toBe(BigInt(CODE + 6));
  });

  it('refuse a target that is one of them, at an odd address, or outside of the storage', () => {
    const machine = new TestMachine();
    machine.assemble('ex %r0,0', 0x3100);
    expect(machine.one('exrl %r0,.+0x100')).toMatchObject({ pgm: 3, ilc: 6, oldIa: CODE + 6 });
    expect(machine.one('ex %r0,0x101(%r1)', { r: { 1: 0x3000n } })).toMatchObject({ pgm: 6, ilc: 4 });
    expect(machine.one('ex %r0,0(%r1)', { r: { 1: BigInt(SIZE) } })).toMatchObject({ pgm: 5, ilc: 4 });
  });

  it('suppress with their own length when the target is refused', () => {
    const machine = new TestMachine();
    machine.assemble('dr %r2,%r4', 0x3100);
    expect(machine.one('exrl %r0,.+0x100')).toMatchObject({ pgm: 9, ilc: 6, oldIa: CODE + 6 });
  });
});

describe('code that changes', () => {
  it('is seen by the next instruction of the same block, and in a compiled one', () => {
    const machine = new TestMachine();
    machine.assemble('loop: stc %r1,7(%r5)\n next: lghi %r3,0\n agr %r4,%r3\n aghi %r1,1\n brct %r2,loop');
    const after = machine.run({ r: { 2: 2000n, 5: BigInt(CODE) } }, 10_000);
    const expected = Array.from({ length: 2000 }, (_, n) => n & 0xff).reduce((sum, value) => sum + value, 0);
    expect(after.gprs[4]).toBe(BigInt(expected));
    expect(Number(after.ia)).toBe(CODE + 20);
  });

  it('is seen by a compiled block that stores into itself for the first time', () => {
    const machine = new TestMachine();
    machine.assemble('loop: stc %r1,7(%r5)\n lghi %r3,0\n agr %r4,%r3\n brct %r2,loop');
    const elsewhere = machine.run({ r: { 1: 9n, 2: 2000n, 5: BigInt(DATA) } }, 8000);
    expect(elsewhere.gprs[4]).toBe(0n);
    expect(machine.run({ r: { 1: 9n, 2: 20n, 5: BigInt(CODE) } }, 80).gprs[4]).toBe(180n);
  });

  it('is seen when a loader or a device stores, also by a block that has been compiled', () => {
    const machine = new TestMachine();
    machine.assemble(LOOP);
    machine.run({ r: { 2: 5000n } }, 10_000);
    machine.assemble('loop: aghi %r1,2');
    expect(machine.run({ r: { 2: 10n } }, 40).gprs[1]).toBe(20n);
  });

  it('is seen when another CPU of the guest stores', () => {
    const machine = new TestMachine();
    const cpu = new Cpu(1, machine.storage);
    const other = new Interpreter(cpu, machine.instructions);
    machine.assemble(LOOP);
    machine.run({ r: { 2: 5000n } }, 10_000);
    machine.assemble('mviy 0x3003,3', 0x5000);
    loadState(cpu, { mode: 64, ia: 0x5000n });
    expect(other.run(1)).toBe('limit');
    expect(machine.run({ r: { 2: 10n } }, 40).gprs[1]).toBe(30n);
  });

  it('is not mistaken for data beside it', () => {
    const machine = new TestMachine();
    machine.assemble('loop: lrl %r3,word\n aghi %r3,1\n strl %r3,word\n brct %r2,loop\n j .\n .align 4\n word: .long 0');
    const after = machine.run({ r: { 2: 2000n } }, 8000);
    expect(after.gprs[3]).toBe(2000n);
  });

  it('is what lies under the prefix when the prefix changes', () => {
    const machine = new TestMachine();
    machine.assemble('lghi %r1,1', 0x1000);
    machine.assemble('lghi %r1,2', 0x9000);
    machine.assemble('lghi %r1,3', 0x3000);
    expect(machine.run({ ia: 0x1000n }).gprs[1]).toBe(1n);
    expect(machine.run({ ia: 0x1000n, prefix: 0x8000 }).gprs[1]).toBe(2n);
    expect(machine.run({ ia: 0x9000n, prefix: 0x8000 }).gprs[1]).toBe(1n);
    expect(machine.run({ ia: 0x1000n }).gprs[1]).toBe(1n);
    machine.assemble('lghi %r1,4', 0x9000);
    expect(machine.run({ ia: 0x1000n, prefix: 0x8000 }).gprs[1]).toBe(4n);
  });
});

it('data of a compiled loop lands where it belongs', () => {
  const machine = new TestMachine();
  machine.assemble(LOOP);
  machine.run({ r: { 2: 5000n } }, 20_000);
  expect(machine.data(1, DATA)).toBe('07');
});
