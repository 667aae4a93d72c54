/**
 * What the parts of the AP bus share (the statics of drivers/s390/crypto/ap_bus.c).
 */
import type { Logger } from '../base/logger.ts';
import type { KernelProfile } from '../base/kernel-profile.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { ApTasklet } from '../ap-driver/ap-tasklet.ts';
import type { ApInstructions, QciInfo } from '../crypto-adapters/ap-instructions.ts';
import { QciFlag, hasQciFlag } from '../crypto-adapters/qci.ts';
import type { AttributeDef } from '../driver-core/attribute.ts';
import type { Bus } from '../driver-core/bus.ts';
import type { Device } from '../driver-core/device.ts';
import type { Directory } from '../driver-core/directory.ts';
import type { ApCard, CardPort } from './ap-card.ts';
import type { ApPermissions } from './ap-permissions.ts';
import type { ApQueueDevice } from './ap-queue-device.ts';
import type { ApRegistry } from './ap-registry.ts';
import type { DriverOverrides } from './driver-overrides.ts';

export interface ApCore {
  /** Whose behaviour is emulated. */
  readonly kernel: KernelProfile;
  readonly layer: LockLayer;
  readonly instructions: ApInstructions;
  readonly log: Logger;
  readonly bus: Bus;
  /** `/sys/devices/ap`. */
  readonly root: Device;
  /** `/sys/module`. */
  readonly modules: Directory;
  readonly registry: ApRegistry;
  readonly permissions: ApPermissions;
  readonly overrides: DriverOverrides;
  readonly tasklet: ApTasklet;
  readonly port: CardPort;
  /** The files of the queues of this card. */
  readonly queueAttributes: (card: ApCard) => readonly AttributeDef<ApQueueDevice>[];
}

/** Highest adapter and domain number that may be tested: beyond them TAPQ is a specification exception. */
export function highestIds(qci: QciInfo | null): { adapter: number; domain: number } {
  const extended = qci !== null && hasQciFlag(qci, QciFlag.APXA);
  return { adapter: (extended && qci.na) || 63, domain: (extended && qci.nd) || 15 };
}
