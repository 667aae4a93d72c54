/**
 * What the functions of an EP11 coprocessor get and give.
 */
import type { CardFirmware } from '../card-firmware.ts';
import { wordOf } from '../messages/ep11-payload.ts';
import { Ckr } from './ckr.ts';
import type { Ep11Domain } from './ep11-domain.ts';

export interface Ep11Call {
  readonly firmware: CardFirmware;
  readonly domain: Ep11Domain;
  /** Behind function and domain. */
  readonly fields: readonly Uint8Array[];
  /** Bytes of data that fit the reply. */
  readonly room: number;
}

/** Data of the reply, or a PKCS #11 return value. */
export type Ep11Answer = readonly Uint8Array[] | number;

export type Ep11Function = (call: Ep11Call) => Ep11Answer;

export interface Mechanism {
  readonly id: number;
  readonly parameter: Uint8Array;
}

/** Mechanism and its parameter, in one field; null when there is not even a mechanism. */
export function mechanismOf(field: Uint8Array): Mechanism | null {
  const id = field.length < 4 ? null : wordOf(field.subarray(0, 4));
  return id === null ? null : { id, parameter: field.subarray(4) };
}

/** A function of exactly so many fields. */
export function ofFields(count: number, run: Ep11Function): Ep11Function {
  return (call) => (call.fields.length === count ? run(call) : Ckr.ARGUMENTS_BAD);
}
