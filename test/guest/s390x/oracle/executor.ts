/**
 * The program that qemu-user runs: a Linux program for s390x that reads trials from its standard input, executes each, and writes what came
 * of it. Assembled by the assembler of this repository; system calls and the layout of signal frames are those of Linux on s390x
 * (arch/s390/include/uapi/asm: unistd.h, sigcontext.h, ucontext.h).
 */
import { assemble } from '../../../../src/guest/s390x/assembler/assemble.ts';
import { elfFile } from '../../../../src/guest/s390x/assembler/elf-file.ts';
import { CODE, CODE_BYTES, DATA, DATA_BYTES, INPUT_BYTES, LAYOUT, OUTPUT_BYTES, TEXT } from './record.ts';

const { FPRS, ARS, FPC, MASK, CODE_AT, DATA_IN, SIGNAL, DATA_OUT } = LAYOUT;
const SIGNALS = [4, 5, 7, 8, 11];
/** On the alternate stack, with information, and again while one is being handled. */
const FLAGS = 0x0800_0000 + 4 + 0x4000_0000;
/** Of struct ucontext: PSW, then general, access and floating-point registers. */
const UC = { mask: 40, address: 48, general: 56, access: 184, fpc: 248, floating: 256 };

const each = (count: number, line: (i: number) => string): string => Array.from({ length: count }, (_, i) => line(i)).join('\n');
const copy = (to: string, from: string): string => each(DATA_BYTES / 256, (i) => `  mvc ${i * 256}(256,${to}),${i * 256}(${from})`);

const text = `
  .org ${TEXT}
start:
  larl %r2,stack
  lghi %r3,0
  svc 186                    # sigaltstack
${each(
  SIGNALS.length,
  (i) => `  lghi %r2,${SIGNALS[i]}
  larl %r3,action
  lghi %r4,0
  lghi %r5,8
  svc 174                    # rt_sigaction`,
)}
next:
  larl %r8,input
  lgfi %r9,${INPUT_BYTES}
more:
  lghi %r2,0
  lgr %r3,%r8
  lgr %r4,%r9
  svc 3                      # read
  ltgr %r2,%r2
  jnh leave
  agr %r8,%r2
  sgr %r9,%r2
  jne more
  larl %r1,input
  larl %r2,code
  mvc 0(${CODE_BYTES},%r2),${CODE_AT}(%r1)
  larl %r2,data
  larl %r3,input
  aghi %r3,${DATA_IN}
${copy('%r2', '%r3')}
${each(16, (i) => `  ld %f${i},${FPRS + 8 * i}(%r1)`)}
  lam %a0,%a15,${ARS}(%r1)
  lfpc ${FPC}(%r1)
  l %r0,${MASK}(%r1)
  spm %r0
  lmg %r0,%r15,0(%r1)
  jg code
finish:
  stgrl %r1,kept
  larl %r1,output
  stmg %r0,%r15,0(%r1)
  lgrl %r0,kept
  stg %r0,8(%r1)
${each(16, (i) => `  std %f${i},${FPRS + 8 * i}(%r1)`)}
  stam %a0,%a15,${ARS}(%r1)
  stfpc ${FPC}(%r1)
  lghi %r0,0
  ipm %r0
  st %r0,${MASK}(%r1)
  lghi %r0,0
  stg %r0,${SIGNAL}(%r1)
  j tell
handler:
  larl %r1,output
  st %r2,${SIGNAL}(%r1)
  mvc ${SIGNAL + 4}(4,%r1),${UC.address + 4}(%r4)
  mvc 0(128,%r1),${UC.general}(%r4)
  mvc ${FPRS}(128,%r1),${UC.floating}(%r4)
  mvc ${ARS}(64,%r1),${UC.access}(%r4)
  mvc ${FPC}(4,%r1),${UC.fpc}(%r4)
  l %r0,${UC.mask}(%r4)
  nilf %r0,0x3f00
  sll %r0,16
  st %r0,${MASK}(%r1)
tell:
  larl %r2,output
  aghi %r2,${DATA_OUT}
  larl %r3,data
${copy('%r2', '%r3')}
  larl %r8,output
  lgfi %r9,${OUTPUT_BYTES}
rest:
  lghi %r2,1
  lgr %r3,%r8
  lgr %r4,%r9
  svc 4                      # write
  ltgr %r2,%r2
  jnh leave
  agr %r8,%r2
  sgr %r9,%r2
  jne rest
  j next
leave:
  lghi %r2,0
  svc 1                      # exit
  .align 8
stack:
  .quad stackspace, 0, 0x8000
action:
  .quad handler, ${FLAGS}, 0, 0
kept:
  .quad 0
input:
  .skip ${INPUT_BYTES + 8}
  .align 8
output:
  .skip ${OUTPUT_BYTES + 8}
  .align 8
stackspace:
  .skip 0x8000
  .org ${CODE}
code:
  .skip ${CODE_BYTES}
  jg finish
  .org ${DATA}
data:
  .skip ${DATA_BYTES}
`;

export function executorElf(): Uint8Array {
  const program = assemble([{ name: 'executor', text }]);
  return elfFile(program, program.symbols.get('start')!);
}
