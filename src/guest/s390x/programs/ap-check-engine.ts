/**
 * How the conformance program runs its checks, in assembler text: a check is a row of registers, an instruction, and what has to come of it
 * (`ap-checks.ts`). No kernel counterpart.
 */

/** A row; `ap-check-row.ts` writes it. */
export const ROW_LAYOUT = `
.equ ROW_NAME, 0
.equ ROW_PREPARE, 8
.equ ROW_REGISTERS, 16                  # 0, 1, 2, 4, 5, 6, 7
.equ ROW_VERIFY, 72
.equ ROW_INSTRUCTION, 80
.equ ROW_FLAGS, 84
.equ ROW_PROGRAM, 85
.equ ROW_CC, 86
.equ ROW_RC, 87
.equ ROW_NEEDS, 88
.equ ROW_WITHOUT, 89
.equ ROW_BYTES, 96
.equ ADD_QUEUE, 1                       # flags: the queue, or one that is not there, goes into register 0
.equ ADD_OTHER, 2
.equ IN_PROBLEM_STATE, 4
.equ ANY, 0xff                          # condition code or response code does not matter
`;

export const ENGINE = `
main:
  stg %r14,main_return
  larl %r1,execute_psw
  mvc 0x1c0(16),0(%r1)                  # supervisor calls end an instruction under test
  brasl %r14,explore
  larl %r9,rows
next_row:
  lg %r2,ROW_NAME(%r9)
  ltgr %r2,%r2
  je all_done
  llgc %r1,facts
  llgc %r2,ROW_NEEDS(%r9)
  ngrk %r3,%r1,%r2
  cgrjne %r3,%r2,skip_row
  llgc %r2,ROW_WITHOUT(%r9)
  ngr %r1,%r2
  jne skip_row
  larl %r1,given
  mvc 0(56,%r1),ROW_REGISTERS(%r9)
  brasl %r14,add_apqn
  lghi %r10,'p'                         # what went wrong: the preparation
  lg %r1,ROW_PREPARE(%r9)
  brasl %r14,call_routine
  ltgr %r2,%r2
  jne row_failed
  l %r1,ROW_INSTRUCTION(%r9)
  lay %r2,ROW_FLAGS(%r9)
  brasl %r14,execute
  brasl %r14,judge
  ltgr %r10,%r10
  jne row_failed
  lghi %r10,'v'                         # what the row's own routine looks at
  lg %r1,ROW_VERIFY(%r9)
  brasl %r14,call_routine
  ltgr %r2,%r2
  jne row_failed
  lay %r2,text_pass
  brasl %r14,row_line
  brasl %r14,line_end
  lg %r1,passed
  aghi %r1,1
  stg %r1,passed
skip_row:
  aghi %r9,ROW_BYTES
  j next_row
row_failed:
  brasl %r14,report_failure
  lg %r1,failed
  aghi %r1,1
  stg %r1,failed
  j skip_row

all_done:
  brasl %r14,line_begin
  lg %r2,passed
  brasl %r14,line_decimal
  lay %r2,text_passed
  brasl %r14,line_text
  lg %r2,failed
  brasl %r14,line_decimal
  lay %r2,text_failed
  brasl %r14,line_text
  brasl %r14,line_end
  lg %r2,failed
  lg %r1,passed
  agr %r1,%r2
  jne 1f
  lghi %r2,-1
1: lg %r14,main_return
  br %r14

# Calls the routine at 1, if there is one; 2 is zero else.
call_routine:
  lghi %r2,0
  ltgr %r1,%r1
  bzr %r14
  br %r1

add_apqn:
  lg %r1,given
  llgc %r2,ROW_FLAGS(%r9)
  tmll %r2,ADD_QUEUE
  je 1f
  og %r1,queue
1: tmll %r2,ADD_OTHER
  je 2f
  og %r1,other
2: stg %r1,given
  br %r14

# Executes the instruction in 1 with the given registers; flags at 2. What comes of it is in got and after.
execute:
  stmg %r6,%r14,execute_kept
  strl %r1,under_test
  mvc seen(4),seen+4                    # nothing seen
  larl %r3,execute_supervisor
  tm 0(%r2),IN_PROBLEM_STATE
  je 1f
  larl %r3,execute_problem
1: mvc scratch_psw(16),0(%r3)
  larl %r3,execute_over
  stg %r3,resume
  larl %r3,given
  lmg %r4,%r7,24(%r3)
  lmg %r0,%r2,0(%r3)
  lpswe scratch_psw
# Whole words are stored to whole words.
.align 4
execute_here:
under_test: .long 0
under_test_end:
  ipm %r3
  svc 0
execute_over:
  stmg %r4,%r7,got+24
  stmg %r0,%r2,got
  llgfr %r3,%r3
  srl %r3,28
  stg %r3,got_cc
  xc resume(8),resume
  lmg %r6,%r14,execute_kept
  br %r14

# Zero in 10, or a letter for what is not as the row says: the program interruption, its place, registers, cc, response code.
judge:
  lghi %r10,'i'
  llgh %r1,seen+2
  llgc %r2,ROW_PROGRAM(%r9)
  cgrjne %r1,%r2,judge_end
  ltgr %r2,%r2
  je no_interruption
  lghi %r10,'a'                         # suppressed: the old PSW is behind the instruction
  larl %r1,under_test_end
  lg %r2,seen_psw+8
  cgrjne %r1,%r2,judge_end
  cli seen+1,4
  jne judge_end
  lghi %r10,'r'
  larl %r1,given
  larl %r2,got
  clc 0(56,%r1),0(%r2)
  jne judge_end
  j judge_good
no_interruption:
  lghi %r10,'c'
  llgc %r1,ROW_CC(%r9)
  lg %r2,got_cc
  clgije %r1,ANY,1f
  cgrjne %r1,%r2,judge_end
1: lghi %r10,'s'
  llgc %r1,ROW_RC(%r9)
  llgc %r2,got+8+5
  clgije %r1,ANY,judge_good
  cgrjne %r1,%r2,judge_end
judge_good:
  lghi %r10,0
judge_end:
  br %r14

# A line with the text at 2 and the name of the row.
row_line:
  stg %r14,row_line_return
  stg %r2,row_line_text
  brasl %r14,line_begin
  lg %r2,row_line_text
  brasl %r14,line_text
  lg %r2,ROW_NAME(%r9)
  brasl %r14,line_text
  lg %r14,row_line_return
  br %r14

report_failure:
  stg %r14,report_return
  lay %r2,text_fail
  brasl %r14,row_line
  larl %r8,report_parts
1: lg %r2,0(%r8)
  ltgr %r2,%r2
  je 2f
  brasl %r14,line_text
  lg %r1,8(%r8)
  lg %r2,0(%r1)
  lg %r3,16(%r8)
  brasl %r14,line_hex
  aghi %r8,24
  j 1b
2: lay %r2,text_why
  brasl %r14,line_text
  lg %r1,line_at
  stc %r10,0(%r1)
  aghi %r1,1
  stg %r1,line_at
  brasl %r14,line_end
  lg %r14,report_return
  br %r14

.align 8
execute_psw: .quad MASK, execute_over
execute_supervisor: .quad MASK, execute_here
execute_problem: .quad MASK | PROBLEM, execute_here
given: .skip 56
got: .skip 56
got_cc: .quad 0
execute_kept: .skip 72
main_return: .quad 0
row_line_return: .quad 0
row_line_text: .quad 0
report_return: .quad 0
passed: .quad 0
failed: .quad 0
report_parts:
  .quad text_program, seen-4, 8
  .quad text_cc, got_cc, 1
  .quad text_gr0, got, 16
  .quad text_gr1, got+8, 16
  .quad text_gr2, got+16, 16
  .quad 0
text_pass: .asciz "PASS: "
text_fail: .asciz "FAIL: "
text_passed: .asciz " checks passed, "
text_failed: .asciz " failed"
text_program: .asciz ": interruption "
text_cc: .asciz ", cc "
text_gr0: .asciz ", gr0 "
text_gr1: .asciz ", gr1 "
text_gr2: .asciz ", gr2 "
text_why: .asciz ", look at "
.align 8
`;
