/**
 * Starts a second CPU and waits for both to have done their ROUNDS, in assembler text: its lowcore is a copy of this one's, at another prefix.
 * No kernel counterpart: what smp_64.S and pcpu_start of arch/s390/kernel/smp.c do.
 */
export const SECOND_CPU = `
.equ SECOND_PREFIX, 0x70000

# CPU 1 goes on at 2, with nothing in its registers. 2 is 0, or the condition code of the signal processor that refused.
start_second:
  larl %r1,restart_routine
  stg %r2,0(%r1)
  lghi %r1,0                            # real 0 to 1FFF
  llilf %r3,SECOND_PREFIX
  lghi %r4,0x2000 / 256
1: mvc 0(256,%r3),0(%r1)
  aghi %r1,256
  aghi %r3,256
  brctg %r4,1b
  lghi %r3,1
2: llilf %r5,SECOND_PREFIX
  sigp %r4,%r3,13                       # set prefix
  brc 2,2b
  jne 4f
3: sigp %r4,%r3,6                       # restart
  brc 2,3b
  jne 4f
  lghi %r2,0
  br %r14
4: ipm %r2
  llgfr %r2,%r2
  srlg %r2,%r2,28
  br %r14

# Until both CPUs have counted themselves in \`done\`, five seconds at most; then begins a line with what each has counted. Uses 12.
await_both:
  stg %r14,await_return
  lghi %r12,5000
1: lg %r1,done
  clgije %r1,2,2f
  lghi %r2,1000
  brasl %r14,pause
  brctg %r12,1b
2: brasl %r14,line_begin
  lg %r2,counts
  brasl %r14,line_decimal
  lay %r2,text_and
  brasl %r14,line_text
  lg %r2,counts+8
  brasl %r14,line_decimal
  lg %r14,await_return
  br %r14

# 2: by how much both counts together differ from ROUNDS each.
off_by:
  lg %r2,counts
  ag %r2,counts+8
  aghi %r2,-2*ROUNDS
  lpgr %r2,%r2
  br %r14

.align 8
done: .quad 0
counts: .quad 0, 0
await_return: .quad 0
text_and: .asciz " and "
.align 8
`;
