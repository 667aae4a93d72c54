/**
 * PERFORM LOCKED OPERATION: compares, and loads, swaps or stores up to four operands as one step (Principles of Operation, chapter 7). CPUs
 * take turns between instructions, so that the lock that GR1 names is never held by another one.
 */
import { address2, address4, checkStore, load32, mustBeAligned, mustBeEven, store32 } from '../access.ts';
import type { Cpu } from '../cpu.ts';
import type { Instruction } from '../instruction.ts';
import { specification } from '../program-exception.ts';
import type { Handlers } from './handlers.ts';

/** Bits of GR0: reserved, only a question whether the function is there, the function code. */
const RESERVED = ~0x1ff;
const TEST = 0x100;
const FUNCTIONS = 24;

/** A function code is an operation and a form: where values are, and how many words they have. */
const LOAD = 0;
const SWAP = 1;
const DOUBLE_SWAP = 2;
const SWAP_AND_STORE = 3;
const FORMS = [
  { words: 1, listed: false },
  { words: 2, listed: true },
  { words: 2, listed: false },
  { words: 4, listed: true },
] as const;

/** The parameter list: values in fields of 16 bytes, right-aligned, by number; addresses of operands 4, 6 and 8. */
const FIELD = 16;
const COMPARISON = 0;
const REPLACEMENT = 1;
const THIRD_COMPARISON = 2;
/** Of operands 3, 5 and 7. */
const STORED = [3, 5, 7] as const;
const ADDRESSES = [72, 104, 136] as const;

interface Operation {
  readonly c: Cpu;
  readonly words: number;
  readonly second: number;
  readonly fourth: number;
}

function fetch({ c, words }: Operation, address: number): number[] {
  return Array.from({ length: words }, (_, n) => load32(c, address + 4 * n));
}

function store({ c }: Operation, address: number, value: readonly number[]): void {
  value.forEach((word, n) => store32(c, address + 4 * n, word));
}

/** Address of a value in the list at the fourth operand address. */
const field = ({ words, fourth }: Operation, number: number): number => fourth + FIELD * number + FIELD - 4 * words;

const fromRegister = ({ c, words }: Operation, register: number): number[] =>
  words === 1 ? [c.lo[register]!] : [c.hi[register]!, c.lo[register]!];

function toRegister({ c, words }: Operation, register: number, value: readonly number[]): void {
  if (words === 2) c.hi[register] = value[0]!;
  c.lo[register] = value.at(-1)!;
}

const same = (a: readonly number[], b: readonly number[]): boolean => a.every((word, n) => word === b[n]);

/** A value that the program gives, and where it is put back: in a register, or in a field of the list. */
interface Place {
  readonly value: () => number[];
  readonly set: (value: readonly number[]) => void;
}

function place(on: Operation, register: number | null, number: number): Place {
  if (register !== null) return { value: () => fromRegister(on, register), set: (value) => toRegister(on, register, value) };
  const address = field(on, number);
  return {
    value: () => fetch(on, address),
    set: (value) => {
      checkStore(on.c, address, 4 * on.words);
      store(on, address, value);
    },
  };
}

/** Operands 4, 6 and 8, as many as there are, by the addresses in the list. */
function listedAddresses({ c, words, fourth }: Operation, count: number): number[] {
  return ADDRESSES.slice(0, count).map((at) => {
    const [high, low] = [load32(c, fourth + at), load32(c, fourth + at + 4)];
    const address = c.mode64 ? (high >>> 0) * 0x1_0000_0000 + (low >>> 0) : low & c.addressMask;
    mustBeAligned(low, 4 * words);
    return address;
  });
}

/** The stores of a successful comparison: nothing is stored unless all of it can be. */
function storeAll(on: Operation, stores: readonly (readonly [address: number, value: readonly number[]])[]): void {
  for (const [address] of stores) checkStore(on.c, address, 4 * on.words);
  for (const [address, value] of stores) store(on, address, value);
}

/** Condition code: 0 equal, 1 first comparison not equal, 2 third one not equal. */
function perform(on: Operation, i: Instruction, { operation, listed }: { operation: number; listed: boolean }): number {
  const first = place(on, listed ? null : i.r1, COMPARISON);
  const second = fetch(on, on.second);
  if (!same(first.value(), second)) {
    first.set(second);
    return 1;
  }
  if (operation === LOAD) {
    const third = place(on, listed ? null : i.r3, THIRD_COMPARISON);
    third.set(fetch(on, listed ? listedAddresses(on, 1)[0]! : on.fourth));
    return 0;
  }
  const replacement = place(on, listed ? null : i.r1 + 1, REPLACEMENT).value();
  if (operation === DOUBLE_SWAP) {
    const third = place(on, listed ? null : i.r3, THIRD_COMPARISON);
    const address = listed ? listedAddresses(on, 1)[0]! : on.fourth;
    const fourth = fetch(on, address);
    if (!same(third.value(), fourth)) {
      third.set(fourth);
      return 2;
    }
    const third2 = place(on, listed ? null : i.r3 + 1, STORED[0]).value();
    storeAll(on, [[address, third2], [on.second, replacement]]); // prettier-ignore
    return 0;
  }
  storeAll(on, [...storesOf(on, i, { operation, listed }), [on.second, replacement]]);
  return 0;
}

/** None, one, two or three values go to storage besides the swap. */
function storesOf(on: Operation, i: Instruction, { operation, listed }: { operation: number; listed: boolean }): [number, number[]][] {
  if (operation === SWAP) return [];
  if (operation === SWAP_AND_STORE && !listed) return [[on.fourth, fromRegister(on, i.r3)]];
  const count = operation - SWAP_AND_STORE + 1;
  return listedAddresses(on, count).map((address, n) => [address, fetch(on, field(on, STORED[n]!))]);
}

function plo(c: Cpu, i: Instruction): void {
  const gr0 = c.lo[0]!;
  if ((gr0 & RESERVED) !== 0) throw specification('bits 32-54 of general register 0 are not zero');
  const code = gr0 & 0xff;
  if ((gr0 & TEST) !== 0) {
    c.cc = code < FUNCTIONS ? 0 : 3;
    return;
  }
  if (code >= FUNCTIONS) throw specification(`PLO with function code ${code}`);
  const operation = code >> 2;
  const { words, listed } = FORMS[code & 3]!;
  if (!listed && operation !== LOAD) mustBeEven(i.r1);
  if (!listed && operation === DOUBLE_SWAP) mustBeEven(i.r3);
  const on = { c, words, second: address2(c, i), fourth: address4(c, i) };
  mustBeAligned(on.second, 4 * words);
  // Where nothing is there but the second operand, the fourth one is an address of nothing.
  const direct = !listed && operation <= SWAP_AND_STORE;
  if (!direct) mustBeAligned(on.fourth, words === 1 ? 4 : 8);
  else if (operation !== SWAP) mustBeAligned(on.fourth, 4 * words);
  c.cc = perform(on, i, { operation, listed });
}

export const LOCKED_OPERATION: Handlers = { plo };
