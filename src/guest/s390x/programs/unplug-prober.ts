/**
 * The guest program `unplug-prober`: watches every queue that it has had, keeps it busy with messages, and tells each change of the response code in a line, such as
 * `05.0004: 00 -> 01`. No kernel counterpart.
 */
import { QUEUE_ROUTINES } from './ap-queue-text.ts';
import { buildProgram } from './run-time.ts';

const TEXT = `
.equ QUEUES, 64                         # that it can watch
.equ NEVER, 0xff                        # seen so far

main:
  stg %r14,main_return
  brasl %r14,explore
  llgc %r1,facts
  lghi %r2,-1
  tmll %r1,FACT_QCI
  je main_end
  llilf %r13,MILLISECONDS
look:
  llilf %r0,4 << 24
  larl %r2,block
  pqap
  lghi %r6,0
adapters:
  lgr %r1,%r6
  larl %r2,block+16
  brasl %r14,test_bit
  ltgr %r3,%r3
  je 2f
  lghi %r7,0
domains:
  lgr %r1,%r7
  larl %r2,block+48
  brasl %r14,test_bit
  ltgr %r3,%r3
  je 1f
  sllg %r2,%r6,8
  ogr %r2,%r7
  brasl %r14,watch
1: aghi %r7,1
  clgfi %r7,256
  jl domains
2: aghi %r6,1
  clgfi %r6,256
  jl adapters
  brasl %r14,look_at_all
  lg %r1,changes
  clgfi %r1,CHANGES
  jnl enough
  lghi %r2,1000
  brasl %r14,pause
  brctg %r13,look
enough:
  brasl %r14,line_begin
  lg %r2,changes
  brasl %r14,line_decimal
  lay %r2,text_changes
  brasl %r14,line_text
  lg %r2,watched
  brasl %r14,line_decimal
  lay %r2,text_queues
  brasl %r14,line_text
  brasl %r14,line_end
  lghi %r2,0
  lg %r1,watched
  ltgr %r1,%r1
  jne main_end
  lghi %r2,-1
main_end:
  lg %r14,main_return
  br %r14

# The APQN in 2 is watched from now on, if it is not already.
watch:
  larl %r3,list
  lg %r4,watched
1: ltgr %r4,%r4
  je 2f
  llgh %r5,0(%r3)
  cgrje %r5,%r2,3f
  aghi %r3,4
  aghi %r4,-1
  j 1b
2: lg %r4,watched
  clgfi %r4,QUEUES
  bnlr %r14
  sth %r2,0(%r3)
  mvi 2(%r3),NEVER
  aghi %r4,1
  stg %r4,watched
3: br %r14

look_at_all:
  stg %r14,look_return
  larl %r8,list
  lg %r9,watched
1: ltgr %r9,%r9
  je 3f
  llgh %r0,0(%r8)
  lghi %r2,0
  pqap
  stg %r1,status
  je 4f
5: llgc %r10,status+5
  llgc %r11,2(%r8)
  cgrje %r10,%r11,2f
  stc %r10,2(%r8)
  brasl %r14,tell
2: aghi %r8,4
  aghi %r9,-1
  j 1b
3: lg %r14,look_return
  br %r14
# A queue that is there gets something to do: a message when it is empty, else what there is of a reply is taken.
4: llgh %r0,0(%r8)
  lghi %r4,0
  lghi %r5,0
  lghi %r2,0
  tmlh %r1,0x8000
  je 6f
  larl %r6,message
  lghi %r7,16
  oilh %r0,0x4000
  nqap %r4,%r6
  j 5b
6: larl %r6,reply
  lghi %r7,1024
  oilh %r0,0x8000
  dqap %r4,%r6
  j 5b

tell:
  stg %r14,tell_return
  brasl %r14,line_begin
  llgc %r2,0(%r8)
  lghi %r3,2
  brasl %r14,line_hex
  lay %r2,text_dot
  brasl %r14,line_text
  llgc %r2,1(%r8)
  lghi %r3,4
  brasl %r14,line_hex
  lay %r2,text_colon
  brasl %r14,line_text
  clgije %r11,NEVER,1f
  lgr %r2,%r11
  lghi %r3,2
  brasl %r14,line_hex
  lay %r2,text_arrow
  brasl %r14,line_text
  lg %r1,changes
  aghi %r1,1
  stg %r1,changes
1: lgr %r2,%r10
  lghi %r3,2
  brasl %r14,line_hex
  brasl %r14,line_end
  lg %r14,tell_return
  br %r14

.align 8
main_return: .quad 0
look_return: .quad 0
tell_return: .quad 0
status: .quad 0
changes: .quad 0
watched: .quad 0
list: .skip 4 * QUEUES
message: .skip 16
reply: .skip 1024
text_dot: .asciz "."
text_colon: .asciz ": "
text_arrow: .asciz " -> "
text_changes: .asciz " changes of "
text_queues: .asciz " queues"
.align 8
`;

export interface ProberLimits {
  /** How long it watches, at least. */
  readonly milliseconds: number;
  /** It ends when it has seen so many changes. */
  readonly changes: number;
}

/** The ELF file. */
export function unplugProber({ milliseconds, changes }: ProberLimits = { milliseconds: 2000, changes: 1000 }): Uint8Array {
  return buildProgram([
    { name: 'settings', text: `.equ MILLISECONDS, ${milliseconds}\n.equ CHANGES, ${changes}` },
    { name: 'prober', text: TEXT },
    { name: 'queue routines', text: QUEUE_ROUTINES },
  ]);
}
