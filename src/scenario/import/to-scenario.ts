/**
 * The scenario that a draft comes to: cards, domains, masks, mdevs, guests and events, with a comment wherever something was not said by a file.
 * No kernel counterpart.
 */
import { basename, extname } from 'node:path';
import { apqnOf, apqnText, type Apqn } from '../../base/apqn.ts';
import { KERNELS } from '../../base/kernel-profile.ts';
import { parseCardType } from '../../crypto-adapters/card-type.ts';
import type { AdapterSpec, GuestSpec, HostSpec, MdevSpec } from '../../machine/host-spec.ts';
import { defaultDesignOf } from '../../vfio-ap/locking/designs.ts';
import type { Scenario } from '../scenario.ts';
import { conflict, type AdapterDraft, type Draft, type MdevDraft } from './draft.ts';
import { placeText, refusal } from './foreign-text.ts';
import { ascending } from './ids.ts';
import { masksOf, maskText } from './ownership.ts';

/** Comments of the file: at its head, above a field of the host, beside an entry of a list. */
export interface Comments {
  readonly head: string[];
  readonly host: Map<'adapters' | 'domains' | 'apmask' | 'aqmask', string[]>;
  readonly mdevs: string[];
  readonly guests: string[];
  readonly events: string[];
}

export interface Imported {
  readonly scenario: Scenario;
  readonly comments: Comments;
}

/** `base`: what no other format knows of is taken from it. `files`: as they were given. */
export function toScenario(draft: Draft, files: readonly string[], base: Scenario | null): Imported {
  for (const wanted of draft.wanted) {
    const problem = wanted();
    if (problem !== null) throw problem;
  }
  checkSharing(draft);
  const head = [`Imported from ${files.join(', ')}.`, ...draft.notes];
  const comments: Comments = { head, host: new Map(), mdevs: [], guests: [], events: [] };
  const mdevs = mdevsOf(draft, comments);
  const guests = guestsOf(draft, { mdevs, base }, comments);
  const host = hostOf(draft, { mdevs, guests, base }, comments);
  const events = [...(base?.events ?? []), ...draft.events];
  comments.events.push(...events.map(({ place }) => placeText(place)));
  const name = base?.name ?? nameOf(files[0] ?? 'imported');
  const design = base?.design ?? defaultDesignOf(KERNELS[host.kernel]);
  const rest = base ?? { quirks: [], faults: [], expect: { verdict: [], designs: {} } };
  const { quirks, faults, expect } = rest;
  return { scenario: { name, source: files[0] ?? '', text: '', host, design, events, quirks, faults, expect }, comments };
}

const nameOf = (file: string): string => basename(file, extname(file)).replaceAll(/[^A-Za-z0-9_.-]+/g, '-');

function hostOf(draft: Draft, { mdevs, guests, base }: Built & { guests: GuestSpec[] }, comments: Comments): HostSpec {
  const { apmask, aqmask, note } = masksOf(draft);
  const texts = { apmask: maskText(apmask), aqmask: maskText(aqmask) };
  for (const name of ['apmask', 'aqmask'] as const) {
    const place = draft.masks[name]?.place;
    if (place !== undefined) comments.host.set(name, [placeText(place)]);
    else if (note !== null && texts[name] !== null) comments.host.set(name, [note]);
  }
  const domains = domainsOf(draft);
  const wanted = mdevs.flatMap(({ controlDomains }) => controlDomains);
  const assumed = new Set(draft.controlFollowsDomains ? domains : [...domains, ...wanted]);
  const controlDomains = draft.known.controlDomains ? draft.controlDomains.keys() : assumed;
  const { ultravisorAiv, workload, serviceScale = 1 } = base?.host ?? {};
  return {
    kernel: base?.host.kernel ?? draft.kernel?.value ?? 'current',
    ...(draft.apxa?.value === false ? { apxa: false } : {}),
    ...(ultravisorAiv === undefined ? {} : { ultravisorAiv }),
    adapters: adaptersOf(draft, comments),
    domains,
    controlDomains: ascending(controlDomains),
    ...texts,
    serviceScale,
    ...(workload === undefined ? {} : { workload }),
    mdevs,
    guests,
  };
}

/** Cards that a file lists; where none does, those that files speak of. */
function adaptersOf(draft: Draft, comments: Comments): AdapterSpec[] {
  const all = [...draft.adapters.values()].toSorted((a, b) => a.id - b.id);
  const { adapters: some } = draft.known;
  const told: string[] = [];
  const specs = all.flatMap((adapter): AdapterSpec[] => {
    if (!some || adapter.listed) return [{ id: adapter.id, type: typeOf(adapter, told) }];
    told.push(`adapter ${adapter.id} (${placeText(adapter.place)}) is not among the cards that there are`);
    return [];
  });
  if (draft.apxa?.value === false) checkApxa(draft, all);
  if (told.length > 0) comments.host.set('adapters', told);
  return specs;
}

const NEWEST = 8;

function typeOf({ id, generation, mode, atLeast, place }: AdapterDraft, told: string[]): string {
  const type = `CEX${generation?.value ?? NEWEST}${mode?.value ?? 'C'}`;
  const guessed = [generation === null ? 'generation' : null, mode === null ? 'mode' : null].filter((what) => what !== null);
  if (guessed.length > 0) {
    const least = atLeast === null ? '' : ` (CEX${atLeast.value} at least)`;
    told.push(`adapter ${id} (${placeText(place)}): no file has its ${guessed.join(' and ')}${least}, ${type} is assumed`);
  }
  if (parseCardType(type) === undefined) throw refusal(place, ['adapters', id], { expected: 'a card type from CEX2A to CEX8P', got: type });
  return type;
}

function checkApxa(draft: Draft, adapters: readonly AdapterDraft[]): void {
  const last = { adapters: 63, domains: 15 };
  const found =
    adapters.find(({ id }) => id > last.adapters)?.place ?? [...draft.domains].find(([id]) => id > last.domains)?.[1].place ?? null;
  if (found === null) return;
  const { place } = draft.apxa!;
  throw conflict([], { here: { value: 'an id above 63 (adapters) or 15 (domains)', place: found }, there: { value: 'no APXA', place } });
}

function domainsOf({ domains, known }: Draft): number[] {
  return ascending([...domains].filter(([, { listed }]) => listed || !known.domains).map(([id]) => id));
}

/** An APQN belongs to one mdev. */
function checkSharing({ mdevs }: Draft): void {
  const owners = new Map<Apqn, MdevDraft>();
  for (const mdev of mdevs.values()) {
    for (const adapter of mdev.adapters) {
      for (const domain of mdev.domains) {
        const apqn = apqnOf(adapter, domain);
        const other = owners.get(apqn);
        const text = (of: MdevDraft): string => `${apqnText(apqn)} in ${of.name || of.uuid}`;
        if (other !== undefined)
          throw conflict(['mdevs', mdev.uuid], {
            here: { value: text(mdev), place: mdev.place },
            there: { value: text(other), place: other.place },
          });
        owners.set(apqn, mdev);
      }
    }
  }
}

interface Built {
  readonly mdevs: readonly MdevSpec[];
  readonly base: Scenario | null;
}

function mdevsOf({ mdevs }: Draft, comments: Comments): MdevSpec[] {
  const names = new Set<string>();
  return [...mdevs.values()].map((mdev) => {
    const { uuid, adapters, domains, controlDomains, place, notes, defined } = mdev;
    const name = unique(mdev.name === '' ? `m-${uuid.slice(0, 8)}` : mdev.name, names);
    const more = defined ? notes : [...notes, 'used here; no file says what is in it'];
    comments.mdevs.push([placeText(place), ...more].join('; '));
    return { name, uuid, adapters: ascending(adapters), domains: ascending(domains), controlDomains: ascending(controlDomains) };
  });
}

function guestsOf(draft: Draft, { mdevs, base }: Built, comments: Comments): GuestSpec[] {
  const names = new Set<string>();
  return [...draft.guests.values()].map((guest) => {
    comments.guests.push([placeText(guest.place), ...guest.notes].join('; '));
    const own = base?.host.guests.find(({ name }) => name === guest.name);
    const name = unique(guest.name, names);
    if (own !== undefined) return own;
    const { vcpus, attach, apie, cpu } = guest;
    const mdev = mdevs.find(({ uuid }) => uuid === guest.mdev)?.name ?? null;
    return { name, mdev, vcpus, workload: null, apie, interrupts: true, attach: attach && mdev !== null, ...(cpu === null ? {} : { cpu }) };
  });
}

/** Letters, digits and a few signs, as names of a scenario have them. */
function unique(wished: string, taken: Set<string>): string {
  const name = wished.replaceAll(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '') || 'unnamed';
  let free = name;
  for (let i = 2; taken.has(free); i++) free = `${name}.${i}`;
  taken.add(free);
  return free;
}
