/**
 * An ioctl as a program makes it: a number and an address in its storage (zcrypt_unlocked_ioctl and what it calls in
 * drivers/s390/crypto/zcrypt_api.c). What it means is in zcrypt-file.ts, the structures in ioctl-structs.ts.
 */
import { EFAULT, EINVAL, ENOTTY, OK, type Errno } from '../../base/errno.ts';
import type { Task } from '../../runtime/task.ts';
import type { RsaRequest } from '../../crypto-adapters/messages/rsa-types.ts';
import { ioctlName, type IoctlName } from './ioctl-numbers.ts';
import {
  EP11_TARGET,
  EP11_URB,
  MODEXPO,
  MODEXPO_CRT,
  XCRB,
  encodeDeviceStatus,
  encodeWords,
  readStruct,
  writeStruct,
} from './ioctl-structs.ts';
import { isFailure } from './transfer.ts';
import type { ZcryptFile } from './zcrypt-file.ts';

/** Storage of the program. */
export interface UserStorage {
  /** A copy; null (-EFAULT) when one of the bytes is not there. */
  read(address: number, length: number): Uint8Array | null;
  /** False (-EFAULT), and nothing is written, when one of the bytes must not be written. */
  write(address: number, bytes: Uint8Array): boolean;
}

interface Call {
  readonly file: ZcryptFile;
  readonly storage: UserStorage;
  readonly argument: number;
}

/** p, dp and u begin with this many bytes that nobody looks at. */
const PART_PADDING = 8;
/** No message is longer, whatever the cards are: 8 bits of 4 KiB units, and a header. */
const LONGEST_BLOCK = 256 * 4096;

/** 0 or a negative errno: -EPERM by the node's mask before -ENOTTY, that before -EFAULT. */
export async function ioctl(
  task: Task,
  file: ZcryptFile,
  storage: UserStorage,
  call: { command: number; argument: number },
): Promise<Errno> {
  const command = call.command >>> 0;
  const rc = await file.check(task, command);
  if (rc !== OK) return rc;
  const name = ioctlName(command);
  return name === undefined ? ENOTTY : CALLS[name](task, { file, storage, argument: call.argument });
}

const CALLS: Readonly<Record<IoctlName, (task: Task, call: Call) => Promise<Errno>>> = {
  ICARSAMODEXPO: (task, call) => rsa(task, call, MODEXPO, fetchMex),
  ICARSACRT: (task, call) => rsa(task, call, MODEXPO_CRT, fetchCrt),
  ZSECSENDCPRB: sendCprb,
  ZSENDEP11CPRB: sendEp11,
  ZCRYPT_DEVICE_STATUS: async (task, call) => give(call, await call.file.deviceStatus(task), (all) => encodeDeviceStatus(all, 256)),
  ZCRYPT_STATUS_MASK: async (task, call) => give(call, await call.file.statusMask(task), (mask) => mask),
  ZCRYPT_QDEPTH_MASK: async (task, call) => give(call, await call.file.queueDepths(task), (mask) => mask),
  ZCRYPT_PERDEV_REQCNT: async (task, call) => give(call, await call.file.requestCounts(task), encodeWords),
  Z90STAT_REQUESTQ_COUNT: async (task, call) => giveNumber(call, await call.file.waitingCount(task)),
  Z90STAT_PENDINGQ_COUNT: async (task, call) => giveNumber(call, await call.file.pendingCount(task)),
  Z90STAT_TOTALOPEN_COUNT: async (task, call) => giveNumber(call, await call.file.openCount(task)),
  Z90STAT_DOMAIN_INDEX: async (task, call) => give(call, await call.file.domainIndex(task), ({ index }) => encodeWords([index])),
  ZDEVICESTATUS: async (task, call) => give(call, await call.file.fewDeviceStatus(task), (all) => encodeDeviceStatus(all, 64)),
  Z90STAT_STATUS_MASK: async (task, call) => give(call, await call.file.fewStatusMask(task), (mask) => mask),
  Z90STAT_QDEPTH_MASK: async (task, call) => give(call, await call.file.fewQueueDepths(task), (mask) => mask),
  Z90STAT_PERDEV_REQCNT: async (task, call) => give(call, await call.file.fewRequestCounts(task), encodeWords),
};

function give<Value extends object>({ storage, argument }: Call, answer: Value | Errno, encode: (value: Value) => Uint8Array): Errno {
  if (typeof answer === 'number') return answer;
  return storage.write(argument, encode(answer)) ? OK : EFAULT;
}

/** Counts are not negative: what is negative is an errno. */
function giveNumber({ storage, argument }: Call, answer: number): Errno {
  if (answer < 0) return answer;
  return storage.write(argument, encodeWords([answer])) ? OK : EFAULT;
}

type RsaArgument = Readonly<Record<'input' | 'inputLength' | 'output' | 'outputLength', number>>;

/** The numbers are fetched only when there is a queue for them. On success the output and its length are written, on failure nothing. */
async function rsa<Name extends string>(
  task: Task,
  { file, storage, argument }: Call,
  layout: Parameters<typeof readStruct<Name | keyof RsaArgument>>[0],
  fetch: (storage: UserStorage, struct: Record<Name | keyof RsaArgument, number>) => RsaRequest | null,
): Promise<Errno> {
  const bytes = storage.read(argument, layout.length);
  if (bytes === null) return EFAULT;
  const struct = readStruct(layout, bytes);
  const { inputLength, outputLength, output }: RsaArgument = struct;
  const kind = layout.length === MODEXPO.length ? 'mex' : 'crt';
  const answer = await file.rsa(task, { kind, inputLength, outputLength, fetch: () => fetch(storage, struct) ?? EFAULT });
  if (isFailure(answer)) return answer.errno;
  if (!storage.write(output, answer.output)) return EFAULT;
  return storage.write(argument + layout.fields.outputLength[0], encodeWords([inputLength])) ? OK : EFAULT;
}

function fetchMex(storage: UserStorage, struct: Record<keyof (typeof MODEXPO)['fields'], number>): RsaRequest | null {
  const part = (address: number): Uint8Array | null => storage.read(address, struct.inputLength);
  const [modulus, exponent, input] = [part(struct.modulus), part(struct.exponent), part(struct.input)];
  return modulus && exponent && input && { kind: 'mex', modulus, exponent, input };
}

function fetchCrt(storage: UserStorage, struct: Record<keyof (typeof MODEXPO_CRT)['fields'], number>): RsaRequest | null {
  const half = (struct.inputLength + 1) >> 1;
  const padded = (address: number): Uint8Array | null => storage.read(address + PART_PADDING, half);
  const [p, dp, u] = [padded(struct.p), padded(struct.dp), padded(struct.u)];
  const [q, dq, input] = [storage.read(struct.q, half), storage.read(struct.dq, half), storage.read(struct.input, struct.inputLength)];
  return p && q && dp && dq && u && input && { kind: 'crt', p, q, dp, dq, u, input };
}

/** The whole structure is given back, also after an error: with the status, on success with the lengths of the reply. */
async function sendCprb(task: Task, { file, storage, argument }: Call): Promise<Errno> {
  const bytes = storage.read(argument, XCRB.length);
  if (bytes === null) return EFAULT;
  const block = readStruct(XCRB, bytes);
  const { agent, adapter, replyControlLength, replyDataLength } = block;
  let rc = await submit();
  if (!storage.write(argument, bytes)) rc = EFAULT;
  return rc;

  async function submit(): Promise<Errno> {
    writeStruct(XCRB, { status: 0 }, bytes!);
    if (Math.max(block.requestControlLength, block.requestDataLength) > LONGEST_BLOCK) return EINVAL;
    const control = storage.read(block.requestControl, block.requestControlLength);
    const data = block.requestDataLength === 0 ? new Uint8Array(0) : storage.read(block.requestData, block.requestDataLength);
    if (control === null || data === null) return EFAULT;
    const answer = await file.sendCprb(task, { agent, adapter, control, data, replyControlLength, replyDataLength });
    if (isFailure(answer)) {
      writeStruct(XCRB, { status: answer.status ?? 0 }, bytes!);
      return answer.errno;
    }
    if (!storage.write(block.replyControl, answer.control)) return EFAULT;
    writeStruct(XCRB, { replyControlLength: answer.control.length }, bytes!);
    if (answer.data.length > 0 && !storage.write(block.replyData, answer.data)) return EFAULT;
    writeStruct(XCRB, { replyDataLength: answer.data.length }, bytes!);
    return OK;
  }
}

/** As with CPRBs: the structure is given back whatever happens. */
async function sendEp11(task: Task, { file, storage, argument }: Call): Promise<Errno> {
  const bytes = storage.read(argument, EP11_URB.length);
  if (bytes === null) return EFAULT;
  const block = readStruct(EP11_URB, bytes);
  let rc = await submit();
  if (!storage.write(argument, bytes)) rc = EFAULT;
  return rc;

  async function submit(): Promise<Errno> {
    const targets = storage.read(block.targets, block.targetCount * EP11_TARGET.length);
    if (block.targetCount > 0 && targets === null) return EFAULT;
    if (block.requestLength > LONGEST_BLOCK) return EINVAL;
    const request = storage.read(block.request, block.requestLength);
    if (request === null) return EFAULT;
    const answer = await file.sendEp11Cprb(task, { targets: targetsIn(targets), request, responseLength: block.responseLength });
    if (isFailure(answer)) return answer.errno;
    if (!storage.write(block.response, answer.response)) return EFAULT;
    writeStruct(EP11_URB, { responseLength: answer.response.length }, bytes!);
    return OK;
  }

  function targetsIn(list: Uint8Array | null): { adapter: number; domain: number }[] {
    const at = (index: number): Uint8Array => list!.subarray(index * EP11_TARGET.length, (index + 1) * EP11_TARGET.length);
    return Array.from({ length: block.targetCount }, (_, index) => readStruct(EP11_TARGET, at(index)));
  }
}
