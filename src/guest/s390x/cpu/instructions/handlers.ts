/**
 * What a file of instructions exports: functions by mnemonic. `c` is the CPU and `i` the instruction in all of them. No kernel counterpart.
 */
import type { Execute } from '../instruction.ts';

export type Handlers = Readonly<Record<string, Execute>>;
