/**
 * What must hold between the mdevs of a scenario, as the vfio_ap driver would insist on it step by step (vfio_ap_mdev_validate_masks):
 * an APQN belongs to one mdev at most, and none may be reserved for the host by apmask and aqmask.
 */
import { ApMask } from '../base/ap-mask.ts';
import { apqnOf, apqnText, type Apqn } from '../base/apqn.ts';
import { parseMaskText } from '../base/mask-text.ts';
import type { MdevSpec } from '../machine/host-spec.ts';
import { mdevUuid } from './mdev-uuid.ts';
import type { FieldPath } from './place.ts';
import type { ScenarioSource } from './source.ts';
import type { MdevFields } from './topology-schema.ts';
import { refuseRepeats } from './unique.ts';

/** The two masks as the host has them once the scenario's texts are stored. */
export interface HostMasks {
  readonly apm: ApMask;
  readonly aqm: ApMask;
}

export function hostMasks(apmask: string | null, aqmask: string | null): HostMasks {
  return { apm: storedMask(apmask), aqm: storedMask(aqmask) };
}

export function toMdevs(source: ScenarioSource, found: readonly MdevFields[], masks: HostMasks): MdevSpec[] {
  const mdevs = found.map((mdev): MdevSpec => ({ ...mdev, uuid: mdev.uuid ?? mdevUuid(mdev.name) }));
  refuseRepeats(
    source,
    mdevs.map((mdev, i) => [mdev.name, ['mdevs', i, 'name']]),
    'a name that no other mdev has',
  );
  refuseRepeats(
    source,
    mdevs.map((mdev, i) => [mdev.uuid, ['mdevs', i, 'uuid']]),
    'a UUID that no other mdev has',
  );
  const owners = new Map<Apqn, string>();
  mdevs.forEach((mdev, i) => {
    for (const list of ['adapters', 'domains', 'controlDomains'] as const) {
      refuseRepeats(
        source,
        mdev[list].map((id, j) => [id, ['mdevs', i, list, j]]),
        'each number once',
      );
    }
    claim(source, mdev, ['mdevs', i], { owners, masks });
  });
  return mdevs;
}

/** Notes the APQNs of an mdev as its own. */
function claim(source: ScenarioSource, mdev: MdevSpec, path: FieldPath, host: { owners: Map<Apqn, string>; masks: HostMasks }): void {
  const { owners, masks } = host;
  for (const adapter of mdev.adapters) {
    mdev.domains.forEach((domain, j) => {
      const apqn = apqnOf(adapter, domain);
      const owner = owners.get(apqn);
      const at = [...path, 'domains', j];
      if (owner !== undefined) {
        throw source.problem(at, { expected: 'APQNs of one mdev only', got: `${apqnText(apqn)} in ${mdev.name} and in ${owner}` });
      }
      if (masks.apm.has(adapter) && masks.aqm.has(domain)) {
        const got = `${apqnText(apqn)} in ${mdev.name}, reserved by host.apmask and host.aqmask`;
        const hint = `clear adapter ${adapter} in host.apmask or domain ${domain} in host.aqmask`;
        throw source.problem(at, { expected: 'APQNs that the masks do not reserve for the host', got, hint });
      }
      owners.set(apqn, mdev.name);
    });
  }
}

/** The text has passed the schema, which parses it over the same mask. */
function storedMask(text: string | null): ApMask {
  const mask = text === null ? ApMask.FULL : parseMaskText(text, ApMask.FULL);
  if (typeof mask === 'number') throw new Error(`expected a mask text that was checked, got ${JSON.stringify(text)}`);
  return mask;
}
