/**
 * The guest program `queue-pollers`: two CPUs use one queue. Each starts with SIGP, takes a spin lock (COMPARE AND SWAP), sends a message
 * with its own number in the identifier, polls for the reply, and gives the lock back. No kernel counterpart.
 */
import { QUEUE_ROUTINES } from './ap-queue-text.ts';
import { buildProgram } from './run-time.ts';
import { SECOND_CPU } from './second-cpu-text.ts';

const TEXT = `
main:
  stg %r14,main_return
  brasl %r14,explore
  llgc %r1,facts
  lghi %r2,-1
  tmll %r1,FACT_QUEUE
  je main_end
  larl %r2,second
  brasl %r14,start_second
  lghi %r2,0
  brasl %r14,poll
  brasl %r14,await_both
  lay %r2,text_round_trips
  brasl %r14,line_text
  brasl %r14,line_end
  brasl %r14,off_by
main_end:
  lg %r14,main_return
  br %r14

second:
  larl %r15,second_stack
  lghi %r2,1
  brasl %r14,poll
  j stop

# CPU 2 makes its round trips. All in registers: the other CPU runs through here at the same time.
poll:
  lgr %r13,%r14
  lgr %r8,%r2
  sllg %r9,%r2,3
  lghi %r10,ROUNDS
1: lghi %r1,0                           # the lock
  lghi %r2,1
  csy %r1,%r2,lock
  je 2f
  diag %r0,%r0,0x44
  j 1b
2: lgr %r4,%r8
  lgr %r5,%r10
  larl %r6,message
  lghi %r7,16
  lg %r0,queue
  oilh %r0,0x4000
  lghi %r2,0
  nqap %r4,%r6
  jne 5f
  lghi %r11,5000
3: sllg %r6,%r8,10
  larl %r7,replies
  agr %r6,%r7
  lghi %r7,1024
  lghi %r4,-1
  lghi %r5,-1
  lg %r0,queue
  oilh %r0,0x8000
  lghi %r2,0
  dqap %r4,%r6
  je 4f
  lghi %r2,1000
  brasl %r14,pause
  brctg %r11,3b
  j 5f
4: crjne %r4,%r8,5f                     # the reply of somebody else
  crjne %r5,%r10,5f
  larl %r1,counts
  lg %r2,0(%r9,%r1)
  aghi %r2,1
  stg %r2,0(%r9,%r1)
  lghi %r1,0
  sty %r1,lock
  brctg %r10,1b
5: lghi %r1,0
  sty %r1,lock
6: lg %r1,done
  lgr %r2,%r1
  aghi %r2,1
  csg %r1,%r2,done
  jne 6b
  br %r13

.align 8
main_return: .quad 0
lock: .long 0
.align 8
message: .skip 16
replies: .skip 2048
text_round_trips: .asciz " round trips"
.align 8
  .skip 1024
second_stack: .skip 160
`;

/** The ELF file, for two CPUs. */
export function queuePollers(rounds = 20): Uint8Array {
  return buildProgram([
    { name: 'settings', text: `.equ ROUNDS, ${rounds}` },
    { name: 'pollers', text: TEXT },
    { name: 'second cpu', text: SECOND_CPU },
    { name: 'queue routines', text: QUEUE_ROUTINES },
  ]);
}
