/**
 * What tests of zcrypt have in common: cards whose replies a test may replace, requests whose results are known, tasks that send them.
 */
import type { Apqn } from '../../../src/base/apqn.ts';
import type { ApInstructions } from '../../../src/crypto-adapters/ap-instructions.ts';
import { Rc } from '../../../src/crypto-adapters/response-code.ts';
import { encodeErrorReply, type ErrorReplyType } from '../../../src/crypto-adapters/messages/error-reply.ts';
import type { CrtRequest, MexRequest } from '../../../src/crypto-adapters/messages/rsa-types.ts';
import { rsaKeys } from '../../../src/guest/rsa-key-pool.ts';
import type { Task } from '../../../src/runtime/task.ts';
import { isFailure, type Failure } from '../../../src/ap-bus/zcrypt/transfer.ts';
import type { Machine } from '../machine.ts';

export interface Sent {
  readonly apqn: Apqn;
  readonly message: Uint8Array;
  readonly special: boolean;
}

/** Stands between the bus and the cards. */
export class Puppet {
  /** Messages that the cards have accepted; what a reset of a queue makes its driver send again counts once. */
  readonly sent: Sent[] = [];
  /** What comes back instead of a reply. */
  answer: (reply: Uint8Array, sent: Sent) => Uint8Array = (reply) => reply;
  /** A queue that accepts everything and never answers. A service time will not do: a scheduler may let timers end before tasks go on. */
  mute: (apqn: Apqn) => boolean = () => false;
  private readonly bySent = new Map<bigint, Sent>();

  readonly wrap = (real: ApInstructions): ApInstructions =>
    Object.assign(Object.create(real) as ApInstructions, {
      nqap: async (task: Task, apqn: Apqn, request: Parameters<ApInstructions['nqap']>[2]) => {
        const status = await real.nqap(task, apqn, request);
        if (status.rc === 0 && !this.bySent.has(request.psmid)) {
          const sent = { apqn, message: new Uint8Array(request.message), special: request.special === true };
          this.sent.push(sent);
          this.bySent.set(request.psmid, sent);
        }
        return status;
      },
      dqap: async (task: Task, apqn: Apqn, capacity: number) => {
        if (this.mute(apqn)) {
          const { status } = await real.tapq(task, apqn);
          return { status: { ...status, rc: status.rc || Rc.NO_PENDING_REPLY }, psmid: 0n, reply: null, residual: 0 };
        }
        const result = await real.dqap(task, apqn, capacity);
        const sent = this.bySent.get(result.psmid);
        return result.reply === null || sent === undefined ? result : { ...result, reply: this.answer(result.reply, sent) };
      },
    });

  /** Where the messages went, in order. */
  get targets(): string[] {
    return this.sent.map(({ apqn }) => apqn.toString(16).padStart(4, '0'));
  }

  /** Every reply is an error reply from now on. */
  refuse(type: ErrorReplyType, code: number): void {
    this.answer = () => encodeErrorReply(type, code);
  }
}

/** 2 to the power of 3 modulo 2^(8 length) - 1: the result is 8. */
export function cube(length: number): MexRequest {
  const number = (value: number): Uint8Array => new Uint8Array(length).fill(value, length - 1);
  return { kind: 'mex', modulus: new Uint8Array(length).fill(0xff), exponent: number(3), input: number(2) };
}

export function eight(length: number): Uint8Array {
  return new Uint8Array(length).fill(8, length - 1);
}

/** A signature with a key of the pool, and what has to come back: the input is what the public key makes of the result. */
export function signature(bits: number): { request: CrtRequest; expected: Uint8Array } {
  const key = rsaKeys(bits)[0]!;
  const { n, p, q, dp, dq, qi: u } = key;
  const expected = new Uint8Array(n.length).fill(0x5a, 1);
  return { request: { kind: 'crt', p, q, dp, dq, u, input: key.publicOperation(expected) }, expected };
}

/** 0, or the errno of a failure. */
export const errnoOf = (answer: object): number => (isFailure(answer) ? answer.errno : 0);

/** A task that asks for something; `answer` is there when it has ended. */
export function spawnUser<Result extends object>(
  m: Machine,
  name: string,
  ask: (task: Task) => Promise<Result | Failure>,
): { readonly task: Task; readonly answer: () => Result | Failure | null } {
  let answer: Result | Failure | null = null;
  const task = m.rt.spawn(name, async (own) => {
    answer = await ask(own);
  });
  return { task, answer: () => answer };
}

/** Until a condition holds that other tasks bring about. */
export async function until(m: Machine, task: Task, condition: () => boolean): Promise<void> {
  while (!condition()) await m.rt.sleep(task, 1);
}

/** The uevents with ONLINE so far, such as `03.0006=0`. */
export const onlineEvents = (m: Machine): string[] =>
  m.uevents().flatMap(({ path, env }) => ('ONLINE' in env ? [`${path.split('/').at(-1)!}=${String(env['ONLINE'])}`] : []));
