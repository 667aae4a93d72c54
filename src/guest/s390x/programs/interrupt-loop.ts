/**
 * The guest program `interrupt-loop`: RSA with interrupts. It sends a request, waits in a wait PSW for the adapter interruption, fetches
 * the reply and compares it. When its adapter goes away it looks for a queue, the same or another one, sets interrupts up again and sends
 * the request once more. No kernel counterpart: what a driver does (drivers/s390/crypto/ap_queue.c), without its state machine.
 */
import { QUEUE_ROUTINES } from './ap-queue-text.ts';
import { rsaText } from './rsa-text.ts';
import { buildProgram } from './run-time.ts';

const MAIN = `
.equ SEARCHES, 60000                    # milliseconds without any queue before it gives up
.equ SILENCES, 20                       # of 100 ms each before a request counts as lost

main:
  stg %r14,main_return
  lctlg %c6,%c6,subclass_3
  lghi %r13,OPERATIONS
  larl %r8,rsa_operations
  llilf %r11,SEARCHES
find_queue:
  brasl %r14,explore
  llgc %r1,facts
  lghi %r2,-1
  tmll %r1,FACT_AQIC
  je main_end
  tmll %r1,FACT_APFT
  je main_end
  tmll %r1,FACT_QUEUE
  je no_queue
  brasl %r14,rsa_mode
  ltgr %r2,%r2
  jne no_queue
  brasl %r14,enable
  ltgr %r2,%r2
  jne no_queue
next_operation:
  brasl %r14,one_operation
  clgije %r2,1,lost_queue
  clgije %r2,2,wrong_result
  llilf %r11,SEARCHES
  lg %r1,verified
  aghi %r1,1
  stg %r1,verified
  aghi %r8,RSA_ROW
  lg %r1,0(%r8)
  ltgr %r1,%r1
  jne 1f
  larl %r8,rsa_operations
1: brctg %r13,next_operation
  lghi %r2,0
  j report
lost_queue:
  lg %r1,begun_anew
  aghi %r1,1
  stg %r1,begun_anew
  j find_queue
no_queue:
  lghi %r2,1000
  brasl %r14,pause
  brctg %r11,find_queue
  lay %r2,text_no_queue
  j failed
wrong_result:
  lay %r2,text_wrong
failed:
  stg %r2,reason
  brasl %r14,line_begin
  lg %r2,reason
  brasl %r14,line_text
  brasl %r14,line_end
  lghi %r2,1
report:
  lgr %r12,%r2
  brasl %r14,line_begin
  lg %r2,verified
  brasl %r14,line_decimal
  lay %r2,text_verified
  brasl %r14,line_text
  lg %r2,interruptions
  brasl %r14,line_decimal
  lay %r2,text_interruptions
  brasl %r14,line_text
  lg %r2,begun_anew
  brasl %r14,line_decimal
  lay %r2,text_begun_anew
  brasl %r14,line_text
  brasl %r14,line_end
  lgr %r2,%r12
main_end:
  lg %r14,main_return
  br %r14
`;

const QUEUE = `
# Interrupts of the queue on ISC 3, whatever they were: off and on again. 2 is 0, or 1 when the queue does not do it.
enable:
  stg %r14,enable_return
  lghi %r12,1000
1: lg %r0,queue
  oilh %r0,0x0300
  lghi %r1,0
  lghi %r2,0
  pqap
  stg %r1,status
  je 2f
  llgc %r3,status+5
  clgije %r3,7,2f                       # they were off
  j 5f
2: lghi %r3,0                           # off by now?
  llilf %r4,0x01000000
  lghi %r5,0
  brasl %r14,wait_status_while_there
  jne 6f
  lg %r0,queue
  oilh %r0,0x0300
  llihf %r1,0x8000
  oill %r1,3
  larl %r2,indicator
  pqap
  stg %r1,status
  je 3f
  llgc %r3,status+5
  clgije %r3,7,3f
5: clgije %r3,2,4f                      # in reset, or busy: again
  clgije %r3,5,4f
  j 6f
4: lghi %r2,1000
  brasl %r14,pause
  brctg %r12,1b
  j 6f
3: llilf %r4,0x01000000
  lgr %r5,%r4
  brasl %r14,wait_status_while_there
  jne 6f
  lghi %r2,0
  j 7f
6: lghi %r2,1
7: lg %r14,enable_return
  br %r14

# Of the status the bits in 4 are as in 5 (cc 0), the queue has a response code (cc not 0), or neither for a second (cc not 0).
wait_status_while_there:
  stg %r14,there_return
  lghi %r10,1000
1: brasl %r14,tapq
  jne 2f
  ngr %r1,%r4
  cgrje %r1,%r5,3f
  lghi %r2,1000
  brasl %r14,pause
  brctg %r10,1b
  ltgr %r10,%r14
2: lg %r14,there_return
  br %r14
3: cr %r0,%r0
  j 2b
`;

const OPERATION = `
# 2 is 0; 1 when the queue is gone or has lost the request; 2 for a wrong result.
one_operation:
  stg %r14,operation_return
  lg %r1,identifier
  aghi %r1,1
  stg %r1,identifier
  lghi %r12,1000
1: brasl %r14,rsa_request
  lghi %r4,0x5253
  lg %r5,identifier
  lg %r0,queue
  oilh %r0,0x4000
  lghi %r2,0
2: nqap %r4,%r6
  brc 2,2b
  je sent
  stg %r1,status
  llgc %r3,status+5
  clgije %r3,2,3f                       # in reset
  clgijne %r3,0x10,gone                 # full: of what was sent before, as there is nobody else
  brasl %r14,fetch
3: lghi %r2,1000
  brasl %r14,pause
  brctg %r12,1b
  j gone
sent:
  lghi %r12,SILENCES
4: llilf %r2,100000
  brasl %r14,await_interruption
  lgr %r9,%r2
  ltgr %r2,%r2
  jne 5f
  lg %r1,interruptions
  aghi %r1,1
  stg %r1,interruptions
5: larl %r1,indicator
  mvi 0(%r1),0                          # before the queue is looked at, so that no later reply is missed
6: brasl %r14,fetch
  clgije %r2,0,fetched
  clgije %r2,1,gone
  ltgr %r9,%r9
  je 4b                                 # an interruption, but not for this reply
  brctg %r12,4b
  j gone                                # lost, as after a reset that somebody else has done
fetched:
  lg %r1,identifier
  cgrjne %r1,%r5,6b                     # of a request that was given up
  brasl %r14,rsa_check
  sllg %r2,%r2,1
  j operation_end
gone:
  lghi %r2,1
operation_end:
  lg %r14,operation_return
  br %r14

# DQAP: 2 is 0 with a reply up to 6 of identifier 5; 1 when the queue is gone; 2 when there is no reply yet.
fetch:
  larl %r6,reply
  lghi %r7,4096
  lghi %r4,0
  lghi %r5,0
  lg %r0,queue
  oilh %r0,0x8000
  lghi %r2,0
1: dqap %r4,%r6
  brc 2,1b
  lghi %r2,0
  ber %r14
  stg %r1,status
  llgc %r3,status+5
  lghi %r2,2
  clgije %r3,0x10,2f
  lghi %r2,1
2: br %r14

.align 8
main_return: .quad 0
enable_return: .quad 0
there_return: .quad 0
operation_return: .quad 0
status: .quad 0
reason: .quad 0
verified: .quad 0
interruptions: .quad 0
begun_anew: .quad 0
identifier: .quad 0
subclass_3: .quad 0x10000000
text_verified: .asciz " operations verified, "
text_interruptions: .asciz " interruptions, begun anew "
text_begun_anew: .asciz " times"
text_wrong: .asciz "FAIL: a wrong result"
text_no_queue: .asciz "FAIL: no queue"
.align 8
indicator: .quad 0
reply: .skip 4096
`;

/** The ELF file. */
export function interruptLoop(operations = 24): Uint8Array {
  return buildProgram([
    { name: 'settings', text: `.equ OPERATIONS, ${operations}` },
    { name: 'main', text: MAIN },
    { name: 'queue', text: QUEUE },
    { name: 'operation', text: OPERATION },
    { name: 'queue routines', text: QUEUE_ROUTINES },
    { name: 'rsa', text: rsaText() },
  ]);
}
