/**
 * The state description by which a hypervisor runs a guest with SIE, as far as AP needs it (asm/kvm_host_types.h: struct
 * kvm_s390_sie_block). The one meant here lies in the storage of a guest that is a hypervisor itself, and describes its nested guest.
 */
import type { GuestMemory } from './guest-memory.ts';

const STATE_DESCRIPTION_BYTES = 0x200;

/** AP instructions are interpreted. */
export const ECA_APIE = 0x00000008;

const ECA = 0x4c;
const ICPTCODE = 0x50;
const IPA = 0x56;
const IPB = 0x58;
const ECB3 = 0x63;
const MSO = 0x80;
const PSW_ADDRESS = 0x98;
const CRYCBD = 0xfc;
const ECD = 0x1c8;

/** What SIE looks at of it before the nested guest runs. */
export interface LoadedState extends StateDescription {
  /** Where its storage begins in that of the hypervisor. */
  readonly mso: number;
}

export interface StateDescription {
  readonly eca: number;
  readonly ecb3: number;
  readonly ecd: number;
  /** Designation of the CRYCB: address and format. */
  readonly crycbd: number;
  /** Where the nested guest goes on. */
  readonly pswAddress: number;
}

export const IcptCode = {
  /** None: the hypervisor of the host has something to do, the guest has not. */
  NONE: 0x00,
  INSTRUCTION: 0x04,
  WAIT: 0x1c,
  VALIDITY: 0x20,
} as const;
export type Icpt = (typeof IcptCode)[keyof typeof IcptCode];

/** Why SIE ended: the code, and the instruction (`ipa`, its first halfword) or the reason (upper half of `ipb`). */
export interface Interception {
  readonly code: Icpt;
  readonly ipa: number;
  readonly ipb: number;
}

/** Null when it lies outside of the storage. */
export function loadStateDescription(memory: GuestMemory, origin: number): LoadedState | null {
  if (!memory.contains(origin) || !memory.contains(origin + STATE_DESCRIPTION_BYTES - 1)) return null;
  const field = (at: number, length: number): number => numberOf(memory.read(origin + at, length)!);
  const [eca, ecb3, ecd, crycbd] = [field(ECA, 4), field(ECB3, 1), field(ECD, 4), field(CRYCBD, 4)];
  return { eca, ecb3, ecd, crycbd, pswAddress: field(PSW_ADDRESS, 8), mso: field(MSO, 8) };
}

/** What a hypervisor sets up before the first SIE. False when it lies outside of the storage. */
export function storeStateDescription(memory: GuestMemory, origin: number, state: StateDescription): boolean {
  if (!memory.write(origin, new Uint8Array(STATE_DESCRIPTION_BYTES))) return false;
  memory.write(origin + ECA, bytesOf(state.eca, 4));
  memory.write(origin + ECB3, bytesOf(state.ecb3, 1));
  memory.write(origin + ECD, bytesOf(state.ecd, 4));
  memory.write(origin + CRYCBD, bytesOf(state.crycbd, 4));
  storePswAddress(memory, origin, state.pswAddress);
  return true;
}

/** What the machine leaves in it at the end of SIE (vsie.c: unshadow_scb). */
export function storeExit(memory: GuestMemory, origin: number, exit: { interception: Interception; pswAddress: number }): void {
  const { code, ipa, ipb } = exit.interception;
  memory.write(origin + ICPTCODE, bytesOf(code, 1));
  memory.write(origin + IPA, bytesOf(ipa, 2));
  memory.write(origin + IPB, bytesOf(ipb, 4));
  storePswAddress(memory, origin, exit.pswAddress);
}

/** What a hypervisor reads after SIE. */
export function loadInterception(memory: GuestMemory, origin: number): Interception {
  const field = (at: number, length: number): number => numberOf(memory.read(origin + at, length)!);
  return { code: field(ICPTCODE, 1) as Icpt, ipa: field(IPA, 2), ipb: field(IPB, 4) };
}

export function storePswAddress(memory: GuestMemory, origin: number, address: number): void {
  memory.write(origin + PSW_ADDRESS, bytesOf(address, 8));
}

const numberOf = (bytes: Uint8Array): number => bytes.reduce((value, byte) => value * 256 + byte, 0);

function bytesOf(value: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let rest = value;
  for (let i = length - 1; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}
