/**
 * AP instructions with broken messages and interruptions.
 */
import { after, nameOf, otherCode, seeing, type Spoiled } from './spoil.ts';

export const SPOILED_MESSAGES: readonly Spoiled[] = [
  {
    defect: 'NQAP does not advance its buffer',
    machine: 'accelerator',
    noticed: /^NQAP: cc 0, code 00, the buffer used up/,
    execute: async (executed) => {
      const { cpu, insn } = executed;
      const [address, length] = [cpu.lo[insn.r2]!, cpu.lo[insn.r2 + 1]!];
      await executed.real();
      if (insn.mnemonic !== 'nqap') return;
      cpu.lo[insn.r2] = address;
      cpu.lo[insn.r2 + 1] = length;
    },
  },
  {
    defect: 'NQAP loses messages',
    machine: 'accelerator',
    noticed:
      /^(NQAP: the queue is not empty|NQAP of the reply|NQAP into a full queue|DQAP(:| into a short| in parts)|NQAP in two|the indicator|an interruption)/,
    execute: async (executed) => {
      if (nameOf(executed) !== 'nqap' || executed.insn.r1 % 2 === 1 || executed.cpu.problem) return await executed.real();
      executed.cpu.lo[0] = (executed.cpu.lo[0]! & 0xffff) | 0;
      await executed.real();
    },
  },
  {
    defect: 'F is not in the status of a full queue',
    machine: 'accelerator',
    noticed: /^NQAP into a full queue/,
    execute: after(['nqap'], (cpu) => (cpu.lo[1]! &= ~0x20000000)),
  },
  {
    defect: 'a full queue answers 05',
    machine: 'accelerator',
    noticed: /^NQAP into a full queue/,
    execute: otherCode(['nqap'], 0x10, 0x05),
  },
  {
    defect: 'a message beyond the limit answers 10',
    machine: 'accelerator',
    noticed: /beyond the limit of the queue together/,
    execute: otherCode(['nqap'], 0x15, 0x10),
  },
  {
    defect: 'a special command that the card does not take answers 15',
    machine: 'accelerator',
    noticed: /^NQAP of a special command/,
    execute: otherCode(['nqap'], 0x16, 0x15),
  },
  {
    defect: 'an empty queue answers 00',
    machine: 'accelerator',
    noticed: /^DQAP of an empty queue/,
    execute: otherCode(['dqap'], 0x10, 0x00),
  },
  {
    defect: 'DQAP does not advance its buffer',
    machine: 'accelerator',
    noticed: /^DQAP(: cc 0, code 00, buffer| into a short| in parts|: nothing behind)/,
    execute: async (executed) => {
      const { cpu, insn } = executed;
      const [address, length] = [cpu.lo[insn.r2]!, cpu.lo[insn.r2 + 1]!];
      await executed.real();
      if (insn.mnemonic !== 'dqap' || cpu.cc === 3) return;
      cpu.lo[insn.r2] = address;
      cpu.lo[insn.r2 + 1] = length;
    },
  },
  {
    defect: 'DQAP uses up its buffer although nothing came',
    machine: 'accelerator',
    noticed: /^DQAP of an empty queue/,
    execute: after(['dqap'], (cpu, { insn }) => {
      if (cpu.cc === 3) cpu.lo[insn.r2 + 1] = 0;
    }),
  },
  {
    defect: 'DQAP swaps the halves of the identifier',
    machine: 'accelerator',
    noticed: /both halves of the identifier/,
    execute: after(['dqap'], (cpu, { insn }) => {
      const high = cpu.lo[insn.r1]!;
      cpu.lo[insn.r1] = cpu.lo[insn.r1 + 1]!;
      cpu.lo[insn.r1 + 1] = high;
    }),
  },
  {
    defect: 'DQAP stores behind the reply',
    machine: 'accelerator',
    noticed: /nothing behind the reply/,
    execute: after(['dqap'], (cpu, { insn }) => {
      if (cpu.cc === 0) cpu.storage.write(cpu.lo[insn.r2]! >>> 0, Uint8Array.of(0));
    }),
  },
  {
    defect: 'DQAP leaves the reply in the queue',
    machine: 'accelerator',
    noticed: /^DQAP: the queue is empty afterwards/,
    execute: async (executed) => {
      const { cpu, insn } = executed;
      if (nameOf(executed) === 'dqap' && insn.r1 % 2 === 0 && !cpu.problem && cpu.lo[insn.r2 + 1]! > 3) {
        const before = [cpu.lo[insn.r2 + 1]!] as const;
        cpu.lo[insn.r2 + 1] = 3;
        await executed.real();
        if (cpu.cc !== 1) return;
        cpu.cc = 0;
        cpu.lo[1] = 0;
        cpu.lo[insn.r2 + 1] = before[0] - 3;
      } else await executed.real();
    },
  },
  {
    defect: 'a partial DQAP ends with cc 0',
    machine: 'accelerator',
    noticed: /^DQAP (into a short buffer|in parts)/,
    execute: after(['dqap'], (cpu) => (cpu.cc &= 2)),
  },
  {
    defect: 'a partial DQAP does not tell what is left',
    machine: 'accelerator',
    noticed: /^DQAP into a short buffer/,
    execute: after(['dqap'], (cpu) => {
      if (cpu.cc === 1) cpu.lo[2] = 0;
    }),
  },
  {
    defect: 'a partial DQAP begins anew each time',
    machine: 'accelerator',
    noticed: /^DQAP in parts/,
    execute: after(['dqap'], (cpu, { insn }) => {
      if (cpu.cc === 1) cpu.storage.write((cpu.lo[insn.r2]! >>> 0) - 3, Uint8Array.of(0, 0, 0));
    }),
  },
  {
    defect: 'DQAP goes on with nothing',
    machine: 'accelerator',
    noticed: /goes on with nothing/,
    execute: otherCode(['dqap'], 0x13, 0x10),
  },
  {
    defect: 'the first part of a message is a message',
    machine: 'accelerator',
    noticed: /^NQAP in two parts/,
    execute: seeing(['nqap'], (cpu, { insn }) => {
      if (insn.r1 % 2 === 0 && cpu.lo[0]! >>> 16 === 0) cpu.lo[0]! |= 0x40000000;
    }),
  },
];

export const SPOILED_INTERRUPTS: readonly Spoiled[] = [
  {
    defect: 'AQIC does nothing',
    machine: 'accelerator',
    noticed: /^AQIC enables: |^AQIC (enables twice|disables: )|^the indicator|^an interruption|^RAPQ disables/,
    execute: seeing(['aqic'], (cpu) => (cpu.lo[0]! &= 0xffff)),
  },
  {
    defect: 'AQIC never disables',
    machine: 'accelerator',
    noticed: /^AQIC disables: /,
    execute: async (executed) => {
      const { cpu } = executed;
      const disables = nameOf(executed) === 'aqic' && (cpu.hi[1]! & 0x8000) === 0;
      if (disables) cpu.lo[0]! &= 0xffff;
      await executed.real();
    },
  },
  {
    defect: 'AQIC tells 00 when nothing changed',
    machine: 'accelerator',
    noticed: /^AQIC (enables|disables) twice/,
    execute: otherCode(['aqic'], 7, 0),
  },
  {
    defect: 'AQIC tells 00 for an indicator outside of storage',
    machine: 'accelerator',
    noticed: /^AQIC with an indicator outside/,
    execute: otherCode(['aqic'], 6, 0),
  },
  {
    defect: 'I is never in the status',
    machine: 'accelerator',
    noticed: /^AQIC enables: |^AQIC (enables twice|disables: )|^the indicator|^an interruption|^RAPQ disables/,
    execute: after(['tapq'], (cpu) => (cpu.lo[1]! &= ~0x01000000)),
  },
  {
    defect: 'AQIC takes another ISC',
    machine: 'accelerator',
    noticed: /^the indicator is set/,
    execute: seeing(['aqic'], (cpu) => (cpu.lo[1]! ^= (cpu.hi[1]! & 0x8000) === 0 ? 0 : 1)),
  },
  {
    defect: 'AQIC takes another indicator',
    machine: 'accelerator',
    noticed: /^the indicator is set/,
    execute: async (executed) => {
      const { cpu } = executed;
      const name = nameOf(executed);
      if (name === 'aqic' && cpu.hi[2] === 0) cpu.lo[2]! ^= 0x800;
      await executed.real();
      if (name === 'aqic' && cpu.hi[2] === 0) cpu.lo[2]! ^= 0x800;
    },
  },
];
