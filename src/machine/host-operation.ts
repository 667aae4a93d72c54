/**
 * What the programs of the host do: one operation through the typed ioctls of zcrypt, and whether its result is right by node:crypto.
 * No kernel counterpart: libica, the CCA library, and a user who does not trust them.
 */
import { createCipheriv, createHash } from 'node:crypto';
import { domainOf } from '../base/apqn.ts';
import { EAGAIN, type Errno } from '../base/errno.ts';
import type { Prng } from '../base/prng.ts';
import type { Task } from '../runtime/task.ts';
import type { ZcryptFile } from '../ap-bus/zcrypt/zcrypt-file.ts';
import { drawRsaOperation } from '../guest/rsa-operation.ts';
import { callCca, isRefused, type CcaRefusal } from './host-cca.ts';
import type { HostCcaProgram, HostProgram } from './host-spec.ts';

/** `why` where the card said more than an errno can. */
export type HostAnswer = { readonly output: Uint8Array } | CcaRefusal;

export interface HostOperation {
  /** For reports. */
  readonly what: string;
  /** Once, from its start; zcrypt has tried it several times before it answers. */
  readonly attempt: (task: Task, file: ZcryptFile) => Promise<HostAnswer>;
  readonly verify: (output: Uint8Array) => boolean;
}

export function drawHostOperation(random: Prng, program: HostProgram): HostOperation {
  switch (program.kind) {
    case 'rsa': {
      const { what, request, verify } = drawRsaOperation(random, program);
      const attempt: HostOperation['attempt'] = (task, file) =>
        request.kind === 'mex' ? file.rsaModExpo(task, request) : file.rsaCrt(task, request);
      return { what, attempt, verify };
    }
    case 'random':
      return randomNumbers(program);
    case 'hash':
      return hash(random, program);
    case 'aes':
      return aes(random, program);
  }
}

const NOTHING = new Uint8Array(0);
/** From this length on equal bytes are no accident. */
const TELLING = 16;

/** All that can be said about a result is that it is one: as long as it has to be, and not a buffer that nobody has filled. */
function randomNumbers({ bytes }: HostCcaProgram): HostOperation {
  return {
    what: `${bytes} random bytes`,
    attempt: (task, file) =>
      callCca(task, file, { functionCode: 'RL', rules: ['RANDOM  '], vud: NOTHING, keys: [], replyData: bytes }, 'data'),
    verify: (output) => output.length === bytes && (bytes < TELLING || output.some((byte) => byte !== output[0])),
  };
}

function hash(random: Prng, { bytes }: HostCcaProgram): HostOperation {
  const text = random.bytes(bytes);
  return {
    what: `SHA-256 of ${bytes} bytes`,
    attempt: (task, file) => callCca(task, file, { functionCode: 'OH', rules: ['SHA-256 ', 'ONLY    '], vud: text, keys: [] }, 'vud'),
    verify: (output) => createHash('sha256').update(text).digest().equals(output),
  };
}

const KEY_BYTES = 32;
const IV_BYTES = 16;
const AES_RULE = 'AES     ';

/** A card takes a key in and enciphers under it; the token is of use to the same domain of all cards, as they have the same master keys. */
function aes(random: Prng, { bytes }: HostCcaProgram): HostOperation {
  const [key, iv, text] = [random.bytes(KEY_BYTES), random.bytes(IV_BYTES), random.bytes(bytes)];
  const vud = Buffer.concat([iv, text]);
  return {
    what: `AES-256-CBC of ${bytes} bytes under a secure key`,
    async attempt(task, file) {
      const found = await domains(task, file);
      if (typeof found === 'number') return { errno: found };
      // Without a domain zcrypt looks for a card that it does not have yet; it will not say in which one it has found it.
      const where = found.length === 0 ? {} : { domain: random.pick(found) };
      const token = await callCca(task, file, { functionCode: 'CM', rules: [AES_RULE], vud: key, keys: [], ...where }, 'key');
      if (isRefused(token)) return token;
      if (found.length === 0) return { errno: EAGAIN };
      const keys = [{ attributes: 0, token: token.output }];
      return callCca(task, file, { functionCode: 'SE', rules: [AES_RULE, 'CBC     '], vud, keys, ...where }, 'vud');
    },
    verify(output) {
      const cipher = createCipheriv('aes-256-cbc', key, iv).setAutoPadding(false);
      return Buffer.concat([cipher.update(text), cipher.final()]).equals(output);
    },
  };
}

/** Function bit D, CCA, where ZCRYPT_DEVICE_STATUS has it. */
const CCA_FUNCTION = 0x04;

/** Those of the queues of CCA coprocessors that are online now, one for each queue. */
async function domains(task: Task, file: ZcryptFile): Promise<number[] | Errno> {
  const devices = await file.deviceStatus(task);
  if (typeof devices === 'number') return devices;
  return devices.filter(({ functions, online }) => online && (functions & CCA_FUNCTION) !== 0).map(({ apqn }) => domainOf(apqn));
}
