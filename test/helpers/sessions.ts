/**
 * Sessions of a test: in a directory of its own, ended with the test.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, onTestFinished } from 'vitest';
import { loadScenario } from '../../src/scenario/load.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { HostSession } from '../../src/session/host-session.ts';
import { LiveHost, type LiveHostOptions } from '../../src/session/live-host.ts';
import { DIRECTORY_VARIABLE, RuntimeDirectory } from '../../src/session/runtime-directory.ts';

export const UUID = '783e6dbb-ea0e-411f-94e2-717eaad438bf';

/** Two cards for guests, one mdev with a domain, one guest that has it; `more` are further lines of the file. */
export const smallScenario = (more = '', guest = ''): Scenario =>
  loadScenario(
    `host: { adapters: [{ id: 5, type: CEX8C }, { id: 6, type: CEX8A }], domains: [4, 0xab], apmask: "-5,-6" }
mdevs: [{ name: m1, uuid: ${UUID}, domains: [4] }, { name: m2 }]
guests: [{ name: guest1, mdev: m1${guest} }]
${more}`,
    'small.yaml',
  );

const open: HostSession[] = [];
const hosts: LiveHost[] = [];

/** Of the file that calls it: what a test has started is ended behind it. */
export function endSessionsAfterEach(): void {
  afterEach(async () => {
    for (const session of open.splice(0)) await session.end();
    for (const host of hosts.splice(0)) {
      host.stop();
      await host.ended;
    }
  });
}

/** Removed when the test has finished, and what it has started has ended. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'apemu-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** What a command is told of where sessions are. */
export const sessionEnvironment = (folder: string): Record<string, string> => ({ [DIRECTORY_VARIABLE]: join(folder, 'run') });

export async function liveHost(scenario: Scenario = smallScenario(), more: Partial<LiveHostOptions> = {}): Promise<LiveHost> {
  const { design } = scenario;
  const host = new LiveHost({ scenario, design, seed: 1, mode: 'mount', logger: { level: 'silent' }, ...more });
  hosts.push(host);
  await host.ready();
  return host;
}

export async function hostSession(folder: string, name: string, scenario: Scenario = smallScenario()): Promise<HostSession> {
  const directory = new RuntimeDirectory(sessionEnvironment(folder));
  const { design } = scenario;
  const session = await HostSession.start({ name, directory, scenario, design, seed: 1, mode: 'mount', logger: { level: 'silent' } });
  open.push(session);
  return session;
}
