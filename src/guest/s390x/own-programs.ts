/**
 * The programs for a bare machine that come with apemu, by name. No kernel counterpart.
 */
import { apConformance } from './programs/ap-conformance.ts';
import { interruptLoop } from './programs/interrupt-loop.ts';
import { messageLoop } from './programs/message-loop.ts';
import { nestedPoller } from './programs/nested-poller.ts';
import { queuePollers } from './programs/queue-pollers.ts';
import { unplugProber } from './programs/unplug-prober.ts';

export interface OwnProgram {
  readonly name: string;
  /** What it does, in one line. */
  readonly summary: string;
  /** CPUs that it needs; default: one is enough. */
  readonly cpus?: number;
  /** Its ELF file. */
  build(): Uint8Array;
}

const PROGRAMS: readonly OwnProgram[] = [
  { name: 'ap-conformance', summary: 'checks every rule of the AP instructions that a program can see', build: () => apConformance() },
  { name: 'message-loop', summary: 'RSA with NQAP and DQAP, polling, each result compared', build: () => messageLoop() },
  {
    name: 'interrupt-loop',
    summary: 'RSA with adapter interruptions, on any queue that is there, through hot unplug',
    build: () => interruptLoop(),
  },
  { name: 'unplug-prober', summary: 'tells each change of the response code of its queues for two seconds', build: () => unplugProber() },
  { name: 'queue-pollers', summary: 'two CPUs with one queue and a spin lock', cpus: 2, build: () => queuePollers() },
  { name: 'nested-poller', summary: 'a hypervisor on two CPUs whose nested guests poll one queue', cpus: 2, build: () => nestedPoller() },
];

export const ownPrograms = (): readonly OwnProgram[] => PROGRAMS;

export const ownProgram = (name: string): OwnProgram | undefined => PROGRAMS.find((program) => program.name === name);
