/**
 * What is in one plugged card besides its queues: serial number, versions, and what its firmware keeps for each domain.
 * All of it is a function of the machine's seed. Domains are made when somebody needs them: a machine may have 65,536 queues.
 */
import { CcaDomain } from './cca/cca-domain.ts';
import type { CardType } from './card-type.ts';
import { Ep11Domain } from './ep11/ep11-domain.ts';
import { EP11_OP_MODES } from './ep11/ep11-modes.ts';
import type { Ep11ModuleInfo } from './messages/ep11-query.ts';
import type { RsaEngine } from './rsa-engine.ts';
import { secretOf } from './secret-stream.ts';

/** What computes a reply. */
export interface CardUnit {
  readonly rsa: RsaEngine;
  readonly firmware: CardFirmware;
  /**
   * RSA private keys whose parts do not belong together are refused. Otherwise they are repaired where that is possible, silently, as
   * OpenSSL does.
   */
  readonly strictKeys: boolean;
}

/** API ordinal and firmware version of EP11 by generation. Each card of a generation has the same; they are examples, not a history. */
const EP11_VERSIONS: Readonly<Record<CardType['generation'], readonly [api: number, major: number, minor: number]>> = {
  2: [1, 1, 0],
  3: [1, 1, 0],
  4: [1, 1, 2],
  5: [2, 2, 1],
  6: [3, 3, 8],
  7: [4, 4, 7],
  8: [6, 5, 8],
};
const SERIAL_LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZ0123456789';
const SERIAL_COUNT = SERIAL_LETTERS.length ** 4;
/** No factor in common with the count: different cards never have the same number. */
const SERIAL_STEP = 1_000_003;

export class CardFirmware {
  /** 8 characters. */
  readonly serial: string;
  private readonly seed: number;
  private readonly name: string;
  private readonly generation: CardType['generation'];
  private readonly ccaDomains = new Map<number, CcaDomain>();
  private readonly ep11Domains = new Map<number, Ep11Domain>();

  /** `plugged`: the number of the card in this adapter position, from 0: another card has another serial number. */
  constructor(seed: number, adapter: number, plugged: number, type: CardType) {
    this.seed = seed;
    this.name = `card ${adapter} ${plugged}`;
    this.generation = type.generation;
    this.serial = serialOf(seed, adapter + 256 * plugged);
  }

  get ep11Module(): Ep11ModuleInfo {
    const [apiOrdinal, major, minor] = EP11_VERSIONS[this.generation];
    const digits = [...secretOf(this.seed, this.name, 'module').subarray(0, 8)].map((byte) => byte % 10);
    return { apiOrdinal, firmware: major * 256 + minor, serial: this.serial + digits.join(''), opModes: EP11_OP_MODES };
  }

  cca(domain: number): CcaDomain {
    let it = this.ccaDomains.get(domain);
    if (it === undefined) this.ccaDomains.set(domain, (it = new CcaDomain(this.seed, this.name, domain)));
    return it;
  }

  ep11(domain: number): Ep11Domain {
    let it = this.ep11Domains.get(domain);
    if (it === undefined) this.ep11Domains.set(domain, (it = new Ep11Domain(this.seed, this.name, domain)));
    return it;
  }
}

function serialOf(seed: number, card: number): string {
  const [first, second, third] = secretOf(seed, 'serial') as unknown as [number, number, number];
  let rest = (first * 0x10000 + second * 0x100 + third + card * SERIAL_STEP) % SERIAL_COUNT;
  let letters = '';
  while (letters.length < 4) {
    letters += SERIAL_LETTERS[rest % SERIAL_LETTERS.length]!;
    rest = Math.floor(rest / SERIAL_LETTERS.length);
  }
  return `93AA${letters}`;
}
