/**
 * Routines about AP queues that several guest programs use, in assembler text: which facilities and queues there are, the status of the queue
 * in use, interruptions. No kernel counterpart: what a driver does with TAPQ and QCI.
 */

const DISCOVERY = `
.equ FACT_QCI, 0x01
.equ FACT_APFT, 0x02
.equ FACT_AQIC, 0x04
.equ FACT_APXA, 0x08
.equ FACT_QACT, 0x10
.equ FACT_AP, 0x20
.equ FACT_QUEUE, 0x40
.equ FACT_OTHER, 0x80

# Sets facts, queue and other.
explore:
  stg %r14,explore_return
  lghi %r0,7
  larl %r1,facilities
  stfle 0(%r1)
  lghi %r5,0
  tm 1(%r1),0x08
  je 1f
  oill %r5,FACT_QCI
1: tm 1(%r1),0x01
  je 2f
  oill %r5,FACT_APFT
2: tm 8(%r1),0x40
  je 3f
  oill %r5,FACT_AQIC
3: larl %r1,explore_no_ap
  stg %r1,resume
  lghi %r0,0
  lghi %r2,0
  pqap
  xc resume(8),resume
  oill %r5,FACT_AP
  tmll %r5,FACT_QCI
  je 4f
  llilf %r0,4 << 24
  larl %r2,block
  pqap
  tm 0(%r2),0x40
  je 5f
  oill %r5,FACT_APXA
5: tm 0(%r2),0x20
  je 4f
  oill %r5,FACT_QACT
4: lghi %r6,0                            # APQN
6: lgr %r0,%r6
  brasl %r14,allowed
  ltgr %r3,%r3
  je 7f
  lghi %r2,0
  pqap
  brc 7,7f                              # anything but cc 0
  stg %r6,queue
  oill %r5,FACT_QUEUE
  j find_other
7: brasl %r14,next_apqn
  jne 6b
  j explore_end
# One in the same domain that is not there.
find_other:
  llgc %r6,queue+7
8: lgr %r0,%r6
  lghi %r2,0
  pqap
  jne 9f
  j 10f
9: stg %r1,explore_status
  llgc %r3,explore_status+5
  clgijne %r3,1,10f
  stg %r6,other
  oill %r5,FACT_OTHER
  j explore_end
10: aghi %r6,0x100
  clgfi %r6,0x4000
  jl 8b
  j explore_end
explore_no_ap:
explore_end:
  stcy %r5,facts
  lg %r14,explore_return
  br %r14

# The next APQN in 6: all of them, or adapters below 64 and domains below 16. cc 0 behind the last.
next_apqn:
  aghi %r6,1
  tmll %r5,FACT_APXA
  jne 1f
  lgr %r1,%r6
  nill %r1,0xff
  clgije %r1,16,2f
  j 3f
2: aghi %r6,0x100-16
3: clgfi %r6,0x4000
  br %r14
1: clgfi %r6,0x10000
  br %r14

# 3 is not zero when the queue in 6 may be there: QCI has it, or there is no QCI.
allowed:
  lghi %r3,1
  tmll %r5,FACT_QCI
  bzr %r14
  srlg %r1,%r6,8
  larl %r2,block+16
  lgr %r4,%r14
  brasl %r14,test_bit
  lgr %r14,%r4
  ltgr %r3,%r3
  bzr %r14
  lgr %r1,%r6
  nill %r1,0xff
  larl %r2,block+48
  lgr %r4,%r14
  brasl %r14,test_bit
  lgr %r14,%r4
  br %r14

# Bit 1 of the mask at 2, into 3.
test_bit:
  srlg %r3,%r1,3
  llgc %r3,0(%r3,%r2)
  nill %r1,7
  sllg %r3,%r3,0(%r1)
  nill %r3,0x80
  br %r14
`;

const WAITING = `
# TAPQ of the queue: status in 1, cc as it is.
tapq:
  lg %r0,queue
  lghi %r2,0
  pqap
  br %r14

# Waits until the status of the queue has code 3 and, of the bits in 4, those in 5. 2 is 0, or 1 after five seconds.
wait_status:
  stmg %r3,%r5,wait_wanted
  stg %r14,wait_return
  lghi %r1,5000
  stg %r1,wait_tries
1: lmg %r3,%r5,wait_wanted
  brasl %r14,tapq
  srlg %r0,%r1,16
  llgcr %r0,%r0
  cgrjne %r0,%r3,2f
  lgr %r0,%r1
  ngr %r0,%r4
  cgrjne %r0,%r5,2f
  lghi %r2,0
  j 3f
2: lghi %r2,1000
  brasl %r14,pause
  lg %r1,wait_tries
  aghi %r1,-1
  stg %r1,wait_tries
  lghi %r2,1
  jne 1b
3: lg %r14,wait_return
  br %r14

# Waits for an I/O interruption, for so many microseconds as 2 says. 2 is 0 then, or 1 when none has come.
await_interruption:
  larl %r1,interrupted_psw
  mvc 0x1f0(16),0(%r1)
  llilf %r3,IO_OPEN >> 32
  j pause_open
interrupted:
  brasl %r1,pause_end
  lghi %r2,0
  br %r14
`;

const DATA = `
.align 8
facts: .quad 0
queue: .quad 0                          # APQN of one that answers 00; only with FACT_QUEUE
other: .quad 0                          # and of one that answers 01; only with FACT_OTHER
facilities: .skip 32
explore_return: .quad 0
explore_status: .quad 0
wait_return: .quad 0
wait_wanted: .quad 0, 0, 0
wait_tries: .quad 0
interrupted_psw: .quad MASK, interrupted
block: .skip 136                        # of QCI, and a little more
`;

export const QUEUE_ROUTINES = [DISCOVERY, WAITING, DATA].join('\n');
