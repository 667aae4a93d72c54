/**
 * The rooms of src and what each may import, lowest first. This table is the source of truth for the layering; ARCHITECTURE.md explains it.
 */
export interface Room {
  readonly name: string;
  readonly mayImport: readonly string[];
  /** Files or folders (ending in a slash) of rooms that are otherwise closed: codecs and constants of the hardware, not the hardware. */
  readonly files?: readonly string[];
}

/** What both sides of the instruction boundary know of the hardware: messages, instructions as a port, status words and codes. */
const CODECS = ['messages/', 'ap-instructions.ts', 'ap-status.ts', 'response-code.ts', 'card-type.ts'].map(
  (file) => `src/crypto-adapters/${file}`,
);

const KERNEL = ['base', 'runtime', 'locks'];
const BUS_AND_BELOW = [...KERNEL, 'crypto-adapters', 'ap-driver', 'driver-core', 'ap-bus'];
const VFIO_AP_AND_BELOW = [...BUS_AND_BELOW, 'kvm', 'vfio', 'vfio-ap'];
const MACHINE_AND_BELOW = [...VFIO_AP_AND_BELOW, 'zpci', 'vmm', 'guest', 'machine'];
const ALL_BUT_CLI = [...MACHINE_AND_BELOW, 'explore', 'checkers', 'scenario', 'campaign', 'fuse', 'session'];

export const ROOMS: readonly Room[] = [
  { name: 'base', mayImport: [] },
  { name: 'runtime', mayImport: ['base'] },
  { name: 'locks', mayImport: ['base', 'runtime'] },
  { name: 'crypto-adapters', mayImport: ['base', 'runtime'] },
  { name: 'ap-driver', mayImport: KERNEL, files: CODECS },
  { name: 'driver-core', mayImport: KERNEL },
  { name: 'ap-bus', mayImport: BUS_AND_BELOW },
  { name: 'kvm', mayImport: [...KERNEL, 'crypto-adapters'] },
  { name: 'vfio', mayImport: [...KERNEL, 'driver-core', 'kvm'] },
  { name: 'vfio-ap', mayImport: VFIO_AP_AND_BELOW },
  { name: 'zpci', mayImport: [...KERNEL, 'driver-core', 'vfio'] },
  { name: 'vmm', mayImport: [...KERNEL, 'kvm', 'vfio'] },
  { name: 'guest', mayImport: [...KERNEL, 'ap-driver'], files: CODECS },
  { name: 'machine', mayImport: MACHINE_AND_BELOW },
  { name: 'explore', mayImport: KERNEL },
  { name: 'checkers', mayImport: [...MACHINE_AND_BELOW, 'explore'] },
  { name: 'scenario', mayImport: [...MACHINE_AND_BELOW, 'explore', 'checkers'] },
  { name: 'campaign', mayImport: ['base', 'runtime', 'explore', 'scenario'] },
  { name: 'fuse', mayImport: [...KERNEL, 'driver-core', 'ap-bus'] },
  { name: 'session', mayImport: [...MACHINE_AND_BELOW, 'explore', 'checkers', 'scenario', 'fuse'] },
  { name: 'report', mayImport: ALL_BUT_CLI },
  { name: 'cli', mayImport: [...ALL_BUT_CLI, 'report'] },
];

/** Rooms that load files named by the user (designs, scenarios, plug-in workers), so that an `import()` there may be computed. */
export const COMPUTED_IMPORTS: readonly string[] = ['scenario', 'campaign', 'cli'];
