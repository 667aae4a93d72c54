/**
 * Uevents (lib/kobject_uevent.c): what the kernel tells udev about a device, as an action, its path and variables.
 */
import type { EventLog } from '../base/event-log.ts';

export type UeventAction = 'add' | 'remove' | 'change' | 'move' | 'online' | 'offline' | 'bind' | 'unbind';

export interface Uevent {
  readonly action: UeventAction;
  /** DEVPATH, without /sys in front. */
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Takes a uevent; it is worded only when somebody listens. */
export type UeventSink = (word: () => Uevent) => void;

const ACTIONS: ReadonlySet<string> = new Set<UeventAction>(['add', 'remove', 'change', 'move', 'online', 'offline', 'bind', 'unbind']);

/** The action at the start of what is written to a `uevent` attribute, or null. */
export function parseAction(text: string): UeventAction | null {
  const word = text.replace(/\n$/, '').split(' ')[0]!;
  return ACTIONS.has(word) ? (word as UeventAction) : null;
}

/** Records every uevent as an event of kind `uevent`. */
export function ueventRecorder(events: EventLog): UeventSink {
  return (word) =>
    events.emit('uevent', 'kernel', () => {
      const { action, path, env } = word();
      return { action, path, ...env };
    });
}
