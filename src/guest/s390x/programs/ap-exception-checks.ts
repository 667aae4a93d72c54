/**
 * What the conformance program checks of program interruptions: privilege, each specification exception, addressing, and their priority
 * (arch/s390/include/asm/ap.h, arch/s390/kvm/priv.c).
 */
import {
  ADDRESSING_EXCEPTION,
  OPERATION_EXCEPTION,
  PRIVILEGED_OPERATION,
  SPECIFICATION_EXCEPTION,
} from '../../../base/program-interruption.ts';
import { ENABLE, LAST, NOWHERE, PQAP, START, T, dqap, fc, nqap, qci } from './ap-check-operands.ts';
import { Fact, type ApCheck } from './ap-check-rows.ts';

const { AP, QCI, APFT, AQIC, APXA, QACT, QUEUE, OTHER } = Fact;
const specification = SPECIFICATION_EXCEPTION;
const TOO_LONG = '0x100000';

/** Of bits 41 to 47 of GR0, as the function has them all zero. */
const reservedBits = (name: 'tapq' | 'rapq' | 'zapq' | 'aqic', from: number): ApCheck[] =>
  Array.from({ length: 48 - from }, (_, i) => ({
    name: `${name.toUpperCase()} with bit ${from + i} of GR0: specification exception`,
    instruction: PQAP,
    gr0: `${fc(name)} | 1 << ${63 - from - i}`,
    gr1: name === 'aqic' ? ENABLE : '0',
    gr2: 'indicator',
    interruption: specification,
    needs: QUEUE | (name === 'aqic' ? AQIC : 0),
  }));

const queueBits = (instruction: 'NQAP' | 'DQAP', bits: readonly number[]): ApCheck[] =>
  bits.map((bit) => ({
    ...(instruction === 'NQAP' ? nqap : dqap),
    name: `${instruction} with bit ${bit} of GR0: specification exception`,
    gr0: `${instruction === 'NQAP' ? LAST : START} | 1 << ${63 - bit}`,
    interruption: specification,
    needs: QUEUE,
  }));

/** Where there is nothing to execute AP instructions, nothing about them matters. */
const ABSENT: readonly ApCheck[] = [
  { name: 'PQAP without AP: operation exception', instruction: PQAP },
  { ...nqap, name: 'NQAP without AP: operation exception' },
  { ...dqap, name: 'DQAP without AP: operation exception' },
  { name: 'priority: no AP before privilege', instruction: PQAP, problemState: true },
  { name: 'priority: no AP before reserved bits', instruction: PQAP, gr0: '0x007f0000' },
  { ...nqap, name: 'priority: no AP before an odd register', instruction: 'nqap %r5,%r7' },
].map((check) => ({ ...check, apqn: 'none', interruption: OPERATION_EXCEPTION, needs: 0, without: AP }));

const PRIVILEGE: readonly ApCheck[] = [
  { name: 'TAPQ in problem state: privileged operation', instruction: PQAP, gr0: fc('tapq'), needs: QUEUE },
  { name: 'RAPQ in problem state: privileged operation', instruction: PQAP, gr0: fc('rapq'), needs: QUEUE },
  { name: 'ZAPQ in problem state: privileged operation', instruction: PQAP, gr0: fc('zapq'), needs: QUEUE },
  {
    name: 'AQIC in problem state: privileged operation',
    instruction: PQAP,
    gr0: fc('aqic'),
    gr1: ENABLE,
    gr2: 'indicator',
    needs: QUEUE | AQIC,
  },
  { ...qci, name: 'QCI in problem state: privileged operation', needs: QCI },
  { ...nqap, name: 'NQAP in problem state: privileged operation', needs: QUEUE },
  { ...dqap, name: 'DQAP in problem state: privileged operation', needs: QUEUE },
  { name: 'priority: privilege before a bad function code', instruction: PQAP, gr0: '0x55 << 24', needs: QUEUE },
  { name: 'priority: privilege before reserved bits', instruction: PQAP, gr0: '0x007f0000', needs: QUEUE },
  { ...qci, name: 'priority: privilege before a misaligned block', gr2: 'block+4', needs: QCI },
  { ...nqap, name: 'priority: privilege before an odd register', instruction: 'nqap %r5,%r7', needs: QUEUE },
  { ...dqap, name: 'priority: privilege before a length of zero', gr7: '0', needs: QUEUE },
  { name: 'priority: privilege before a queue that is not there', instruction: PQAP, apqn: 'other', needs: OTHER } satisfies ApCheck,
].map((check) => ({ ...check, problemState: true, interruption: PRIVILEGED_OPERATION }));

const SPECIFICATION: readonly ApCheck[] = [
  ...['0x09', '0x10', '0x7f', '0x80', '0xff'].map((code) => ({
    name: `PQAP with function code ${code}: specification exception`,
    instruction: PQAP,
    gr0: `${code} << 24`,
    interruption: specification,
    needs: QUEUE,
  })),
  ...reservedBits('tapq', 41),
  ...reservedBits('rapq', 42),
  ...reservedBits('zapq', 42),
  ...reservedBits('aqic', 41),
  {
    name: 'TAPQ with T, without facility 15: specification exception',
    instruction: PQAP,
    gr0: T,
    interruption: specification,
    needs: QUEUE,
    without: APFT,
  },
  {
    name: 'AQIC without facility 65: specification exception',
    instruction: PQAP,
    gr0: fc('aqic'),
    gr1: ENABLE,
    gr2: 'indicator',
    interruption: specification,
    needs: QUEUE,
    without: AQIC,
  },
  { ...qci, name: 'QCI without facility 12: specification exception', interruption: specification, needs: 0, without: QCI },
  {
    name: 'QACT that QCI does not announce: specification exception',
    instruction: PQAP,
    gr0: fc('qact'),
    interruption: specification,
    needs: QUEUE | QCI,
    without: QACT,
  },
  { ...qci, name: 'QCI into a block on a word: specification exception', gr2: 'block+4', interruption: specification, needs: QCI },
  { ...qci, name: 'QCI into a block on a byte: specification exception', gr2: 'block+1', interruption: specification, needs: QCI },
  {
    ...nqap,
    name: 'NQAP with an odd first register: specification exception',
    instruction: 'nqap %r5,%r6',
    interruption: specification,
    needs: QUEUE,
  },
  {
    ...nqap,
    name: 'NQAP with an odd second register: specification exception',
    instruction: 'nqap %r4,%r7',
    interruption: specification,
    needs: QUEUE,
  },
  {
    ...dqap,
    name: 'DQAP with an odd first register: specification exception',
    instruction: 'dqap %r5,%r6',
    interruption: specification,
    needs: QUEUE,
  },
  {
    ...dqap,
    name: 'DQAP with an odd second register: specification exception',
    instruction: 'dqap %r4,%r7',
    interruption: specification,
    needs: QUEUE,
  },
  { ...nqap, name: 'NQAP of no bytes: specification exception', gr7: '0', interruption: specification, needs: QUEUE },
  { ...nqap, name: 'NQAP of too many bytes: specification exception', gr7: TOO_LONG, interruption: specification, needs: QUEUE },
  { ...dqap, name: 'DQAP into too many bytes: specification exception', gr7: TOO_LONG, interruption: specification, needs: QUEUE },
  ...[nqap, dqap].map((given) => ({
    ...given,
    name: `${given.instruction.slice(0, 4).toUpperCase()} with a byte more than the limit of the queue: specification exception`,
    prepare: 'over_limit',
    interruption: specification,
    needs: QUEUE | APFT,
  })),
  { ...dqap, name: 'DQAP into no bytes: specification exception', gr7: '0', interruption: specification, needs: QUEUE },
  ...queueBits('NQAP', [32, 34, 35, 40]),
  ...queueBits('DQAP', [33, 34, 35, 40, 41]),
];

/** Adapters from 64 on and domains from 16 on. */
const LIMITS: readonly ApCheck[] = [
  { name: 'TAPQ', instruction: PQAP, gr0: fc('tapq') },
  { name: 'RAPQ', instruction: PQAP, gr0: fc('rapq') },
  { name: 'AQIC', instruction: PQAP, gr0: fc('aqic'), gr1: ENABLE, gr2: 'indicator', aqic: true },
  { name: 'NQAP', ...nqap },
  { name: 'DQAP', ...dqap },
].flatMap(({ name, aqic = false, ...base }: Omit<ApCheck, 'needs'> & { readonly aqic?: boolean }) =>
  (
    [
      ['adapter 64', '0x4000'],
      ['adapter 255', '0xff00'],
      ['domain 16', '0x0010'],
    ] as const
  ).map(([where, apqn]) => ({
    ...base,
    name: `${name} of ${where} without APXA: specification exception`,
    gr0: `${base.gr0} | ${apqn}`,
    apqn: 'none' as const,
    interruption: specification,
    needs: QCI | (aqic ? AQIC : 0),
    without: APXA,
  })),
);

const PRIORITY: readonly ApCheck[] = [
  {
    name: 'priority: reserved bits before a queue that is not there',
    instruction: PQAP,
    gr0: '0x00010000',
    apqn: 'other',
    interruption: specification,
    needs: OTHER,
  },
  {
    ...nqap,
    name: 'priority: an odd register before a queue that is not there',
    instruction: 'nqap %r5,%r6',
    apqn: 'other',
    interruption: specification,
    needs: OTHER,
  },
  {
    ...nqap,
    name: 'priority: a length of zero before a buffer outside of storage',
    gr6: NOWHERE,
    gr7: '0',
    interruption: specification,
    needs: QUEUE,
  },
  {
    ...dqap,
    name: 'priority: an odd register before a buffer outside of storage',
    instruction: 'dqap %r4,%r7',
    gr6: NOWHERE,
    interruption: specification,
    needs: QUEUE,
  },
  { ...qci, name: 'priority: alignment before a block outside of storage', gr2: `${NOWHERE} + 4`, interruption: specification, needs: QCI },
  {
    ...qci,
    name: 'QCI into a block outside of storage: addressing exception',
    gr2: NOWHERE,
    interruption: ADDRESSING_EXCEPTION,
    needs: QCI,
  },
  {
    ...nqap,
    name: 'NQAP from a buffer outside of storage: addressing exception',
    gr6: NOWHERE,
    interruption: ADDRESSING_EXCEPTION,
    needs: QUEUE,
  },
  {
    ...dqap,
    name: 'DQAP into a buffer outside of storage: addressing exception',
    gr6: NOWHERE,
    interruption: ADDRESSING_EXCEPTION,
    needs: QUEUE,
  },
];

export const EXCEPTION_CHECKS: readonly ApCheck[] = [...ABSENT, ...PRIVILEGE, ...SPECIFICATION, ...LIMITS, ...PRIORITY];
