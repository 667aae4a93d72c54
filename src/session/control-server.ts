/**
 * The control socket of a session: a unix socket of mode 0600 that answers requests, one after another on each connection. Whatever a client
 * sends or leaves out, nobody else notices. No kernel counterpart.
 */
import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { answerLine, LONGEST_REQUEST, readRequest, type Answer, type Request } from './control-protocol.ts';
import { RequestError } from './event-words.ts';
import { LineReader } from './lines.ts';
import { SessionError, type RuntimeDirectory } from './runtime-directory.ts';

export type Answering = (request: Request) => Answer | Promise<Answer>;

const noSocket = (path: string, { message }: Error): SessionError =>
  new SessionError(`expected to make the socket ${path}, got ${message}`);

export class ControlServer {
  private readonly directory: RuntimeDirectory;
  private readonly name: string;
  private readonly answering: Answering;
  private readonly server: Server;
  private readonly clients = new Set<Client>();

  constructor(directory: RuntimeDirectory, name: string, answering: Answering) {
    this.directory = directory;
    this.name = name;
    this.answering = answering;
    // A client may close its side and still wait for its answer.
    this.server = createServer({ allowHalfOpen: true }, (socket) => this.accept(socket));
  }

  /** SessionError when the name is no name or is taken. Sessions that were killed are cleaned first. */
  async listen(): Promise<void> {
    const { directory, name, server } = this;
    directory.checkName(name);
    const others = await directory.sessions();
    const taken = (): SessionError => new SessionError(`expected a session name that is free, got ${name}, which runs`);
    if (others.includes(name)) throw taken();
    const path = directory.socketOf(name);
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(error.code === 'EADDRINUSE' ? taken() : noSocket(path, error)));
      server.listen(path, () => resolve());
    });
    // The directory has kept others out until here.
    chmodSync(path, 0o600);
    // A connection that cannot be accepted, for want of descriptors, is no reason to end.
    server.removeAllListeners('error');
    server.on('error', () => undefined);
  }

  /** Nobody is answered any more; the socket goes. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
    for (const client of this.clients) client.drop();
    await closed;
    await this.directory.clean(this.name);
  }

  private accept(socket: Socket): void {
    const client = new Client(socket, this.answering);
    this.clients.add(client);
    socket.once('close', () => this.clients.delete(client));
  }
}

/** One connection. */
class Client {
  private readonly socket: Socket;
  private readonly answering: Answering;
  private readonly reader = new LineReader(LONGEST_REQUEST);
  private readonly lines: string[] = [];
  private busy = false;
  /** It sends nothing any more. */
  private over = false;

  constructor(socket: Socket, answering: Answering) {
    this.socket = socket;
    this.answering = answering;
    socket.on('data', (bytes: Buffer) => this.take(bytes));
    socket.on('end', () => this.finish());
    socket.on('error', () => socket.destroy());
  }

  drop(): void {
    this.socket.destroy();
  }

  private take(bytes: Buffer): void {
    if (this.over) return;
    const lines = this.reader.push(bytes);
    if (lines === null) {
      this.over = true;
      this.lines.length = 0;
      const error = `expected a request of at most ${LONGEST_REQUEST} bytes, got a longer one`;
      this.socket.end(answerLine({ ok: false, error }));
      // What else it sends is nobody's business.
      this.socket.resume();
      return;
    }
    this.lines.push(...lines);
    void this.work();
  }

  private finish(): void {
    if (!this.over) {
      const rest = this.reader.rest();
      if (rest !== '') this.lines.push(rest);
    }
    this.over = true;
    void this.work();
  }

  /** Answers what has come so far. Meanwhile nothing more is read, so that no client can make us keep more than a piece. */
  private async work(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.socket.pause();
    for (let line = this.lines.shift(); line !== undefined; line = this.lines.shift()) {
      if (line.trim() === '') continue;
      const answer = await this.answer(line);
      if (!(await this.send(answer))) return;
    }
    this.busy = false;
    if (this.over) this.socket.end();
    else this.socket.resume();
  }

  private async answer(line: string): Promise<Answer> {
    try {
      return await this.answering(readRequest(line));
    } catch (error) {
      const mistake = error instanceof RequestError;
      const what = error instanceof Error ? error.message : String(error);
      return { ok: false, error: mistake ? what : `expected no internal error, got this one (please report it): ${what}` };
    }
  }

  /** False when nobody listens any more. */
  private send(answer: Answer): Promise<boolean> {
    const { socket } = this;
    if (socket.destroyed || !socket.writable) return Promise.resolve(false);
    return new Promise((resolve) => {
      socket.write(answerLine(answer), (error) => resolve(error === undefined || error === null));
    });
  }
}
