/**
 * Goal: interruptions of programs in machine code: what lets them in, what the lowcore tells, where the old PSW points. Method: small
 * programs on the machine, on either runtime.
 */
import { describe, expect, test } from 'vitest';
import { RUNTIMES } from '../../../helpers/in-task.ts';
import { program, runText } from './run-text.ts';

/** A handler that notes what the lowcore has at 0x80 to 0x8f and the old PSW, and ends. */
const noting = (old: string): string => `
called:
  mvc noted(16),0x80
  mvc old(16),${old}
  j end
`;

describe.each(RUNTIMES)('on the %s runtime', (_name, make) => {
  test('a supervisor call stores its length, its code and the PSW behind it', async () => {
    const run = await runText(make(1), program(`  svc 42\nbehind: j end\n${noting('0x140')}`, { svc: 'called' }));
    expect([run.word('noted') >>> 0, run.quad('noted'), run.word('noted')]).toEqual([0, 0n, 0]);
    expect([run.quad('old'), run.machine.storage.view.getBigUint64(0x88) >> 32n]).toEqual([0x1_8000_0000n, 0x0002_002an]);
    expect(run.machine.storage.view.getBigUint64(0x148)).toBe(0x10002n);
    expect(run.machine.end).toEqual({ reason: 'stopped', detail: '' });
  });

  test('a service call interrupts with its SCCB as parameter, as soon as the program lets it in', async () => {
    const body = `
  larl %r2,sccb
  llilf %r3,0x00020001
  lctlg %c0,%c0,cr0_service
  servc %r3,%r2
  mvi psw,1
  stosm mask,1
  mvi psw,2
  j end
${noting('0x130')}`;
    const run = await runText(make(1), program(body, { external: 'called' }, { far: '.align 4096\nsccb: .short 4096' }));
    const parameter = run.word('noted');
    expect([run.quad('noted') & 0xffffffffn, run.byte('psw'), run.quad('old')]).toEqual([0x2401n, 1, 0x0100_0001_8000_0000n]);
    expect([run.word('sccb') >>> 16, run.machine.storage.view.getUint16(parameter + 6)]).toEqual([4096, 0x0010]);
    expect(run.machine.taken).toEqual({ external: 1, io: 0, machineCheck: 0 });
  });

  test.each([
    ['clock comparator', 'cr0_clock', '  lg %r1,before\n  alg %r1,delay\n  stg %r1,psw\n  sckc psw', 0x1004],
    ['CPU timer', 'cr0_timer', '  spt delay', 0x1005],
  ])('the %s ends an enabled wait when it is due', async (_what, control, set, code) => {
    const body = `
  stck before
${set}
  lctlg %c0,%c0,${control}
  lpswe waiting
called:
  mvc noted(8),0x80
  stck after
  j end`;
    const near = 'before: .quad 0\nafter: .quad 0\ndelay: .quad 3000 << 12\nwaiting: .quad MASK | WAIT | EXTERNAL_OPEN, 0';
    const run = await runText(make(1), program(body, { external: 'called' }, { near }));
    expect(run.quad('noted') & 0xffffn).toBe(BigInt(code));
    expect(run.quad('after') - run.quad('before')).toBeGreaterThanOrEqual(3000n << 12n);
    expect(run.machine.taken.external).toBe(1);
  });

  test('a program that waits by looking at the clock comes to the end of its wait', async () => {
    const body = `
  stck before
again:
  stck after
  lg %r1,after
  slg %r1,before
  clg %r1,delay
  jl again`;
    const run = await runText(make(1), program(body, {}, { near: 'before: .quad 0\nafter: .quad 0\ndelay: .quad 20000 << 12' }));
    expect(run.machine.end!.reason).toBe('stopped');
    expect(run.machine.executed).toBeLessThan(10_000);
  });

  test('an invalid PSW is a specification exception with that PSW as the old one', async () => {
    const run = await runText(
      make(1),
      program(`  lpswe wrong\n${noting('0x150')}`, { program: 'called' }, { near: 'wrong: .quad 0x8000000180000000, 8' }),
    );
    expect([run.quad('noted') >= 0n, run.machine.storage.view.getUint32(0x8c), run.quad('old')]).toEqual([true, 6, 0x8000_0001_8000_0000n]);
    expect(run.machine.storage.view.getBigUint64(0x158)).toBe(8n);
  });

  test('signals of another CPU: emergency before external call, each with the sender', async () => {
    const body = `
  lghi %r3,1
  sigp %r4,%r3,6
1: sigp %r4,%r3,1                       # until it has restarted
  jne 1b
  lghi %r1,0
  sigp %r4,%r3,2
  sigp %r4,%r3,3
2: cli done,2
  jl 2b
  j end
second:
  lctlg %c0,%c0,cr0_signals
  lpswe waiting
called:
  llgc %r1,done
  sllg %r2,%r1,2
  la %r2,noted(%r2)
  mvc 0(4,%r2),0x84
  ahi %r1,1
  stc %r1,done
  chi %r1,2
  jl 3f
  j end
3: lpswe waiting`;
    const near = 'done: .byte 0\n.align 8\nwaiting: .quad MASK | WAIT | EXTERNAL_OPEN, 0';
    const run = await runText(make(1), program(body, { external: 'called', restart: 'second' }, { near }));
    // Only one of them may have been there when the second CPU was woken.
    const codes = [run.word('noted'), Number(run.quad('noted') & 0xffffffffn)].toSorted((a, b) => a - b);
    expect(codes).toEqual([0x1201, 0x1202]);
    expect(run.machine.end!.reason).toBe('stopped');
  });
});

describe.each([
  ['bit 12', '0x0008000000000000, 0xdeadbeee'],
  ['64-bit mode without 31-bit mode', '0x0000000100000000, 0x2000'],
  ['an address beyond the addressing mode', '0, 0x1000000'],
])('a PSW that is not valid: %s', (_what, psw) => {
  test('is the old PSW of its specification exception, as it is', async () => {
    const near = `bad: .quad ${psw}`;
    const run = await runText(RUNTIMES[1]![1](1), program(`  lpswe bad\n${noting('0x150')}`, { program: 'called' }, { near }));
    const { view } = run.machine.storage;
    expect([view.getBigUint64(0x150), view.getBigUint64(0x158), view.getUint16(0x8e)]).toEqual([
      run.quad('bad'),
      view.getBigUint64(run.at('bad') + 8),
      6,
    ]);
    expect(run.machine.end!.reason).toBe('stopped');
  });
});

describe('the end of a program', () => {
  const make = RUNTIMES[1]![1];

  test('a wait with everything masked', async () => {
    const run = await runText(make(1), program('  lpswe closed'));
    expect(run.machine.end).toEqual({ reason: 'disabled-wait', detail: 'CPU 0 at 0x0' });
  });

  test('a program new PSW that is not valid, and a handler that is refused itself', async () => {
    const invalid = await runText(make(1), program('  mvi 0x1d0,0x80\n  .short 0'));
    expect([invalid.machine.end!.reason, invalid.machine.end!.detail]).toEqual(['check-stop', expect.stringContaining('program new PSW')]);
    const endless = await runText(make(1), program('  .short 0'.concat('\nrefused: .short 0'), { program: 'refused' }));
    expect(endless.machine.end!.reason).toBe('check-stop');
    expect(endless.machine.executed).toBeLessThan(2000);
  });

  test.each([
    ['a PSW', '  lpswe translated', 0x10000],
    ['a system mask', '  stosm mask,4', 0x10004],
  ])('%s that wants addresses to be translated', async (_what, body, at) => {
    const run = await runText(make(1), program(body, {}, { near: 'translated: .quad MASK | 0x0400000000000000, start' }));
    expect(run.machine.end).toEqual({ reason: 'translation', detail: `CPU 0 at 0x${at.toString(16)}` });
  });

  test('a handler that lets the same interruption in again before it does anything', async () => {
    const body = `
  mvc 0x1b0(16),again
  lctlg %c0,%c0,cr0_timer
  spt before
  stosm mask,1
  j end`;
    const near = 'before: .quad -0x4000000\nagain: .quad MASK | EXTERNAL_OPEN, end';
    const run = await runText(make(1), program(body, {}, { near }));
    expect(run.machine.end).toEqual({ reason: 'check-stop', detail: expect.stringContaining('no instruction in between') });
    expect([run.machine.taken.external, run.machine.executed]).toEqual([1000, 4]);
  });

  test('a loop without end, at the instruction limit exactly', async () => {
    const run = await runText(make(1), program('  j start'), { maxInstructions: 12_345, sliceLength: 1000 });
    expect([run.machine.end!.reason, run.machine.executed]).toEqual(['instruction-limit', 12_345]);
  });

  test('from outside, also while it waits', async () => {
    const near = 'waiting: .quad MASK | WAIT | EXTERNAL_OPEN, 0';
    const run = await runText(make(1), program('  lctlg %c0,%c0,cr0_signals\n  lpswe waiting', {}, { near }), {
      beside: async (task, { machine }) => {
        await machine.parts.rt.sleep(task, 5);
        expect(machine.end).toBeNull();
        machine.stop();
      },
    });
    expect(run.machine.end!.reason).toBe('ended');
  });
});
