/**
 * Goal: a hypervisor in machine code runs a nested guest in machine code by SIE: its AP instructions are interpreted under the shadow masks, AQIC
 * and what concerns the machine are intercepted, registers move as they should. Method: programs on a vCPU that may execute SIE.
 */
import { describe, expect, test } from 'vitest';
import { RUNTIMES } from '../../../helpers/in-task.ts';
import { FACILITIES } from '../../../kvm/vm.ts';
import { program, runText } from './run-text.ts';

const NESTED_HYPERVISOR = { vm: { sief2: true } } as const;

/** The state description: APIE, prefix 0, storage of 1 MiB at 0x100000, PSW at 0x10000 of it, CRYCB of format 2. */
const state = (mask = 'MASK', apie = 8): string => `
.align 512
description: .skip 0x4c
  .long ${apie}
.org description+0x80
  .quad 0x100000, 0x100000, ${mask}, 0x10000, 0x1414, 0x1515
.org description+0xfc
  .long crycb + 3
.org description+0x1c8
  .long 0
.org description+0x200
.align 256
crycb: .skip 0x80
  .quad 0x0600000000000000, 0, 0, 0     # adapters 5 and 6
  .quad 0x0800000000000000, 0, 0, 0     # domain 4
  .quad 0, 0, 0, 0
.align 8
exits: .quad 0, 0, 0, 0
`;

/** Runs SIE until the nested guest waits, and keeps of each exit the code, IPA and IPB. */
const HYPERVISOR = `
  larl %r12,description
  larl %r14,exits
  lghi %r15,0x77
  lghi %r8,0x88
again:
  sie 0(%r12)
  mvc 0(1,%r14),0x50(%r12)
  mvc 2(6,%r14),0x56(%r12)
  aghi %r14,8
  cli 0x50(%r12),4
  je again
  stg %r8,noted
  stg %r15,noted+8`;

const nested = (body: string, program_new = 'refused'): string => `
.org 0x1001d0
  .quad MASK, ${program_new}-0x100000
.org 0x110000
nested_start:
${body}
  larl %r1,nested_waits
  lpswe 0(%r1)
refused:
  larl %r1,nested_waits
  lpswe 0(%r1)
.align 8
nested_waits: .quad MASK | WAIT, 0x1234
nested_notes: .quad 0, 0, 0, 0
`;

describe.each(RUNTIMES)('on the %s runtime', (_name, make) => {
  test('TAPQ, NQAP and QCI are interpreted under both masks, AQIC and DIAGNOSE are intercepted', async () => {
    const body = `
  larl %r9,nested_notes
  llilf %r0,0x00000504
  pqap
  stg %r1,0(%r9)
  llilf %r0,0x00000604
  pqap
  stg %r1,8(%r9)
  llilf %r0,0x04000000
  larl %r2,nested_block
  pqap
  llilf %r0,0x03000504
  pqap
  diag %r0,%r0,0x44
  stg %r14,16(%r9)
  lghi %r14,0x99
  lghi %r8,0x55`;
    const far = state() + nested(body) + 'nested_block: .skip 128\n';
    const run = await runText(make(1), program(HYPERVISOR, {}, { far }), NESTED_HYPERVISOR);
    const { view } = run.machine.storage;
    const exit = (n: number): bigint => view.getBigUint64(run.at('exits') + 8 * n);
    expect([exit(0), exit(1), exit(2) >> 56n]).toEqual([0x0400_b2af_0000_0000n, 0x0400_8300_0044_0000n, 0x1cn]);
    // Adapter 6 is not in the mask of the hypervisor.
    expect([run.quad('nested_notes'), view.getBigUint64(run.at('nested_notes') + 8)]).toEqual([0x8000_0000n, 0x0001_0000n]);
    expect([...new Uint8Array(view.buffer, run.at('nested_block') + 16, 1)]).toEqual([0x04]);
    // Registers 0 to 13 are shared, 14 and 15 are not.
    expect([view.getBigUint64(run.at('nested_notes') + 16), run.quad('noted'), view.getBigUint64(run.at('noted') + 8)]).toEqual([
      0x1414n,
      0x55n,
      0x77n,
    ]);
    expect([
      view.getBigUint64(run.at('description') + 0xa0),
      view.getBigUint64(run.at('description') + 0x90),
      view.getBigUint64(run.at('description') + 0x98),
    ]).toEqual([0x99n, 0x0002_0001_8000_0000n, 0x1234n]);
  });

  test('without APIE each AP instruction is intercepted', async () => {
    const run = await runText(
      make(1),
      program(HYPERVISOR, {}, { far: state('MASK', 0) + nested('  nqap %r2,%r4\n  pqap') }),
      NESTED_HYPERVISOR,
    );
    const { view } = run.machine.storage;
    expect([0, 8].map((at) => view.getBigUint64(run.at('exits') + at))).toEqual([0x0400_b2ad_0024_0000n, 0x0400_b2af_0000_0000n]);
  });

  test('an exception of the nested guest is its own, in its own lowcore', async () => {
    const far = state('MASK | PROBLEM') + nested('  pqap');
    const run = await runText(make(1), program(HYPERVISOR, {}, { far }), NESTED_HYPERVISOR);
    const { view } = run.machine.storage;
    expect([view.getUint32(0x10008c), view.getUint32(0x8c), view.getBigUint64(0x100158)]).toEqual([0x0004_0002, 0, 0x10004n]);
  });

  test('a nested guest whose addresses are to be translated ends the program, and is told so', async () => {
    const far = state('MASK | 0x0400000000000000') + nested('  j nested_start');
    const run = await runText(make(1), program(HYPERVISOR, {}, { far }), NESTED_HYPERVISOR);
    expect(run.machine.end).toEqual({ reason: 'translation', detail: 'a nested guest of CPU 0 at 0x10000' });
  });

  test('SIE is refused: no facility, problem state, alignment, outside of storage', async () => {
    const refused = async (body: string, sief2 = true): Promise<number> => {
      const run = await runText(make(1), program(`${body}\n  j end`), { vm: { sief2, facilities: FACILITIES } });
      return run.machine.storage.view.getUint16(0x8e);
    };
    expect(await refused('  lghi %r3,0x2000\n  sie 0(%r3)', false)).toBe(1);
    expect(await refused('  lghi %r3,0x2100\n  sie 0(%r3)')).toBe(6);
    expect(await refused('  llilh %r3,0x7000\n  sie 0(%r3)')).toBe(5);
  });
});

describe('on the controlled runtime, where it is known what comes first', () => {
  const make = RUNTIMES[1]![1];

  test('an interruption of the hypervisor ends SIE, which is executed again afterwards', async () => {
    const body = `
  stck psw
  lg %r1,psw
  alg %r1,delay
  stg %r1,psw
  sckc psw
  lctlg %c0,%c0,cr0_clock
  stosm mask,1
${HYPERVISOR}
  j end
ticked:
  mvc old(16),0x130
  lctlg %c0,%c0,cr0_service
  larl %r1,nested_flag
  mvi 0(%r1),1
  lpswe 0x130`;
    const far = state() + nested('1: larl %r2,nested_flag\n  cli 0(%r2),0\n  je 1b') + 'nested_flag: .byte 0\n';
    const run = await runText(make(1), program(body, { external: 'ticked' }, { near: 'delay: .quad 2000 << 12', far }), NESTED_HYPERVISOR);
    expect(run.machine.taken.external).toBe(1);
    // The old PSW points at SIE.
    expect(run.machine.storage.view.getBigUint64(run.at('old') + 8)).toBe(BigInt(run.at('again')));
    expect(run.byte('exits')).toBe(0x1c);
  });
});
