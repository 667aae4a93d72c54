/**
 * A session: a host that stays up, the socket where others can talk to it, and where it is mounted. It ends as a whole. No kernel counterpart.
 */
import type { RunOutcome, RunReport } from '../scenario/run-report.ts';
import type { Answer, Request, SessionFacts } from './control-protocol.ts';
import { ControlServer } from './control-server.ts';
import { RequestError } from './event-words.ts';
import { LiveHost, type LiveHostOptions } from './live-host.ts';
import type { RuntimeDirectory } from './runtime-directory.ts';

/** A file system of the session. */
export interface SessionMount {
  /** Where it is mounted. */
  readonly directory: string;
  /** Resolves when it is no longer mounted, whoever did that. */
  readonly ended: Promise<void>;
  /** Whoever is stuck in it is freed. */
  unmount(): Promise<void>;
}

export interface SessionOptions extends LiveHostOptions {
  readonly name: string;
  readonly directory: RuntimeDirectory;
}

export class HostSession {
  readonly name: string;
  readonly live: LiveHost;
  private readonly options: SessionOptions;
  private readonly control: ControlServer;
  /** In the order in which they were added. */
  readonly mounts: SessionMount[] = [];
  private ending: Promise<RunReport> | null = null;

  private constructor(options: SessionOptions) {
    const { name, directory, ...live } = options;
    this.name = name;
    this.options = options;
    this.live = new LiveHost(live);
    this.control = new ControlServer(directory, name, (request) => this.answer(request));
  }

  /** Resolves when guests work and the socket answers. Throws BootError for the host, SessionError for the name. */
  static async start(options: SessionOptions): Promise<HostSession> {
    options.directory.checkName(options.name);
    const session = new HostSession(options);
    await session.live.ready();
    try {
      await session.control.listen();
    } catch (error) {
      session.live.stop();
      await session.live.ended;
      throw error;
    }
    return session;
  }

  get facts(): SessionFacts {
    const { name, mode, scenario, design, seed } = this.options;
    const mounts = this.mounts.map(({ directory }) => directory);
    return { session: name, pid: process.pid, command: mode, scenario: scenario.name, design, seed, mounts };
  }

  /** From now on it ends with the session. */
  add(mount: SessionMount): void {
    this.mounts.push(mount);
    const { directory, name } = this.options;
    if (!mount.directory.startsWith(directory.folderOf(name))) directory.noteMount(name, mount.directory);
  }

  /** Nobody can reach the host any more, then it comes to rest; answers its report. A second call answers the same. */
  end(outcome: RunOutcome = 'stopped'): Promise<RunReport> {
    return (this.ending ??= this.close(outcome));
  }

  private async close(outcome: RunOutcome): Promise<RunReport> {
    try {
      for (const mount of this.mounts.toReversed()) await mount.unmount();
    } finally {
      this.live.stop(outcome);
    }
    const report = await this.live.ended;
    await this.control.close();
    return report;
  }

  private async answer(request: Request): Promise<Answer> {
    if (request.request === 'status') {
      return { ok: true, status: { ...this.facts, upMs: this.live.layer.rt.now(), ...this.live.status() } };
    }
    if (this.ending !== null) throw new RequestError(`expected session ${this.name} to run, but it is ending`);
    return { ok: true, event: await this.live.event(request.event) };
  }
}
