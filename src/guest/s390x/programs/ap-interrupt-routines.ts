/**
 * What the conformance program looks at after AQIC and when a reply comes with interrupts on, in assembler text: as in
 * `ap-verify-routines.ts`. No kernel counterpart.
 */
export const INTERRUPT_ROUTINES = `
verify_enabled:
  lgr %r8,%r14
  lghi %r3,0
  llilf %r4,0x01000000
  lgr %r5,%r4
  brasl %r14,wait_status
  br %r8

verify_disabled_by_reset:
verify_disabled:
  lgr %r8,%r14
  lghi %r3,0
  llilf %r4,0x01000000
  lghi %r5,0
  brasl %r14,wait_status
  br %r8

# Waits with the subclass open until the interruption comes.
verify_interruption:
  lgr %r8,%r14
  lctlg %c6,%c6,all_subclasses
  llilf %r2,5000000
  brasl %r14,await_interruption
  j interruption_taken

# Without the bit in CR6 it stays pending, however open the PSW is.
verify_subclass:
  lgr %r8,%r14
  lctlg %c6,%c6,other_subclasses
  lghi %r3,0
  llilf %r4,0x40000000
  lgr %r5,%r4
  brasl %r14,wait_status                # the reply is there
  ltgr %r2,%r2
  jne 2f
  larl %r1,lost_psw
  mvc 0x1f0(16),0(%r1)
  stosm scratch_mask,0x02
  stnsm scratch_mask,0xfd
  lctlg %c6,%c6,all_subclasses
  llilf %r2,5000000
  brasl %r14,await_interruption
interruption_taken:
  ltgr %r2,%r2
  jne 2f
  lghi %r2,1
  larl %r1,indicator
  cli 0(%r1),0
  je 2f
  llgf %r1,IO_WORD
  llilf %r3,0x80000000 | 3 << 27        # adapter, ISC 3
  cgrjne %r1,%r3,2f
  lghi %r2,0
2: br %r8
`;
