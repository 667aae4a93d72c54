/**
 * What the programs of the host do: one operation through the typed ioctls of zcrypt, and whether its result is right by node:crypto.
 * No kernel counterpart: libica, the CCA library, and a user who does not trust them.
 */
import { createCipheriv, createHash } from 'node:crypto';
import { adapterOf, domainOf } from '../base/apqn.ts';
import { ENODEV, type Errno } from '../base/errno.ts';
import type { Prng } from '../base/prng.ts';
import type { Task } from '../runtime/task.ts';
import type { ZcryptFile } from '../ap-bus/zcrypt/zcrypt-file.ts';
import { drawRsaOperation } from '../guest/rsa-operation.ts';
import { callCca, isRefused, type CcaRefusal, type CcaTarget } from './host-cca.ts';
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

/** The card takes a key in and enciphers under it; its token is of use to this domain of this card only, as master keys differ. */
function aes(random: Prng, { bytes }: HostCcaProgram): HostOperation {
  const [key, iv, text] = [random.bytes(KEY_BYTES), random.bytes(IV_BYTES), random.bytes(bytes)];
  const start = random.next();
  return {
    what: `AES-256-CBC of ${bytes} bytes under a secure key`,
    async attempt(task, file) {
      const target = await coprocessor(task, file, start);
      if (typeof target === 'number') return { errno: target };
      const token = await callCca(task, file, { functionCode: 'CM', rules: [AES_RULE], vud: key, keys: [], target }, 'key');
      if (isRefused(token)) return token;
      const keys = [{ attributes: 0, token: token.output }];
      return callCca(
        task,
        file,
        { functionCode: 'SE', rules: [AES_RULE, 'CBC     '], vud: Buffer.concat([iv, text]), keys, target },
        'vud',
      );
    },
    verify(output) {
      const cipher = createCipheriv('aes-256-cbc', key, iv).setAutoPadding(false);
      return Buffer.concat([cipher.update(text), cipher.final()]).equals(output);
    },
  };
}

/** Function bit D, CCA, where ZCRYPT_DEVICE_STATUS has it. */
const CCA_FUNCTION = 0x04;

/** Any queue of a CCA coprocessor that is online now, each as often as the others; -ENODEV without one. */
async function coprocessor(task: Task, file: ZcryptFile, start: number): Promise<CcaTarget | Errno> {
  const devices = await file.deviceStatus(task);
  if (typeof devices === 'number') return devices;
  const usable = devices.filter(({ functions, online }) => online && (functions & CCA_FUNCTION) !== 0);
  if (usable.length === 0) return ENODEV;
  const { apqn } = usable[start % usable.length]!;
  return { adapter: adapterOf(apqn), domain: domainOf(apqn) };
}
