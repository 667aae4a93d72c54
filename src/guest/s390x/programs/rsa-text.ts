/**
 * RSA operations for guest programs: requests as an accelerator and as a CCA coprocessor take them, with the result that the program
 * compares, and the routines for that. Results come from node:crypto, with no code of the emulated cards involved. No kernel counterpart.
 */
import { encodeRsaRequest, type RsaMode } from '../../../crypto-adapters/messages/rsa-request.ts';
import type { RsaRequest } from '../../../crypto-adapters/messages/rsa-types.ts';
import { rsaKeys, type RsaKey } from '../../rsa-key-pool.ts';

interface Operation {
  readonly request: RsaRequest;
  readonly result: Uint8Array;
}

/** Bytes that look like a message, below every modulus of this length. */
const plain = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i === 0 ? 0x12 : (i * 37 + length) & 0xff));

function operationsOf(key: RsaKey): Operation[] {
  const message = plain(key.n.length);
  const cipher = key.publicOperation(message);
  const { n, e, d, p, q, dp, dq, qi } = key;
  return [
    { request: { kind: 'mex', modulus: n, exponent: e, input: message }, result: cipher },
    { request: { kind: 'mex', modulus: n, exponent: d, input: cipher }, result: message },
    { request: { kind: 'crt', p, q, dp, dq, u: qi, input: cipher }, result: message },
  ];
}

const bytesText = (bytes: Uint8Array): string =>
  Array.from({ length: Math.ceil(bytes.length / 16) }, (_, i) => `  .byte ${[...bytes.subarray(16 * i, 16 * i + 16)].join(', ')}`).join(
    '\n',
  );

const DATA_SETS = [...rsaKeys(512).slice(0, 1), ...rsaKeys(1024).slice(0, 1)];

/** Rows of `rsa_operations`: for each mode address and length of the request, then address and length of the result. */
function operationsText(): string {
  const operations = DATA_SETS.flatMap(operationsOf);
  const request = (mode: RsaMode, operation: Operation): Uint8Array => encodeRsaRequest(mode, operation.request, 0);
  const rows = operations.map((operation, i) => {
    const lengths = [request('A', operation).length, request('C', operation).length, operation.result.length];
    return `  .quad rsa_a_${i}, ${lengths[0]}, rsa_c_${i}, ${lengths[1]}, rsa_result_${i}, ${lengths[2]}`;
  });
  const data = operations.map(
    (operation, i) => `
rsa_a_${i}:
${bytesText(request('A', operation))}
rsa_c_${i}:
${bytesText(request('C', operation))}
rsa_result_${i}:
${bytesText(operation.result)}`,
  );
  return `.align 8\nrsa_operations:\n${rows.join('\n')}\n  .quad 0\n${data.join('\n')}\n.align 8\n`;
}

/**
 * `rsa_mode` looks what the queue is. `rsa_request` gives the request of the operation at 8 as the buffer in 6 and 7. `rsa_check` compares
 * what was received, up to the address in 6: 0 in 2 when it is the result.
 */
const ROUTINES = `
.equ RSA_ROW, 48
.equ CPRB_DOMAIN, 0x58 + 170            # in the request of a coprocessor

# 2 is 0, or 1 when the queue does no RSA or is not there, or nobody can tell, without facility 15.
rsa_mode:
  llgc %r1,facts
  lghi %r2,1
  tmll %r1,FACT_APFT
  ber %r14
  lg %r0,queue
  oilh %r0,0x0080
  lghi %r2,0
  pqap
  jne 1f
  srlg %r1,%r2,59
  nill %r1,3                            # D and A
  lghi %r2,1
  ltgr %r1,%r1
  ber %r14
  srlg %r1,%r1,1                        # 1: a coprocessor
  stg %r1,rsa_coprocessor
  lghi %r2,0
  br %r14
1: lghi %r2,1
  br %r14

rsa_request:
  lmg %r6,%r7,0(%r8)
  lg %r1,rsa_coprocessor
  ltgr %r1,%r1
  ber %r14
  lmg %r6,%r7,16(%r8)
  llgc %r1,queue+7
  sth %r1,CPRB_DOMAIN(%r6)
  br %r14

rsa_check:
  lg %r1,rsa_coprocessor
  ltgr %r1,%r1
  je 1f
  aghi %r6,-2                           # an empty key block
1: lg %r1,40(%r8)
  sgr %r6,%r1
  lg %r2,32(%r8)
2: clc 0(1,%r6),0(%r2)
  jne 3f
  aghi %r6,1
  aghi %r2,1
  brctg %r1,2b
  lghi %r2,0
  br %r14
3: lghi %r2,1
  br %r14

.align 8
rsa_coprocessor: .quad 0
`;

export const rsaText = (): string => ROUTINES + operationsText();
