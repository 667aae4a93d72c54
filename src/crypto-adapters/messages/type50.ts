/**
 * Type 50 messages: RSA requests for accelerators (drivers/s390/crypto/zcrypt_msgtype50.c).
 * Six fixed formats; every number is right-justified in its field.
 */
import { rightJustified } from '../big-bytes.ts';
import { ReplyError } from './error-reply.ts';
import { assertRsaRequest, type RsaRequest } from './rsa-types.ts';

interface Format {
  /** Key block type, bytes 8-9. */
  readonly block: number;
  readonly kind: 'mex' | 'crt';
  /** Width of the message field; also of the data in the reply. */
  readonly width: number;
}

const HEADER = 16;

const FORMATS: readonly Format[] = [
  { block: 0x0001, kind: 'mex', width: 128 },
  { block: 0x0002, kind: 'mex', width: 256 },
  { block: 0x0003, kind: 'mex', width: 512 },
  { block: 0x0011, kind: 'crt', width: 128 },
  { block: 0x0012, kind: 'crt', width: 256 },
  { block: 0x0013, kind: 'crt', width: 512 },
];

/** Three fields of full width, or five of half the width and one of full. */
const totalLength = ({ kind, width }: Format): number => HEADER + (kind === 'mex' ? width * 3 : (width >> 1) * 5 + width);

export function encodeType50(request: RsaRequest): Uint8Array {
  assertRsaRequest(request);
  const format = FORMATS.find(({ kind, width }) => kind === request.kind && request.input.length <= width)!;
  const message = new Uint8Array(totalLength(format));
  const view = new DataView(message.buffer);
  message[1] = 0x50;
  view.setUint16(2, message.length);
  view.setUint16(8, format.block);
  const half = format.width >> 1;
  const fields =
    request.kind === 'mex'
      ? [request.exponent, request.modulus].map((bytes) => rightJustified(bytes, format.width))
      : [request.p, request.q, request.dp, request.dq, request.u].map((bytes) => rightJustified(bytes, half));
  let at = HEADER;
  for (const field of [...fields, rightJustified(request.input, format.width)]) {
    message.set(field, at);
    at += field.length;
  }
  return message;
}

export interface Type50 {
  /** All numbers as wide as their fields. */
  readonly request: RsaRequest;
  readonly width: number;
}

/** The card's side: the request, or the code of the error reply. */
export function decodeType50(message: Uint8Array): Type50 | number {
  if (message.length < HEADER || message[1] !== 0x50) return ReplyError.MESSAGE_TYPE;
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const block = view.getUint16(8);
  const format = FORMATS.find((candidate) => candidate.block === block);
  if (format === undefined) return ReplyError.FORMAT_FIELD;
  if (view.getUint16(2) !== message.length || message.length !== totalLength(format)) return ReplyError.TYPE50_LENGTH;
  const { width } = format;
  const part = (index: number, size: number): Uint8Array => message.subarray(HEADER + index * size, HEADER + (index + 1) * size);
  if (format.kind === 'mex') {
    return { width, request: { kind: 'mex', exponent: part(0, width), modulus: part(1, width), input: part(2, width) } };
  }
  const half = width >> 1;
  const [p, q, dp, dq, u] = [0, 1, 2, 3, 4].map((index) => part(index, half)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  return { width, request: { kind: 'crt', p, q, dp, dq, u, input: message.subarray(message.length - width) } };
}
