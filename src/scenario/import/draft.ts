/**
 * What importers have found, with the place of each fact: files add to it one after another, and what contradicts itself is refused with both
 * places. No kernel counterpart.
 */
import type { ApMask } from '../../base/ap-mask.ts';
import type { CardMode } from '../../crypto-adapters/card-type.ts';
import type { CpuModel } from '../../machine/host-spec.ts';
import type { ScenarioError } from '../place.ts';
import type { FieldPath, Place } from '../place.ts';
import type { EventSpec, Verb } from '../scenario.ts';
import { placeText, refusal } from './foreign-text.ts';

export interface Fact<T> {
  readonly value: T;
  readonly place: Place;
}

/** What a file may know of a card. */
export interface CardFacts {
  /** 4 to 8, or older. */
  readonly generation?: number;
  readonly mode?: CardMode;
  /** `cex7` and above. */
  readonly atLeast?: number;
}

export interface AdapterDraft {
  readonly id: number;
  readonly place: Place;
  generation: Fact<number> | null;
  mode: Fact<CardMode> | null;
  atLeast: Fact<number> | null;
  /** A file that lists devices has it, and does not only speak of it. */
  listed: boolean;
}

export interface MdevDraft {
  readonly uuid: string;
  readonly place: Place;
  /** Wished for; a scenario needs one that nobody else has. */
  name: string;
  adapters: readonly number[];
  domains: readonly number[];
  controlDomains: readonly number[];
  /** False: somebody uses it, and no file has said what is in it. */
  defined: boolean;
  /** For the comment above it. */
  notes: readonly string[];
}

export interface GuestDraft {
  readonly name: string;
  readonly place: Place;
  readonly mdev: string | null;
  readonly vcpus: number;
  readonly attach: boolean;
  readonly apie: boolean;
  readonly cpu: CpuModel | null;
  readonly notes: readonly string[];
}

export type MaskName = 'apmask' | 'aqmask';

/** Queues and who has them, where a file tells. */
export interface QueueFact {
  readonly adapter: number;
  readonly domain: number;
  readonly host: boolean;
  readonly place: Place;
}

interface DomainDraft {
  readonly place: Place;
  listed: boolean;
}

export class Draft {
  readonly adapters = new Map<number, AdapterDraft>();
  readonly domains = new Map<number, DomainDraft>();
  readonly controlDomains = new Map<number, Place>();
  /** Files list these, if only to say that there are none: who speaks of others does not make them. */
  readonly known = { adapters: false, domains: false, controlDomains: false };
  /** Control domains are the domains, whatever these turn out to be. */
  controlFollowsDomains = false;
  readonly masks: Record<MaskName, Fact<ApMask> | null> = { apmask: null, aqmask: null };
  readonly queues: QueueFact[] = [];
  /** By UUID. */
  readonly mdevs = new Map<string, MdevDraft>();
  readonly guests = new Map<string, GuestDraft>();
  readonly events: EventSpec[] = [];
  /** For the head of the scenario. */
  readonly notes: string[] = [];
  apxa: Fact<boolean> | null = null;
  kernel: Fact<'current' | '6.0' | '5.15'> | null = null;
  /** What has to come from another file. */
  readonly wanted: (() => ScenarioError | null)[] = [];

  /** A card that is there. */
  listAdapter(id: number, place: Place, known: CardFacts = {}): void {
    this.known.adapters = true;
    this.adapter(id, place, known).listed = true;
  }

  /** A card that a file speaks of: it is there if no file lists cards. */
  mentionAdapter(id: number, place: Place, known: CardFacts = {}): void {
    this.adapter(id, place, known);
  }

  listDomain(id: number, place: Place): void {
    this.known.domains = true;
    this.domain(id, place).listed = true;
  }

  mentionDomain(id: number, place: Place): void {
    this.domain(id, place);
  }

  listControlDomain(id: number, place: Place): void {
    this.known.controlDomains = true;
    if (!this.controlDomains.has(id)) this.controlDomains.set(id, place);
  }

  /** The whole mask. */
  setMask(name: MaskName, value: ApMask, place: Place): void {
    const known = this.masks[name];
    if (known !== null && known.place.file !== place.file && !known.value.equals(value))
      throw conflict([name], { here: { value: value.toString(), place }, there: { value: known.value.toString(), place: known.place } });
    this.masks[name] = { value, place };
  }

  addQueue(fact: QueueFact): void {
    this.queues.push(fact);
  }

  addMdev(found: Omit<MdevDraft, 'defined'>): void {
    const known = this.mdevs.get(found.uuid);
    const mdev = { ...found, defined: true };
    if (known?.defined === true) {
      const [there, here] = [known, mdev].map(contentText);
      if (here !== there)
        throw conflict(['mdevs', found.uuid], { here: { value: here!, place: found.place }, there: { value: there!, place: known.place } });
    }
    this.mdevs.set(found.uuid, mdev);
    for (const id of found.adapters) this.mentionAdapter(id, found.place);
    for (const id of found.domains) this.mentionDomain(id, found.place);
  }

  /** An mdev that somebody uses. */
  useMdev(uuid: string, place: Place): void {
    if (this.mdevs.has(uuid)) return;
    const empty = { adapters: [], domains: [], controlDomains: [] };
    this.mdevs.set(uuid, { uuid, place, name: '', ...empty, defined: false, notes: [] });
  }

  addGuest(guest: GuestDraft): void {
    const known = this.guests.get(guest.name);
    if (known !== undefined)
      throw conflict(['guests', guest.name], {
        here: { value: 'a guest of that name', place: guest.place },
        there: { value: 'it', place: known.place },
      });
    for (const other of this.guests.values()) {
      if (guest.mdev === null || other.mdev !== guest.mdev) continue;
      const uses = (name: string): string => `mdev ${guest.mdev} in guest ${name}`;
      throw conflict(['guests', guest.name], {
        here: { value: uses(guest.name), place: guest.place },
        there: { value: uses(other.name), place: other.place },
      });
    }
    this.guests.set(guest.name, guest);
    if (guest.mdev !== null) this.useMdev(guest.mdev, guest.place);
  }

  /** Played at the start of the run, one after another. */
  addEvent(verb: Verb, place: Place, { task = 'import', expect = 'ok' as string | null } = {}): void {
    this.events.push({ at: null, task, verb, expect, place });
  }

  private adapter(id: number, place: Place, known: CardFacts): AdapterDraft {
    let card = this.adapters.get(id);
    if (card === undefined) {
      card = { id, place, generation: null, mode: null, atLeast: null, listed: false };
      this.adapters.set(id, card);
    }
    const path = ['adapters', id];
    if (known.generation !== undefined) {
      card.generation = agreed(path, card.generation, { value: known.generation, place }, (value) => `generation CEX${value}`);
    }
    if (known.mode !== undefined) card.mode = agreed(path, card.mode, { value: known.mode, place }, modeText);
    if (known.atLeast !== undefined && known.atLeast > (card.atLeast?.value ?? 0)) card.atLeast = { value: known.atLeast, place };
    const { generation, atLeast } = card;
    if (generation !== null && atLeast !== null && generation.value < atLeast.value) {
      const wanted = { value: `generation CEX${atLeast.value} or newer`, place: atLeast.place };
      throw conflict(path, { here: { value: `generation CEX${generation.value}`, place: generation.place }, there: wanted });
    }
    return card;
  }

  private domain(id: number, place: Place): DomainDraft {
    let domain = this.domains.get(id);
    if (domain === undefined) this.domains.set(id, (domain = { place, listed: false }));
    return domain;
  }
}

const modeText = (mode: CardMode): string => ({ A: 'an accelerator', C: 'a CCA coprocessor', P: 'an EP11 coprocessor' })[mode];

function agreed<T>(path: FieldPath, known: Fact<T> | null, found: Fact<T>, text: (value: T) => string): Fact<T> {
  if (known === null || known.value === found.value) return known ?? found;
  throw conflict(path, { here: { value: text(found.value), place: found.place }, there: { value: text(known.value), place: known.place } });
}

/** Both places: one file says this, the other that. */
export function conflict(path: FieldPath, { here, there }: { here: Fact<string>; there: Fact<string> }): ScenarioError {
  return refusal(here.place, path, { expected: `what ${placeText(there.place)} says (${there.value})`, got: here.value });
}

const contentText = ({ adapters, domains, controlDomains }: MdevDraft): string =>
  `adapters ${listText(adapters)}, domains ${listText(domains)}, control domains ${listText(controlDomains)}`;

const listText = (ids: readonly number[]): string => (ids.length === 0 ? 'none' : ids.toSorted((a, b) => a - b).join(' '));
