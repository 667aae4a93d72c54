/**
 * The locking designs by name. A new design is a new file and a line here.
 */
import { GuestsLock } from './guests-lock.ts';
import type { DesignFactory } from './port.ts';

const DESIGNS: Readonly<Record<string, DesignFactory>> = {
  'guests-lock': (context) => new GuestsLock(context),
};

export const DEFAULT_DESIGN = 'guests-lock';

export function designNames(): string[] {
  return Object.keys(DESIGNS);
}

/** Undefined when there is no design of that name. */
export function designByName(name: string): DesignFactory | undefined {
  return Object.hasOwn(DESIGNS, name) ? DESIGNS[name] : undefined;
}
