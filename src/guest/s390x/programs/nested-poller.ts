/**
 * The guest program `nested-poller`: a hypervisor on two CPUs. Each runs a nested guest by SIE, with a state description of its own and one
 * CRYCB, all in its storage; both nested guests poll one queue behind a spin lock. What is intercepted the hypervisor does: DIAGNOSE 44 is
 * nothing, AQIC is answered with 01. The counterpart is arch/s390/kvm, as far as a guest that only uses AP needs it.
 */
import { QUEUE_ROUTINES } from './ap-queue-text.ts';
import { buildProgram } from './run-time.ts';
import { SECOND_CPU } from './second-cpu-text.ts';

const HYPERVISOR = `
.equ SD_PREFIX, 0x04                    # of a state description
.equ SD_ECA, 0x4c
.equ SD_CODE, 0x50
.equ SD_IPA, 0x56
.equ SD_PSW, 0x90
.equ SD_CRYCB, 0xfc
.equ APIE, 0x08
.equ FORMAT_2, 3
.equ INTERCEPTED, 0x04
.equ WAITS, 0x1c
.equ NESTED_PREFIX, 0x74000             # and the next 8 KiB for the other one

main:
  stg %r14,main_return
  brasl %r14,explore
  llgc %r1,facts
  lghi %r2,-1
  tmll %r1,FACT_QUEUE
  je main_end
  tmll %r1,FACT_QCI
  je main_end
  larl %r1,crycb                        # the nested guests get all that this one has
  larl %r2,block
  mvc 0x80(96,%r1),16(%r2)
  larl %r2,second
  brasl %r14,start_second
  lghi %r2,0
  brasl %r14,hypervise
  brasl %r14,await_both
  lay %r2,text_round_trips
  brasl %r14,line_text
  lg %r2,exits
  brasl %r14,line_decimal
  lay %r2,text_interceptions
  brasl %r14,line_text
  brasl %r14,line_end
  brasl %r14,off_by
main_end:
  lg %r14,main_return
  br %r14

second:
  lghi %r2,1
  brasl %r14,hypervise
  j stop

# CPU 2 runs its nested guest until that waits. 0 to 13 are the nested guest's from SIE on; 14 has the state description, 15 the rest.
hypervise:
  larl %r15,areas
  sllg %r1,%r2,6
  agr %r15,%r1
  stg %r14,0(%r15)
  larl %r14,descriptions
  sllg %r1,%r2,9
  agr %r14,%r1
  llilf %r3,NESTED_PREFIX
  sllg %r1,%r2,13
  agr %r3,%r1
  st %r3,SD_PREFIX(%r14)
  mvi SD_ECA+3(%r14),APIE
  larl %r1,nested_psw
  mvc SD_PSW(16,%r14),0(%r1)
  larl %r1,crycb
  aghi %r1,FORMAT_2
  st %r1,SD_CRYCB(%r14)
  lgr %r8,%r2
  lghi %r10,ROUNDS
run:
  sie 0(%r14)
  cli SD_CODE(%r14),0                   # an interruption of this CPU, or another one uses the description
  je run
  stmg %r0,%r2,8(%r15)
1: lg %r1,exits
  lgr %r2,%r1
  aghi %r2,1
  csg %r1,%r2,exits
  jne 1b
  lmg %r0,%r2,8(%r15)
  cli SD_CODE(%r14),WAITS
  je over
  cli SD_CODE(%r14),INTERCEPTED
  jne over
  cli SD_IPA(%r14),0x83                 # DIAGNOSE: the other CPU has its turn anyway
  je run
  larl %r11,pqap_opcode
  clc SD_IPA(2,%r14),0(%r11)
  jne over
  llilf %r1,0x00010000                  # AQIC: this hypervisor passes no interruptions on
  oi SD_PSW+2(%r14),0x30                # with cc 3
  j run
over:
  lg %r14,0(%r15)
2: lg %r1,done
  lgr %r2,%r1
  aghi %r2,1
  csg %r1,%r2,done
  jne 2b
  br %r14
`;

const NESTED = `
# The nested guest: 8 is its number, 10 how many round trips it makes.
nested:
  sllg %r9,%r8,3
  lg %r0,queue
  oilh %r0,0x0300
  llihf %r1,0x8000
  larl %r2,crycb
  pqap
  brc 14,nested_over
  srlg %r1,%r1,16
  clgijne %r1,1,nested_over
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
  llilf %r11,100000
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
nested_over:
  larl %r1,nested_wait
  lpswe 0(%r1)

.align 512
descriptions: .skip 1024
crycb: .skip 256
areas: .skip 128
nested_psw: .quad MASK, nested
nested_wait: .quad MASK | WAIT, 0
main_return: .quad 0
exits: .quad 0
lock: .long 0
.align 8
message: .skip 16
replies: .skip 2048
pqap_opcode: .short 0xb2af
text_round_trips: .asciz " round trips of nested guests, "
text_interceptions: .asciz " exits"
.align 8
`;

/** The ELF file, for two CPUs. */
export function nestedPoller(rounds = 10): Uint8Array {
  return buildProgram([
    { name: 'settings', text: `.equ ROUNDS, ${rounds}` },
    { name: 'hypervisor', text: HYPERVISOR },
    { name: 'nested', text: NESTED },
    { name: 'second cpu', text: SECOND_CPU },
    { name: 'queue routines', text: QUEUE_ROUTINES },
  ]);
}
