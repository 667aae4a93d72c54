/**
 * The locking designs of a zPCI function by name. A new design is a new file and a line here.
 */
import { PciDeviceLock } from './pci-device-lock.ts';
import type { ZpciDesignFactory } from './port.ts';
import { ZdevLockHeld } from './zdev-lock-held.ts';
import { ZdevTrylock } from './zdev-trylock.ts';

/** What the thread found, what it proposed, and what was built in the end. */
const DESIGNS: Readonly<Record<string, ZpciDesignFactory>> = {
  'zdev-lock-held': (layer) => new ZdevLockHeld(layer),
  'pci-device-lock': (layer) => new PciDeviceLock(layer),
  'zdev-trylock': (layer) => new ZdevTrylock(layer),
};

export const ZPCI_DEFAULT_DESIGN = 'zdev-trylock';

export function zpciDesignNames(): string[] {
  return Object.keys(DESIGNS);
}

/** Undefined when there is no design of that name. */
export function zpciDesignByName(name: string): ZpciDesignFactory | undefined {
  return Object.hasOwn(DESIGNS, name) ? DESIGNS[name] : undefined;
}
