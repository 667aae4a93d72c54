/**
 * Goal: a machine with its CPUs: start and stop by SIGP, resets, slices that are turns of others, counting, and runs that are a function of
 * their seed. Method: small programs.
 */
import { describe, expect, test } from 'vitest';
import { GuestMachine } from '../../../../src/guest/s390x/machine/guest-machine.ts';
import { RUNTIMES } from '../../../helpers/in-task.ts';
import { program, runText, type RunOptions, type TextRun } from './run-text.ts';

/** Two CPUs add to one counter under a spin lock, each so many times; the first waits for the second and stops both. */
const COUNTING = `
  lghi %r3,1
1: sigp %r4,%r3,6
  brc 2,1b
  brasl %r14,add
2: cli done,1
  jne 2b
  j end
second:
  brasl %r14,add
  mvi done,1
  j end
add:
  lghi %r9,300
take:
  lghi %r1,0
  lghi %r2,1
  cs %r1,%r2,lock
  jne take
  lg %r5,counter
  aghi %r5,1
  lghi %r6,20
3: brct %r6,3b
  stg %r5,counter
  lghi %r1,0
  st %r1,lock
  brctg %r9,take
  br %r14`;
const NEAR = 'counter: .quad 0\nlock: .long 0\ndone: .byte 0';

const counting = (run: (text: string, options?: RunOptions) => Promise<TextRun>): Promise<TextRun> =>
  run(program(COUNTING, { restart: 'second' }, { near: NEAR }), { sliceLength: 97 });

describe.each(RUNTIMES)('on the %s runtime', (_name, make) => {
  test('two CPUs that share storage lose nothing, however their slices fall', async () => {
    for (const seed of [1, 2, 3]) {
      const run = await counting((text, options) => runText(make(seed), text, options));
      expect([run.quad('counter'), run.machine.end!.reason]).toEqual([600n, 'stopped']);
      expect(run.machine.virtuals.every(({ cpu }) => cpu.executed > 5000)).toBe(true);
    }
  });

  test('SIGP resets, sets the prefix and starts a CPU where it was', async () => {
    const body = `
  lghi %r3,1
  lghi %r5,0
  sigp %r4,%r3,11
1: lgr %r6,%r3
  llilh %r7,2
  sigp %r6,%r3,13                       # prefix 0x20000
  brc 2,1b
  ipm %r8
  stc %r8,mask
2: sigp %r4,%r3,6
  brc 2,2b
3: clc 0x20400(1,%r5),mask
  j 4f
second:
  lghi %r1,0x5a
  stc %r1,psw                           # in its own lowcore
  stpx old
  stap own
  llgh %r2,own
  sigp %r4,%r2,5
  j end
4: sigp %r4,%r3,1
  brc 10,4b
  st %r4,noted`;
    const text = program(
      body.replace('3: clc 0x20400(1,%r5),mask\n', ''),
      { restart: 'second' },
      {
        far: `
.org 0x201a0
  .quad MASK, second`,
      },
    );
    const run = await runText(make(1), text);
    const { view } = run.machine.storage;
    expect([view.getUint8(0x20400), run.byte('psw'), view.getUint32(0x20410), run.word('noted')]).toEqual([0x5a, 0, 0x20000, 0x40]);
  });

  test('STOP AND STORE STATUS stores without prefix; the CPU timer stands still then', async () => {
    const body = `
  lghi %r3,1
1: sigp %r4,%r3,11
  brc 2,1b
  llilh %r7,2
2: lgr %r6,%r3
  sigp %r6,%r3,13                       # prefix 0x20000
  brc 2,2b
3: sigp %r4,%r3,6
  brc 2,3b
4: sigp %r4,%r3,9
  brc 2,4b
5: sigp %r4,%r3,1                       # until it is stopped
  brc 10,5b
  lghi %r7,0x4000
  lgr %r6,%r3
  sigp %r6,%r3,14
  lhi %r8,5000
6: brct %r8,6b
  lghi %r7,0x4200
  lgr %r6,%r3
  sigp %r6,%r3,14
  j end
second:
  llilf %r9,0xabcdef
7: j 7b`;
    const run = await runText(make(1), program(body, { restart: 'second' }, { far: '.org 0x201a0\n  .quad MASK, second' }));
    const { view } = run.machine.storage;
    expect([view.getUint32(0x1318), view.getUint32(0x12cc), view.getUint8(0xa3)]).toEqual([0x20000, 0xabcdef, 1]);
    expect(view.getBigUint64(0x4128)).toBe(view.getBigUint64(0x4328));
    expect(view.getBigInt64(0x4128)).toBeLessThan(0n);
  });

  test('instructions that nobody provides are counted by name', async () => {
    const run = await runText(make(1), program('  tbegin 0,0', { program: 'end' }));
    expect([...run.machine.unimplemented]).toEqual([['tbegin', 1]]);
    expect(run.machine.storage.view.getUint16(0x8e)).toBe(1);
  });

  test('DIAGNOSE 44 is a turn for the others, other codes and problem state are exceptions', async () => {
    const body = (instruction: string): string => program(`  ${instruction}`, { program: 'end' });
    const codeOf = async (text: string): Promise<number> => (await runText(make(1), text)).machine.storage.view.getUint16(0x8e);
    expect(await codeOf(body('diag %r0,%r0,0x44\n  diag %r3,%r0,0x9c'))).toBe(0);
    expect(await codeOf(body('diag %r0,%r0,0x500'))).toBe(6);
  });
});

describe('on the controlled runtime', () => {
  const make = RUNTIMES[1]![1];

  test('a run is a function of its seed', async () => {
    const facts = async (seed: number): Promise<unknown> => {
      const { machine } = await counting((text, options) => runText(make(seed), text, options));
      return [machine.virtuals.map(({ cpu }) => cpu.executed), machine.now(), machine.parts.rt.now()];
    };
    expect(await facts(5)).toEqual(await facts(5));
    expect(new Set((await Promise.all([1, 2, 3, 4].map(facts))).map((fact) => JSON.stringify(fact))).size).toBeGreaterThan(1);
  });

  test('a trace is called before each instruction', async () => {
    const seen: number[] = [];
    const run = await runText(make(1), program('  lghi %r1,1\n  lghi %r2,2'), { trace: (cpu) => seen.push(cpu.ia) });
    expect(seen.slice(0, 3)).toEqual([0x10000, 0x10004, 0x10008]);
    expect(seen.length).toBe(run.machine.executed);
  });

  test('a guest without storage in one array is refused', () => {
    const platform = { name: 'guest', cpus: [], storage: {} } as never;
    expect(() => new GuestMachine({ rt: make(1), platform, print: () => undefined })).toThrow(
      'expected guest guest to have its storage in one array',
    );
  });
});
