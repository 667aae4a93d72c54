/**
 * Program mask, access registers, hints that need nothing, what the caches are like, and monitor calls (Principles of Operation, chapter 7:
 * IPM, SPM, TAM, EAR, SAR, CPYA, PFD, BPP, ECAG, MC).
 */
import { address1, address2 } from '../access.ts';
import type { Cpu } from '../cpu.ts';
import type { Instruction } from '../instruction.ts';
import { MonitorEvent, specification } from '../program-exception.ts';
import type { Handlers } from './handlers.ts';

const PROGRAM_MASK: Handlers = {
  ipm: (c, i) => void (c.lo[i.r1] = (c.lo[i.r1]! & 0xff_ffff) | (((c.cc << 4) | c.programMask) << 24)),
  spm: (c, i) => {
    c.cc = (c.lo[i.r1]! >>> 28) & 3;
    c.programMask = (c.lo[i.r1]! >>> 24) & 0xf;
  },
  tam: (c) => void (c.cc = c.mode64 ? 3 : c.mode === 31 ? 1 : 0),
};

const ACCESS_REGISTERS: Handlers = {
  ear: (c, i) => void (c.lo[i.r1] = c.ar[i.r2]!),
  sar: (c, i) => void (c.ar[i.r1] = c.lo[i.r2]!),
  cpya: (c, i) => void (c.ar[i.r1] = c.ar[i.r2]!),
};

const nothing = (): void => undefined;

/** What is coming is hinted at: nothing that a program could see follows. */
const HINTS: Handlers = { pfd: nothing, pfdrl: nothing, bpp: nothing, bprp: nothing, niai: nothing, ppa: nothing };

/** Two levels of a core, for instructions and for data, and two of all of them: for each four bits of where, four of what. */
const CACHES = 0x0404_0b0b;
/** In KiB, for data and for instructions; all of them have lines of 256 bytes, so many of which lie in a set. */
const KIB = 1024;
const LEVELS = [
  { size: [96, 64], ways: [6, 4] },
  { size: [1024, 1024], ways: [8, 8] },
  { size: [48 * 1024, 48 * 1024], ways: [12, 12] },
  { size: [384 * 1024, 384 * 1024], ways: [24, 24] },
] as const;
const LINE_BYTES = 256;

/** EXTRACT CPU ATTRIBUTE: what the address asks for; all ones for what there is not. */
function ecag(c: Cpu, i: Instruction): void {
  const address = address2(c, i);
  const [attribute, number, type] = [(address >>> 4) & 0xf, (address >>> 1) & 7, address & 1];
  const level = LEVELS[number];
  let answer = -1;
  if (attribute === 1 && level !== undefined) answer = LINE_BYTES;
  if (attribute === 2 && level !== undefined) answer = level.size[type]! * KIB;
  if (attribute === 3 && level !== undefined) answer = level.ways[type]!;
  c.hi[i.r1] = attribute === 0 ? CACHES : answer < 0 ? -1 : 0;
  c.lo[i.r1] = attribute === 0 ? 0 : answer;
}

/** A class that CR8 lets through; otherwise nothing. */
function mc(c: Cpu, i: Instruction): void {
  const monitor = i.i2 & 0xff;
  if (monitor > 0xf) throw specification(`monitor class ${monitor}`);
  if ((c.crLo[8]! & (0x8000 >> monitor)) === 0) return;
  const low = (i.b1 === 0 ? 0 : c.lo[i.b1]! >>> 0) + i.d1;
  const high = i.b1 === 0 ? 0 : c.hi[i.b1]! + Math.floor(low / 0x1_0000_0000);
  throw c.mode64 ? new MonitorEvent(monitor, high, low | 0) : new MonitorEvent(monitor, 0, address1(c, i));
}

export const MISCELLANEOUS: Handlers = { ecag, mc, ...PROGRAM_MASK, ...ACCESS_REGISTERS, ...HINTS };
