/**
 * What the conformance program does before an instruction, in assembler text: brings the queue into a state. A routine answers 0 in register 2
 * when that has worked. It is called from the engine with 14, and may use 0 to 8 and 10. No kernel counterpart.
 */

const STATES = `
# Among many resets there is one that TAPQ sees running: code 02 with cc 3. Until then the reset was over before TAPQ looked.
verify_reset_seen:
  lgr %r8,%r14
  lghi %r10,64
1: brasl %r14,fresh_queue_inner
  ltgr %r2,%r2
  jne 3f
  lg %r0,queue
  oilh %r0,0x0100
  pqap
  jne 2f
  brasl %r14,tapq
  ipm %r2
  srlg %r3,%r1,16
  llgcr %r3,%r3
  tmlh %r2,0x3000
  jno 4f
  clgijne %r3,2,2f
  lghi %r2,0
  br %r8
4: clgijne %r3,0,2f                      # code 02 without its cc
  brctg %r10,1b
2: lghi %r2,1
3: br %r8

# Reset, empty, without interrupts.
fresh_queue:
  stg %r14,state_return
  brasl %r14,fresh_queue_inner
  lg %r14,state_return
  br %r14
fresh_queue_inner:
  stg %r14,inner_return
  lghi %r3,0
  lghi %r4,0
  lghi %r5,0
  brasl %r14,wait_status
  ltgr %r2,%r2
  jne 1f
  lg %r0,queue
  oilh %r0,0x0100
  lghi %r2,0
  pqap
  lghi %r2,1
  jne 1f
  brasl %r14,wait_idle
1: lg %r14,inner_return
  br %r14

# E, not R, not F, not I.
wait_idle:
  lghi %r3,0
  llilf %r4,0xe1000000
  llilf %r5,0x80000000
  j wait_status

# A message with the usual identifier.
send:
  lmg %r4,%r7,usual
  lg %r0,queue
  oilh %r0,0x4000
  lghi %r2,0
1: nqap %r4,%r6
  brc 2,1b
  br %r14

one_message:
  stg %r14,state_return
  brasl %r14,fresh_queue_inner
  ltgr %r2,%r2
  jne 1f
  brasl %r14,send
  lghi %r2,0
  je 1f
  lghi %r2,1
1: lg %r14,state_return
  br %r14

# The buffer for it is full of 55, and so is everything behind it.
one_reply:
  stg %r14,state_return
  larl %r1,reply
  mvi 0(%r1),0x55
  mvc 1(255,%r1),0(%r1)
  brasl %r14,fresh_queue_inner
  ltgr %r2,%r2
  jne 1f
  brasl %r14,send
  lghi %r2,1
  jne 1f
  lghi %r3,0
  llilf %r4,0x40000000
  lgr %r5,%r4
  brasl %r14,wait_status
1: lg %r14,state_return
  br %r14

# As many messages as TAPQ says, and the same registers as for one more.
full_queue:
  stg %r14,state_return
  brasl %r14,fresh_queue_inner
  ltgr %r2,%r2
  jne 2f
  lg %r0,queue
  oilh %r0,0x0080
  lghi %r2,0
  pqap
  lgr %r8,%r2
  nill %r8,0xf
  llgcr %r8,%r8
  aghi %r8,1                            # stored less one
1: brasl %r14,send
  jne 3f
  brctg %r8,1b
  lghi %r2,0
  j 2f
3: lghi %r2,1
2: lg %r14,state_return
  br %r14

# The queue, fresh, takes so many bytes in one go: 7.
queue_limit:
  stg %r14,state_return
  brasl %r14,fresh_queue_inner
  ltgr %r2,%r2
  jne 2f
  lg %r0,queue
  oilh %r0,0x0080
  lghi %r2,0
  pqap
  srlg %r7,%r2,8
  nill %r7,0xf
  llgcr %r7,%r7
  clgijh %r7,3,1f
  lghi %r7,3                            # the classic 12 KiB
1: sllg %r7,%r7,12
  lghi %r2,0
2: lg %r14,state_return
  br %r14

# A length of one byte more.
over_limit:
  lgr %r8,%r14
  brasl %r14,queue_limit
  aghi %r7,1
  stg %r7,given+48
  larl %r1,large
  stg %r1,given+40
  br %r8

# All of that has been given to the queue, but not the last part.
parts_at_limit:
  lgr %r8,%r14
  brasl %r14,queue_limit
  ltgr %r2,%r2
  jne 2f
  lmg %r4,%r5,usual
  larl %r6,large
  lg %r0,queue
  lghi %r2,0
1: nqap %r4,%r6
  brc 2,1b
  lghi %r2,0
  brc 4,2f
  lghi %r2,1
2: br %r8

# Interrupts on, the indicator zero.
enabled_queue:
  stg %r14,state_return
  brasl %r14,fresh_queue_inner
  ltgr %r2,%r2
  jne 1f
  larl %r2,indicator
  mvi 0(%r2),0
  lg %r0,queue
  oilh %r0,0x0300
  llihf %r1,0x8000
  oill %r1,3
  pqap
  lghi %r2,1
  jne 1f
  lghi %r3,0
  llilf %r4,0x01000000
  lgr %r5,%r4
  brasl %r14,wait_status
1: lg %r14,state_return
  br %r14
`;

const DATA = `
.align 8
state_return: .quad 0
inner_return: .quad 0
reply_length: .quad 0
all_subclasses: .quad 0xff000000
other_subclasses: .quad 0xef000000
lost_psw: .quad MASK, lost
usual: .quad 0x11223344, 0x55667788, message, 16
indicator: .quad 0
message: .skip 64
reply: .skip 4096
reply_parts: .skip 256
large: .skip 0xf008
`;

export const STATE_ROUTINES = STATES + DATA;
