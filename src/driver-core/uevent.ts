/**
 * Uevents (lib/kobject_uevent.c): what the kernel tells udev about a device, as an action, its path and variables.
 */
import type { EventLog } from '../base/event-log.ts';

export type UeventAction = 'add' | 'remove' | 'change' | 'move' | 'online' | 'offline' | 'bind' | 'unbind';

/** `path` is DEVPATH, without /sys in front. */
export type UeventSink = (action: UeventAction, path: string, env: Readonly<Record<string, string>>) => void;

const ACTIONS: ReadonlySet<string> = new Set<UeventAction>(['add', 'remove', 'change', 'move', 'online', 'offline', 'bind', 'unbind']);

/** The action at the start of what is written to a `uevent` attribute, or null. */
export function parseAction(text: string): UeventAction | null {
  const word = text.replace(/\n$/, '').split(' ')[0]!;
  return ACTIONS.has(word) ? (word as UeventAction) : null;
}

/** Records every uevent as an event of kind `uevent`. */
export function ueventRecorder(events: EventLog): UeventSink {
  return (action, path, env) => events.emit('uevent', 'kernel', { action, path, ...env });
}
