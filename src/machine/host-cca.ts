/**
 * One call of a function of a CCA coprocessor through ZSECSENDCPRB: request block, reply block, return and reason code
 * (what drivers/s390/crypto/zcrypt_ccamisc.c does for the kernel, and the CCA library for programs).
 */
import { EAGAIN, EIO, EINVAL, type Errno } from '../base/errno.ts';
import type { Task } from '../runtime/task.ts';
import { ANY_ADAPTER } from '../ap-bus/zcrypt/cprb-request.ts';
import { isFailure } from '../ap-bus/zcrypt/transfer.ts';
import type { ZcryptFile } from '../ap-bus/zcrypt/zcrypt-file.ts';
import { decodeCcaParameters, encodeCcaParameters, type CcaParameters } from '../crypto-adapters/messages/cca-parameters.ts';
import { CPRBX_LENGTH, readCprbx, writeCprbx } from '../crypto-adapters/messages/cprbx.ts';

export interface CcaCommand extends CcaParameters {
  /** Bytes of data that the reply may have; default 0. */
  readonly replyData?: number;
  /** Default: any. */
  readonly domain?: number;
}

export interface CcaRefusal {
  readonly errno: Errno;
  /** What the card said about it. */
  readonly why?: string;
}

/** Which part of the reply is the result. */
export type CcaPart = 'vud' | 'key' | 'data';

/** `CA`. */
const AGENT = 0x4341;
const ANY_DOMAIN = 0xffff;
/** Room for the parameters of a reply: those of the request and a key token come back at most. */
const REPLY_ROOM = 1024;
/** Warnings are below. */
const REFUSED = 8;
/** The token was made under a master key that this card has no more, or never had. */
const MASTER_KEY_UNKNOWN = 48;

export const isRefused = (answer: { readonly output: Uint8Array } | CcaRefusal): answer is CcaRefusal => 'errno' in answer;

/** -EAGAIN for a token of another master key, -EINVAL with return and reason code for whatever else the card refuses, -EIO when its reply has not what was asked for. */
export async function callCca(
  task: Task,
  file: ZcryptFile,
  command: CcaCommand,
  part: CcaPart,
): Promise<{ readonly output: Uint8Array } | CcaRefusal> {
  const { replyData = 0, domain = ANY_DOMAIN } = command;
  const parameters = encodeCcaParameters(command);
  const control = new Uint8Array(CPRBX_LENGTH + parameters.length);
  const replyControlLength = control.length + REPLY_ROOM;
  const lengths = { requestParameters: parameters.length, replyMessage: replyControlLength, replyData };
  writeCprbx(control, 0, { domain, ...lengths });
  control.set(parameters, CPRBX_LENGTH);
  const order = { agent: AGENT, control, data: new Uint8Array(0), replyControlLength, replyDataLength: replyData };
  const answer = await file.sendCprb(task, { ...order, adapter: ANY_ADAPTER });
  return isFailure(answer) ? { errno: answer.errno } : resultOf(answer, part);
}

function resultOf(
  reply: { readonly control: Uint8Array; readonly data: Uint8Array },
  part: CcaPart,
): { readonly output: Uint8Array } | CcaRefusal {
  const cprbx = readCprbx(reply.control, 0);
  if (cprbx === null) return { errno: EIO, why: 'a reply without CPRBX' };
  const { returnCode, reasonCode } = cprbx;
  if (returnCode === REFUSED && reasonCode === MASTER_KEY_UNKNOWN) return { errno: EAGAIN, why: 'a key token of another master key' };
  if (returnCode >= REFUSED) return { errno: EINVAL, why: `CCA return code ${returnCode}, reason ${reasonCode}` };
  if (part === 'data') return { output: reply.data };
  const parameters = decodeCcaParameters(reply.control.subarray(CPRBX_LENGTH));
  if (typeof parameters === 'number') return { errno: EIO, why: 'reply parameters that make no sense' };
  const output = part === 'vud' ? parameters.vud : parameters.keys[0]?.token;
  return output === undefined ? { errno: EIO, why: 'a reply without a key' } : { output };
}
