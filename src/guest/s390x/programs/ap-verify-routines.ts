/**
 * What the conformance program looks at after an instruction, in assembler text: registers, storage, the queue. A routine answers 0 in
 * register 2 when everything is as it should be. It is called from the engine with 14, and may use 0 to 8 and 10. No kernel counterpart.
 */

const QUERIES = `
# The status word: left half and unused bits of GR1 zero.
verify_status_word:
  lg %r1,got+8
  llilf %r2,0x1c00ffff
  iihf %r2,0xffffffff
  ngr %r2,%r1
  br %r14

# Nothing but the response code.
verify_bare_status:
  lg %r1,got+8
  nilh %r1,0xff00
  lgr %r2,%r1
  br %r14

verify_idle:
  lg %r1,got+8
  llilf %r2,0x80000000
  xgr %r2,%r1
  br %r14

verify_no_functions:
  lg %r2,got+16
  srlg %r2,%r2,32
  br %r14

# One mode, a type of CEX4 to CEX8, the highest domain not below that of the queue, a length, a depth; zeros elsewhere.
verify_information:
  lg %r1,got+16
  lgr %r2,%r1
  llihf %r3,0x01003fff
  iilf %r3,0x0000f0f0
  ngr %r2,%r3
  bnzr %r14
  lghi %r2,1
  srlg %r3,%r1,58                       # D, A and X
  nill %r3,7
  clgije %r3,1,1f
  clgije %r3,2,1f
  clgije %r3,4,1f
  br %r14
1: srlg %r3,%r1,24
  llgcr %r3,%r3
  clgijl %r3,10,2f
  clgijh %r3,14,2f
  srlg %r3,%r1,16
  llgcr %r3,%r3
  llgc %r4,queue+7
  clgrjl %r3,%r4,2f
  tmll %r1,0x000f
  je 2f
  lghi %r2,0
2: br %r14

# 128 bytes of FF, which QCI overwrites, and 8 of 55 behind them, which it must not.
prepare_block:
  larl %r1,block
  mvi 0(%r1),0xff
  mvc 1(127,%r1),0(%r1)
  mvi 128(%r1),0x55
  mvc 129(7,%r1),128(%r1)
  lghi %r2,0
  br %r14

verify_block:
  larl %r1,block
  lghi %r2,1
  lg %r3,128(%r1)
  llihf %r4,0x55555555
  iilf %r4,0x55555555
  cgrjne %r3,%r4,1f
  lg %r3,112(%r1)                       # reserved: 112 to 127, 6 to 15, 2 and 3
  og %r3,120(%r1)
  og %r3,8(%r1)
  llgh %r4,2(%r1)
  ogr %r3,%r4
  llgh %r4,6(%r1)
  ogr %r3,%r4
  jne 1f
  lghi %r2,0
1: br %r14

verify_same_registers:
  larl %r1,given
  larl %r3,got
  lghi %r2,1
  clc 0(24,%r1),0(%r3)
  bner %r14
  lghi %r2,0
  br %r14

verify_masks:
  lgr %r8,%r14
  llgc %r1,queue+6
  larl %r2,block+16
  brasl %r14,test_bit
  ltgr %r3,%r3
  je 1f
  llgc %r1,queue+7
  larl %r2,block+48
  brasl %r14,test_bit
  ltgr %r3,%r3
  je 1f
  lghi %r2,0
  br %r8
1: lghi %r2,1
  br %r8

# No bit of a mask behind the highest number of its kind.
verify_highest:
  lgr %r8,%r14
  llgc %r6,block+4
  larl %r7,block+16
  brasl %r14,none_behind
  jne 1f
  llgc %r6,block+5
  larl %r7,block+48
  brasl %r14,none_behind
  jne 1f
  llgc %r6,block+5
  larl %r7,block+80
  brasl %r14,none_behind
  jne 1f
  lghi %r2,0
  br %r8
1: lghi %r2,1
  br %r8
none_behind:
  lgr %r10,%r14
2: aghi %r6,1
  clgfi %r6,256
  jnl 3f
  lgr %r1,%r6
  lgr %r2,%r7
  brasl %r14,test_bit
  ltgr %r3,%r3
  je 2b
  br %r10
3: cr %r0,%r0
  br %r10

# A reset takes a moment; then there is nothing left of the message.
verify_empty_after_reset:
  lgr %r8,%r14
  brasl %r14,wait_idle
  ltgr %r2,%r2
  jne 1f
  brasl %r14,receive
  lghi %r2,1
  brc 14,1f
  lghi %r2,0
1: br %r8

# DQAP into reply: cc as it is.
receive:
  larl %r6,reply
  lghi %r7,4096
  lg %r0,queue
  oilh %r0,0x8000
  lghi %r2,0
  dqap %r4,%r6
  br %r14
`;

const MESSAGES = `
# Nothing came: buffer and length are as they were.
verify_buffer_kept:
  larl %r1,given
  larl %r3,got
  lghi %r2,1
  clc 40(16,%r1),40(%r3)
  bner %r14
  lghi %r2,0
  br %r14

verify_used_up:
  lg %r1,given+40
  ag %r1,given+48
  lghi %r2,1
  cg %r1,got+40
  bner %r14
  lg %r1,got+48
  ltgr %r1,%r1
  bner %r14
  larl %r1,given
  larl %r3,got
  clc 24(16,%r1),24(%r3)               # the identifier stays where it is
  bner %r14
  lghi %r2,0
  br %r14

verify_not_empty:
  lgr %r8,%r14
  brasl %r14,tapq
  lgr %r2,%r1
  nilh %r2,0x8000
  srlg %r2,%r2,31
  nill %r2,1
  br %r8

verify_reply_waits:
  lgr %r8,%r14
  lghi %r3,0
  llilf %r4,0xc0000000
  llilf %r5,0x40000000
  brasl %r14,wait_status
  br %r8

verify_special:
  lg %r0,queue
  oilh %r0,0x0080
  lghi %r2,0
  pqap
  lghi %r3,0                            # cc and code: 0 and 00 if the card takes special commands, else 3 and 16
  tmhh %r2,0x8000
  jne 1f
  lghi %r3,0x316
1: lg %r1,got_cc
  sllg %r1,%r1,8
  llgc %r2,got+8+5
  ogr %r1,%r2
  sgrk %r2,%r1,%r3
  br %r14

verify_full:
  lg %r1,got+8
  lghi %r2,1
  tmlh %r1,0x2000
  bzr %r14
  tmlh %r1,0x8000
  bnzr %r14
  larl %r1,given
  larl %r3,got
  clc 40(16,%r1),40(%r3)
  bner %r14
  lghi %r2,0
  br %r14

# As much of the buffer was used as the length has become less, and GR2 says that nothing is left.
verify_received:
  lghi %r2,1
  lg %r1,got+40
  slg %r1,given+40
  lg %r3,given+48
  slg %r3,got+48
  cgrjne %r1,%r3,1f
  ltgr %r1,%r1
  je 1f
  lg %r1,got+16
  ltgr %r1,%r1
  jne 1f
  lghi %r2,0
1: br %r14

verify_psmid:
  lghi %r2,1
  ly %r1,got+24+4
  cly %r1,usual+4
  bner %r14
  ly %r1,got+32+4
  cly %r1,usual+8+4
  bner %r14
  lghi %r2,0
  br %r14

verify_nothing_behind:
  lghi %r2,1
  lg %r1,got+40
  cli 0(%r1),0x55
  bner %r14
  cli 7(%r1),0x55
  bner %r14
  larl %r3,reply
  cli 1(%r3),0x55                       # something was stored: the type of a reply
  ber %r14
  lghi %r2,0
  br %r14

verify_empty:
  lgr %r8,%r14
  brasl %r14,wait_idle
  br %r8

verify_partial:
  lghi %r2,1
  lg %r1,got+40
  slg %r1,given+40
  clgijne %r1,3,1f
  lg %r1,got+48
  ltgr %r1,%r1
  jne 1f
  lg %r1,got+16
  ltgr %r1,%r1
  je 1f
  larl %r3,reply
  cli 3(%r3),0x55                       # and nothing behind the buffer
  jne 1f
  lghi %r2,0
1: br %r14

# Goes on with GR0 as it was left, three bytes at a time, and compares with the same reply in one piece.
verify_all_parts:
  lgr %r8,%r14
  lg %r0,got
  lg %r2,got+16
  lg %r6,got+40
1: lghi %r7,3
  dqap %r4,%r6
  brc 6,1b
  jne 3f
  larl %r1,reply
  sgr %r6,%r1
  stg %r6,reply_length
  larl %r4,reply_parts
  mvc 0(256,%r4),0(%r1)
  brasl %r14,send
  jne 3f
  lghi %r3,0
  llilf %r4,0x40000000
  lgr %r5,%r4
  brasl %r14,wait_status
  ltgr %r2,%r2
  jne 3f
  brasl %r14,receive
  jne 3f
  larl %r1,reply
  sgr %r6,%r1
  lg %r3,reply_length
  cgrjne %r3,%r6,3f
  aghi %r3,-1
  larl %r4,reply_parts
  exrl %r3,compare_replies
  jne 3f
  lghi %r2,0
  br %r8
3: lghi %r2,1
  br %r8
compare_replies: clc 0(1,%r1),0(%r4)

# The first part is not refused and nothing is in the queue yet; with the second part it is a message.
verify_second_part:
  lgr %r8,%r14
  lg %r1,got_cc
  clgije %r1,3,1f
  brasl %r14,tapq
  tmlh %r1,0x8000
  je 1f
  lmg %r4,%r7,usual
  lg %r6,got+40
  lghi %r7,8
  lg %r0,queue
  oilh %r0,0x4000
  lghi %r2,0
  nqap %r4,%r6
  jne 1f
  lghi %r3,0
  llilf %r4,0x40000000
  lgr %r5,%r4
  brasl %r14,wait_status
  br %r8
1: lghi %r2,1
  br %r8
`;

export const VERIFY_ROUTINES = QUERIES + MESSAGES;
