/**
 * What the functions of a CCA coprocessor get and give.
 */
import type { CardFirmware } from '../card-firmware.ts';
import type { CcaParameters } from '../messages/cca-parameters.ts';
import type { CcaDomain } from './cca-domain.ts';
import type { CcaReason } from './cca-reason.ts';

export interface CcaCall extends Omit<CcaParameters, 'functionCode'> {
  readonly firmware: CardFirmware;
  readonly domain: CcaDomain;
  /** Bytes of data that fit the reply. */
  readonly room: number;
}

/** Lists that are not given are empty. */
export interface CcaAnswer extends CcaReason, Partial<Omit<CcaParameters, 'functionCode'>> {
  /** Second block of the reply. */
  readonly data?: Uint8Array;
}

export type CcaFunction = (call: CcaCall) => CcaAnswer;
