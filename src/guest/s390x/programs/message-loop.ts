/**
 * The guest program `message-loop`: RSA on the first queue that does it, a request at a time with NQAP and DQAP, each result compared with
 * what it has to be. No kernel counterpart.
 */
import { QUEUE_ROUTINES } from './ap-queue-text.ts';
import { rsaText } from './rsa-text.ts';
import { buildProgram } from './run-time.ts';

const TEXT = `
main:
  stg %r14,main_return
  brasl %r14,explore
  llgc %r1,facts
  lghi %r2,-1
  tmll %r1,FACT_QUEUE
  je main_end
  brasl %r14,rsa_mode
  lcgr %r2,%r2
  jne main_end
  lghi %r13,ROUNDS
round:
  larl %r8,rsa_operations
operation:
  lg %r1,0(%r8)
  ltgr %r1,%r1
  je round_over
  lg %r1,identifier
  aghi %r1,1
  stg %r1,identifier
  brasl %r14,one_operation
  ltgr %r2,%r2
  jne 1f
  lg %r1,verified
  aghi %r1,1
  stg %r1,verified
  j 2f
1: brasl %r14,tell_failure
2: aghi %r8,RSA_ROW
  j operation
round_over:
  brctg %r13,round
  brasl %r14,line_begin
  lg %r2,verified
  brasl %r14,line_decimal
  lay %r2,text_verified
  brasl %r14,line_text
  brasl %r14,line_end
  lg %r2,failures
main_end:
  lg %r14,main_return
  br %r14

# 2 is 0, or 1 with the status in operation_status.
one_operation:
  stg %r14,operation_return
  brasl %r14,rsa_request
  ly %r4,identifier_high
  lg %r5,identifier
  lg %r0,queue
  oilh %r0,0x4000
  lghi %r2,0
1: nqap %r4,%r6
  brc 2,1b
  stg %r1,operation_status
  jne operation_failed
  lghi %r12,5000                        # milliseconds
2: larl %r6,reply
  lghi %r7,4096
  lghi %r4,0
  lghi %r5,0
  lg %r0,queue
  oilh %r0,0x8000
  lghi %r2,0
3: dqap %r4,%r6
  brc 2,3b
  stg %r1,operation_status
  je received
  llgc %r3,operation_status+5
  clgijne %r3,0x10,operation_failed
  lghi %r2,1000
  brasl %r14,pause
  brctg %r12,2b
  j operation_failed
received:
  lg %r1,identifier
  cgrjne %r1,%r5,operation_failed
  ly %r1,identifier_high
  crjne %r1,%r4,operation_failed
  brasl %r14,rsa_check
  j operation_end
operation_failed:
  lghi %r2,1
operation_end:
  lg %r14,operation_return
  br %r14

tell_failure:
  stg %r14,operation_return
  lg %r1,failures
  aghi %r1,1
  stg %r1,failures
  brasl %r14,line_begin
  lay %r2,text_failed
  brasl %r14,line_text
  lg %r2,identifier
  brasl %r14,line_decimal
  lay %r2,text_status_word
  brasl %r14,line_text
  lg %r2,operation_status
  lghi %r3,8
  brasl %r14,line_hex
  brasl %r14,line_end
  lg %r14,operation_return
  br %r14

.align 8
main_return: .quad 0
operation_return: .quad 0
operation_status: .quad 0
verified: .quad 0
failures: .quad 0
identifier: .quad 0
identifier_high: .long 0x5253412e
text_verified: .asciz " operations verified"
text_failed: .asciz "FAIL: operation "
text_status_word: .asciz ", status "
.align 8
reply: .skip 4096
`;

/** The ELF file; each round has six operations. */
export function messageLoop(rounds = 4): Uint8Array {
  return buildProgram([
    { name: 'settings', text: `.equ ROUNDS, ${rounds}` },
    { name: 'message loop', text: TEXT },
    { name: 'queue routines', text: QUEUE_ROUTINES },
    { name: 'rsa', text: rsaText() },
  ]);
}
