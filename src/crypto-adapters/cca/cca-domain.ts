/**
 * What a CCA coprocessor keeps for one domain: master keys and its random numbers.
 * The same domain has the same master keys on all CCA cards of a machine, as administrators load them: only so can a request with a key
 * move to another card. Nothing prevents loading another key into one card afterwards.
 */
import type { MasterKeyName } from '../messages/cca-facility.ts';
import { SecretStream, secretOf } from '../secret-stream.ts';
import { MasterKeys } from './master-keys.ts';

export class CcaDomain {
  readonly random: SecretStream;
  readonly aes = new MasterKeys('aes');
  readonly apka = new MasterKeys('apka');
  readonly asym = new MasterKeys('asym');

  /** `card`: names the card, so that two of them draw different numbers. */
  constructor(seed: number, card: string, domain: number) {
    this.random = new SecretStream(secretOf(seed, card, domain, 'random'));
    for (const name of ['aes', 'apka', 'asym'] as const satisfies readonly MasterKeyName[]) {
      this[name].load('first', secretOf(seed, 'cca', domain, name, 1));
      this[name].load('last', secretOf(seed, 'cca', domain, name, 2));
      this[name].set();
    }
  }
}
