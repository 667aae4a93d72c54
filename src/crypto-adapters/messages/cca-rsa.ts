/**
 * Parameters of the CCA functions PK (RSA with an exponent) and PD (RSA with the private key in parts): rule, data, key token
 * (drivers/s390/crypto/zcrypt_cca_key.h and the ICA part of zcrypt_msgtype6.c).
 */
import { isZero, rightJustified, stripZeros } from '../big-bytes.ts';
import { ReplyError } from './error-reply.ts';
import { assertRsaRequest, MAX_RSA_BYTES, type CrtRequest, type MexRequest, type RsaRequest } from './rsa-types.ts';
import { readPair, writeText } from './text.ts';

/** Function code, rule length, rule. */
const RULE_BLOCK = 12;
const KEY_BLOCK_HEADER = 6;
const TOKEN_HEADER = 8;
const TOKEN_ID = 0x1e;
const PUBLIC_SECTION = 12;
const PUBLIC_ID = 0x04;
const PRIVATE_SECTION = 132;
const PRIVATE_CRT_ID = 0x08;
/** p, dp and u carry this many zero bytes in front. */
const LONG_PAD = 8;
/** 65537, which the card ignores: the key token of PD must have a public section. */
const UNUSED_EXPONENT = Uint8Array.of(1, 0, 1);
const UNUSED_SECTION_LENGTH = PUBLIC_SECTION + UNUSED_EXPONENT.length;

export function encodeCcaRsa(request: RsaRequest): Uint8Array {
  assertRsaRequest(request);
  const keyBlock = request.kind === 'mex' ? publicKeyBlock(request) : privateKeyBlock(request);
  const { input } = request;
  const parameters = new Uint8Array(RULE_BLOCK + 2 + input.length + keyBlock.length);
  const view = new DataView(parameters.buffer);
  writeText(parameters, 0, request.kind === 'mex' ? 'PK' : 'PD');
  view.setUint16(2, RULE_BLOCK - 2);
  writeText(parameters, 4, request.kind === 'mex' ? 'MRP     ' : 'ZERO-PAD');
  view.setUint16(RULE_BLOCK, input.length + 2);
  parameters.set(input, RULE_BLOCK + 2);
  parameters.set(keyBlock, RULE_BLOCK + 2 + input.length);
  return parameters;
}

/** The headers that both key blocks start with. */
function startKeyBlock(length: number): { block: Uint8Array; view: DataView } {
  const block = new Uint8Array(length);
  const view = new DataView(block.buffer);
  view.setUint16(0, length);
  view.setUint16(2, length - 2);
  block[KEY_BLOCK_HEADER] = TOKEN_ID;
  view.setUint16(KEY_BLOCK_HEADER + 2, length - KEY_BLOCK_HEADER);
  return { block, view };
}

function publicKeyBlock({ modulus, exponent }: MexRequest): Uint8Array {
  const e = stripZeros(exponent);
  const section = KEY_BLOCK_HEADER + TOKEN_HEADER;
  const { block, view } = startKeyBlock(section + PUBLIC_SECTION + e.length + modulus.length);
  block[section] = PUBLIC_ID;
  view.setUint16(section + 2, PUBLIC_SECTION + e.length + modulus.length);
  view.setUint16(section + 6, e.length);
  view.setUint16(section + 8, modulus.length * 8);
  view.setUint16(section + 10, modulus.length);
  block.set(e, section + PUBLIC_SECTION);
  block.set(modulus, section + PUBLIC_SECTION + e.length);
  return block;
}

function privateKeyBlock(request: CrtRequest): Uint8Array {
  const n = request.input.length;
  const short = (n + 1) >> 1;
  const long = short + LONG_PAD;
  const widths = [long, short, long, short, long];
  const pad = -(3 * long + 2 * short) & 7;
  const keyLength = 3 * long + 2 * short + pad + n;
  const section = KEY_BLOCK_HEADER + TOKEN_HEADER;
  const { block, view } = startKeyBlock(section + PRIVATE_SECTION + keyLength + UNUSED_SECTION_LENGTH);
  block[section] = PRIVATE_CRT_ID;
  view.setUint16(section + 2, PRIVATE_SECTION + keyLength);
  block[section + 28] = 0x40;
  block[section + 50] = 0x80;
  [...widths, n].forEach((width, index) => view.setUint16(section + 54 + index * 2, width));
  view.setUint16(section + 70, pad);
  let at = section + PRIVATE_SECTION;
  [request.p, request.q, request.dp, request.dq, request.u].forEach((part, index) => {
    block.set(rightJustified(part, widths[index]!), at);
    at += widths[index]!;
  });
  at += pad;
  block.fill(0xff, at, at + n);
  at += n;
  block[at] = PUBLIC_ID;
  view.setUint16(at + 2, UNUSED_SECTION_LENGTH);
  view.setUint16(at + 6, UNUSED_EXPONENT.length);
  block.set(UNUSED_EXPONENT, at + PUBLIC_SECTION);
  return block;
}

/** The card's side: the request, or the code of the error reply. */
export function decodeCcaRsa(functionCode: string, parameters: Uint8Array): RsaRequest | number {
  const view = new DataView(parameters.buffer, parameters.byteOffset, parameters.length);
  if (parameters.length < RULE_BLOCK + 2) return ReplyError.MESSAGE_LENGTH;
  if (readPair(parameters, 0) !== functionCode || view.getUint16(2) !== RULE_BLOCK - 2) return ReplyError.MALFORMED;
  const keyAt = RULE_BLOCK + view.getUint16(RULE_BLOCK);
  if (keyAt < RULE_BLOCK + 2 || keyAt + KEY_BLOCK_HEADER + TOKEN_HEADER > parameters.length) return ReplyError.MESSAGE_LENGTH;
  const input = parameters.subarray(RULE_BLOCK + 2, keyAt);
  if (input.length > MAX_RSA_BYTES) return ReplyError.OPERAND_SIZE;
  if (view.getUint16(keyAt) > parameters.length - keyAt) return ReplyError.MESSAGE_LENGTH;
  const block = parameters.subarray(keyAt, keyAt + view.getUint16(keyAt));
  if (block.length < KEY_BLOCK_HEADER + TOKEN_HEADER || block[KEY_BLOCK_HEADER] !== TOKEN_ID) return ReplyError.KEY_TYPE;
  const section = block.subarray(KEY_BLOCK_HEADER + TOKEN_HEADER);
  if (functionCode === 'PK') return decodePublic(section, input);
  return decodePrivate(section, input);
}

function decodePublic(section: Uint8Array, input: Uint8Array): MexRequest | number {
  if (section.length < PUBLIC_SECTION || section[0] !== PUBLIC_ID) return ReplyError.KEY_TYPE;
  const view = new DataView(section.buffer, section.byteOffset, section.length);
  const exponentLength = view.getUint16(6);
  const modulusLength = view.getUint16(10);
  if (section.length < PUBLIC_SECTION + exponentLength + modulusLength) return ReplyError.MESSAGE_LENGTH;
  if (exponentLength < 1 || exponentLength > modulusLength) return ReplyError.OPERAND_INVALID;
  if (modulusLength !== input.length) return ReplyError.OPERAND_SIZE;
  const modulusAt = PUBLIC_SECTION + exponentLength;
  return {
    kind: 'mex',
    exponent: section.subarray(PUBLIC_SECTION, modulusAt),
    modulus: section.subarray(modulusAt, modulusAt + modulusLength),
    input,
  };
}

function decodePrivate(section: Uint8Array, input: Uint8Array): CrtRequest | number {
  if (section.length < PRIVATE_SECTION || section[0] !== PRIVATE_CRT_ID || section[28] !== 0x40) return ReplyError.KEY_TYPE;
  const view = new DataView(section.buffer, section.byteOffset, section.length);
  if (view.getUint16(64) !== input.length) return ReplyError.OPERAND_SIZE;
  const half = (input.length + 1) >> 1;
  const parts: Uint8Array[] = [];
  let at = PRIVATE_SECTION;
  for (let index = 0; index < 5; index++) {
    const width = view.getUint16(54 + index * 2);
    if (at + width > section.length) return ReplyError.MESSAGE_LENGTH;
    const field = section.subarray(at, at + width);
    if (width > half && !isZero(field.subarray(0, width - half))) return ReplyError.OPERAND_INVALID;
    parts.push(rightJustified(field, half));
    at += width;
  }
  const [p, q, dp, dq, u] = parts as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  return { kind: 'crt', p, q, dp, dq, u, input };
}
