/**
 * AP instructions with broken queries, resets and condition codes.
 */
import { SPECIFICATION_EXCEPTION } from '../../../../src/base/program-interruption.ts';
import { after, interrupt, otherCode, QUEUE_FUNCTIONS, rcOf, seeing, inCheck, type Spoiled } from './spoil.ts';

export const SPOILED_QUERIES: readonly Spoiled[] = [
  {
    defect: 'cc 0 for every PQAP',
    machine: 'accelerator',
    noticed: /(TAPQ|RAPQ|ZAPQ|AQIC) of a queue that is not there|AQIC .*twice|outside of storage: cc 3/,
    execute: after(['tapq', 'rapq', 'zapq', 'aqic'], (cpu) => (cpu.cc = inCheck(cpu) ? 0 : cpu.cc)),
  },
  {
    defect: 'cc 3 for every instruction but DQAP',
    machine: 'accelerator',
    noticed:
      /(^(?!DQAP).*: cc 0|^QCI: |^TAPQ (takes|without T|with T:)|loses|^NQAP: |^NQAP of the reply|^the indicator|^an interruption|RAPQ disables)/,
    execute: after(['tapq', 'rapq', 'zapq', 'aqic', 'nqap', 'qci'], (cpu) => (cpu.cc = inCheck(cpu) ? 3 : cpu.cc)),
  },
  {
    defect: 'a whole reply ends with cc 1',
    machine: 'accelerator',
    noticed: /^DQAP: /,
    execute: after(['dqap'], (cpu) => (cpu.cc = cpu.cc === 0 ? 1 : cpu.cc)),
  },
  {
    defect: 'NQAP and DQAP of a queue that is not there end with cc 0',
    machine: 'accelerator',
    noticed: /^(NQAP|DQAP) of a queue that is not there/,
    execute: after(['nqap', 'dqap'], (cpu) => (cpu.cc &= rcOf(cpu) === 1 ? 0 : 3)),
  },
  {
    defect: 'E in the status of a queue that is not there',
    machine: 'accelerator',
    noticed: /^(TAPQ|RAPQ|ZAPQ|NQAP|DQAP) of a queue that is not there/,
    execute: after(QUEUE_FUNCTIONS, (cpu) => (cpu.lo[1]! |= rcOf(cpu) === 1 ? 0x80000000 : 0)),
  },
  {
    defect: 'the status is in the left half of GR1',
    machine: 'accelerator',
    noticed: /^(TAPQ takes|RAPQ: cc 0|ZAPQ: cc 0)/,
    execute: after(['tapq', 'rapq', 'zapq'], (cpu) => (cpu.hi[1] = cpu.lo[1]!)),
  },
  {
    defect: 'unused bits of the status are on',
    machine: 'accelerator',
    noticed: /^(TAPQ takes|RAPQ: cc 0|ZAPQ: cc 0|TAPQ of an idle)/,
    execute: after(['tapq', 'rapq', 'zapq'], (cpu) => (cpu.lo[1]! |= 0x1000)),
  },
  {
    defect: 'no E in the status of an idle queue',
    machine: 'accelerator',
    noticed: /^TAPQ of an idle queue/,
    execute: after(['tapq'], (cpu) => (cpu.lo[1]! &= 0x7fffffff)),
  },
  {
    defect: 'R is not in the status',
    machine: 'accelerator',
    noticed: /^NQAP of the reply/,
    execute: after(['tapq'], (cpu) => (cpu.lo[1]! &= ~0x40000000)),
  },
  {
    defect: 'TAPQ of a queue in reset ends with cc 0',
    machine: 'accelerator',
    noticed: /^TAPQ while a reset runs/,
    execute: after(['tapq'], (cpu) => (cpu.cc = rcOf(cpu) === 2 ? 0 : cpu.cc)),
  },
  {
    defect: 'a reset that runs is not seen',
    machine: 'accelerator',
    noticed: /^TAPQ while a reset runs/,
    execute: otherCode(['tapq'], 2, 0),
  },
  {
    defect: 'the left half of GR0 matters',
    machine: 'accelerator',
    noticed: /takes no notice of the left half/,
    execute: seeing(['tapq'], (cpu) => cpu.hi[0] === 0 || interrupt(SPECIFICATION_EXCEPTION)),
  },
  {
    defect: 'TAPQ with T tells two modes',
    machine: 'coprocessor',
    noticed: /^TAPQ with T:/,
    execute: after(['tapq'], (cpu) => (cpu.hi[2]! |= 0x1c000000)),
  },
  {
    defect: 'TAPQ with T tells no type',
    machine: 'accelerator',
    noticed: /^TAPQ with T:/,
    execute: after(['tapq'], (cpu) => (cpu.lo[2]! &= 0x00ffffff)),
  },
  {
    defect: 'TAPQ with T tells a highest domain of 0',
    machine: 'accelerator',
    noticed: /^TAPQ with T:/,
    execute: after(['tapq'], (cpu) => (cpu.lo[2]! &= ~0x00ff0000)),
  },
  {
    defect: 'TAPQ tells functions without T',
    machine: 'accelerator',
    noticed: /^TAPQ without T:/,
    execute: after(['tapq'], (cpu) => (cpu.hi[2] = 0x6a000000)),
  },
  {
    defect: 'QCI stores half of its block',
    machine: 'accelerator',
    noticed: /^QCI: the block/,
    execute: after(['qci'], (cpu) => cpu.storage.write((cpu.lo[2]! >>> 0) + 120, new Uint8Array(8).fill(0xff))),
  },
  {
    defect: 'QCI stores too much',
    machine: 'accelerator',
    noticed: /^QCI: the block/,
    execute: after(['qci'], (cpu) => cpu.storage.write((cpu.lo[2]! >>> 0) + 128, Uint8Array.of(0))),
  },
  {
    defect: 'QCI sets GR1',
    machine: 'accelerator',
    noticed: /^QCI: GR0, GR1 and GR2 stay/,
    execute: after(['qci'], (cpu) => (cpu.lo[1] = 0)),
  },
  {
    defect: 'QCI stores empty masks',
    machine: 'accelerator',
    noticed: /^QCI: the queue is in both masks/,
    execute: after(['qci'], (cpu) => cpu.storage.write((cpu.lo[2]! >>> 0) + 48, new Uint8Array(inCheck(cpu) ? 32 : 0))),
  },
  {
    defect: 'QCI tells a highest adapter below those of the mask',
    machine: 'accelerator',
    noticed: /^QCI: highest numbers/,
    execute: after(['qci'], (cpu) => cpu.storage.write((cpu.lo[2]! >>> 0) + 4, Uint8Array.of(4))),
  },
  {
    defect: 'RAPQ does nothing',
    machine: 'accelerator',
    noticed: /^RAPQ (loses messages|disables interrupts)|^TAPQ while/,
    execute: seeing(['rapq'], (cpu) => (cpu.lo[0]! &= 0xffff)),
  },
];
