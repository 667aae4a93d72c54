/**
 * What every guest program of this repository begins with, in assembler text: lowcore with new PSWs, entry, console by SCLP, numbers as
 * text, program interruptions that a program expects, the end. No kernel counterpart: the run-time library of bare-metal test programs.
 *
 * Registers: arguments in 2 to 5, result in 2; 6 to 13 and 15 belong to the caller; 14 is the way back. Everything lies below 0x80000, so that
 * a long displacement reaches it without a base. What lies in the lowcore is there once for each CPU.
 */
import { assemble, type Source } from '../assembler/assemble.ts';
import { elfFile } from '../assembler/elf-file.ts';

const LOWCORE = `
.equ MASK, 0x0000000180000000           # 64-bit mode, everything closed
.equ EXTERNAL_PARAMETER, 0x80
.equ EXTERNAL_CODE, 0x86
.equ SVC_CODE, 0x8a
.equ PROGRAM_ILC, 0x8c
.equ IO_WORD, 0xc0
.equ EXTERNAL_OLD, 0x130
.equ PROGRAM_OLD, 0x150
.equ IO_OLD, 0x170
.equ WAIT, 0x0002000000000000           # bits of the PSW mask
.equ IO_OPEN, 0x0200000000000000
.equ EXTERNAL_OPEN, 0x0100000000000000
.equ PROBLEM, 0x0001000000000000

.org 0x1a0
lowcore_begins:
  .quad MASK, restarted                 # restart
  .quad MASK, external                  # external
  .quad MASK, lost                      # supervisor call, unless a program says otherwise
  .quad MASK, program_interruption
  .quad MASK, lost                      # machine check
  .quad MASK, lost                      # I/O, unless a program says otherwise

.org 0x400
resume: .quad 0                         # where to go on after a program interruption; 0: none is expected
seen: .long 0                           # of the last expected one: length of the instruction, code; 0: there was none
  .long 0
seen_psw: .quad 0, 0                    # its old PSW
service_done: .quad 0
resume_psw: .quad MASK, 0
scratch_psw: .quad MASK, 0               # for whoever loads a PSW
closed_wait: .quad MASK | WAIT, 0       # nobody wakes this CPU
own_address: .short 0
scratch_mask: .byte 0
.align 2
service_signal: .short 0x2401
.align 8
external_routine: .quad 0               # what to do about another external interruption than that of the service processor
pause_until: .quad 0
pause_psw: .quad 0, 0
kept: .skip 128                         # general registers of the program that was interrupted
lowcore_ends:
`;

const ENTRY = `
.org 0x10000
start:
  larl %r15,stack_top
  lghi %r2,0
  lghi %r4,0
  lghi %r5,1                            # z/Architecture, in case the machine started in another mode
  sigp %r4,%r2,18
  lctlg %c0,%c0,control0
  larl %r2,mask_block
  llilf %r3,0x00780005                  # write event mask
  brasl %r14,service
  brasl %r14,main
  lgr %r13,%r2                          # how many failures; negative: there was nothing to test
  brasl %r14,line_begin
  lay %r2,text_status
  brasl %r14,line_text
  lghi %r2,1
  ltgr %r13,%r13
  je 1f
  lghi %r2,3
  jp 1f
  lghi %r2,77
1: brasl %r14,line_decimal
  brasl %r14,line_end
stop:
  stap own_address
  llgh %r2,own_address
  sigp %r4,%r2,5                        # stop
  lpswe closed_wait

restarted:
  larl %r1,restart_routine
  lg %r1,0(%r1)
  br %r1

# A failure that nobody expected: says so, and ends.
lost:
  larl %r15,stack_top
  brasl %r14,line_begin
  lay %r2,text_lost
  brasl %r14,line_text
  llgh %r2,0x8e
  lghi %r3,4
  brasl %r14,line_hex
  lay %r2,text_at
  brasl %r14,line_text
  lg %r2,PROGRAM_OLD+8
  lghi %r3,8
  brasl %r14,line_hex
  brasl %r14,line_end
  brasl %r14,line_begin
  lay %r2,text_status
  brasl %r14,line_text
  lghi %r2,3
  brasl %r14,line_decimal
  brasl %r14,line_end
  j stop

program_interruption:
  stmg %r0,%r15,kept
  lg %r1,resume
  ltgr %r1,%r1
  je lost
  mvc seen(4),PROGRAM_ILC
  mvc seen_psw(16),PROGRAM_OLD
  stg %r1,resume_psw+8
  xc resume(8),resume
  lmg %r0,%r15,kept
  lpswe resume_psw

# The service processor is done; another program may put its own routine behind external_routine.
external:
  stmg %r0,%r15,kept
  clc EXTERNAL_CODE(2),service_signal
  jne 1f
  mvi service_done+7,1
2: lmg %r0,%r15,kept
  lpswe EXTERNAL_OLD
1: larl %r1,external_routine
  lg %r1,0(%r1)
  ltgr %r1,%r1
  je 2b
  br %r1
`;

const PAUSE = `
# Waits so many microseconds as 2 says; 2 is 1 afterwards. 0, 1, 3 are used.
pause:
  lghi %r3,0
# The same with more bits of the PSW mask, in the right half of 3: whoever ends the wait calls pause_end by 1.
pause_open:
  larl %r1,pause_until
  stck 0(%r1)
  sllg %r2,%r2,12
  alg %r2,0(%r1)
  stg %r2,0(%r1)
  sckc 0(%r1)
  lctlg %c0,%c0,control0_clock
  larl %r1,pause_over
  stg %r1,external_routine
  sllg %r3,%r3,32
  og %r3,pause_mask
  larl %r1,pause_psw
  stg %r3,0(%r1)
  lpswe 0(%r1)
pause_over:
  lmg %r0,%r15,kept
  brasl %r1,pause_end
  lghi %r2,1
  br %r14
pause_end:
  lctlg %c0,%c0,control0
  lghi %r2,0
  stg %r2,external_routine
  br %r1
`;

const CONSOLE = `
# SERVC of command 3 with the block at 2, and waits for its end.
service:
  xc service_done(8),service_done
1: servc %r3,%r2
  jo 3f
  jnz 1b                                # busy
  stosm scratch_mask,0x01               # external interruptions
2: cli service_done+7,0
  je 2b
  stnsm scratch_mask,0xfe
  br %r14
3: lpswe closed_wait                    # no service processor: nobody to tell it to

line_begin:
  larl %r1,line
  stg %r1,line_at
  br %r14

# Adds the text at 2, which ends with a zero.
line_text:
  lg %r1,line_at
1: llgc %r3,0(%r2)
  ltgr %r3,%r3
  je 2f
  stc %r3,0(%r1)
  aghi %r1,1
  aghi %r2,1
  j 1b
2: stg %r1,line_at
  br %r14

# Adds 2 with 3 hexadecimal digits.
line_hex:
  lg %r1,line_at
  sllg %r5,%r3,2
1: aghi %r5,-4
  srlg %r4,%r2,0(%r5)
  nill %r4,0xf
  llgcr %r4,%r4
  llgc %r4,digits(%r4)
  stc %r4,0(%r1)
  aghi %r1,1
  ltgr %r5,%r5
  jne 1b
  stg %r1,line_at
  br %r14

# Adds 2 as a decimal number.
line_decimal:
  lg %r1,line_at
  lgr %r5,%r2
  lay %r2,decimals_end
  lghi %r0,10
1: lghi %r4,0
  dlgr %r4,%r0
  aghi %r4,'0'
  aghi %r2,-1
  stc %r4,0(%r2)
  ltgr %r5,%r5
  jne 1b
2: llgc %r3,0(%r2)
  stc %r3,0(%r1)
  aghi %r1,1
  aghi %r2,1
  lay %r3,decimals_end
  cgrjne %r2,%r3,2b
  stg %r1,line_at
  br %r14

# Prints the line. Its header says how long it is.
line_end:
  lg %r1,line_at
  mvi 0(%r1),10
  larl %r2,print_block
  sgr %r1,%r2
  aghi %r1,1
  sth %r1,0(%r2)
  aghi %r1,-8
  sth %r1,8(%r2)
  llilf %r3,0x00760005                  # write event data
  j service
`;

const DATA = `
.align 8
control0: .quad 0xe0 | 0x200            # service signals
control0_clock: .quad 0xe0 | 0x200 | 0x800      # and the clock comparator
pause_mask: .quad MASK | WAIT | EXTERNAL_OPEN
line_at: .quad 0
restart_routine: .quad lost
digits: .ascii "0123456789abcdef"
text_status: .asciz "EXIT: STATUS="
text_lost: .asciz "FAIL: interruption, program code "
text_at: .asciz " at "
decimals: .skip 24
decimals_end: .byte 0
.align 8
# Each block within a page.
mask_block: .short 28, 0, 0, 0
  .short 0, 4
  .long 0, 0x80000000 >> 0x19, 0, 0
.align 4096
print_block: .short 0, 0, 0, 0
  .short 0
  .byte 0x1a, 0
  .short 0
line: .skip 1024
.align 8
stack: .skip 4096
stack_top: .skip 160
`;

/** The ELF file of a program that defines `main`: with the number of failures in 2 when it comes back; negative: there was nothing to test. */
export function buildProgram(program: readonly Source[]): Uint8Array {
  const assembled = assemble([
    { name: 'lowcore', text: LOWCORE },
    { name: 'entry', text: ENTRY },
    { name: 'pause', text: PAUSE },
    { name: 'console', text: CONSOLE },
    ...program,
    { name: 'data', text: DATA },
  ]);
  return elfFile(assembled, assembled.symbols.get('start')!);
}
