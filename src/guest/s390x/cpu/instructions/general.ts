/**
 * The general instructions, which every machine has: all groups in one list. Control instructions come from the machine
 * (src/guest/s390x/machine), EX and EXRL from execute.ts. No kernel counterpart.
 */
import type { Operation } from '../instruction.ts';
import { ARITHMETIC } from './arithmetic.ts';
import { ARITHMETIC_LONG } from './arithmetic-long.ts';
import { BRANCH } from './branch.ts';
import { COMPARE } from './compare.ts';
import { DECIMAL_CONVERSION } from './decimal-conversion.ts';
import { FLOATING_POINT } from './floating-point-registers.ts';
import type { Handlers } from './handlers.ts';
import { INTERLOCKED } from './interlocked.ts';
import { LOAD } from './load.ts';
import { LOCKED_OPERATION } from './locked-operation.ts';
import { LOGICAL } from './logical.ts';
import { LONG_CHARACTERS } from './long-characters.ts';
import { LONG_OPERANDS } from './long-operands.ts';
import { MISCELLANEOUS } from './miscellaneous.ts';
import { MULTIPLY } from './multiply.ts';
import { SHIFT } from './shift.ts';
import { STORAGE_TO_STORAGE } from './storage-to-storage.ts';
import { STORE } from './store.ts';
import { TRANSLATE_AND_TEST } from './translate-and-test.ts';
import { UNICODE } from './unicode.ts';

function operations(handlers: Handlers, ends: boolean): Operation[] {
  return Object.entries(handlers).map(([mnemonic, execute]) => ({ mnemonic, execute, ends }));
}

const SEQUENTIAL: readonly Handlers[] = [
  LOAD,
  STORE,
  ARITHMETIC,
  ARITHMETIC_LONG,
  MULTIPLY,
  COMPARE,
  LOGICAL,
  SHIFT,
  STORAGE_TO_STORAGE,
  LONG_OPERANDS,
  LONG_CHARACTERS,
  TRANSLATE_AND_TEST,
  UNICODE,
  LOCKED_OPERATION,
  INTERLOCKED,
  DECIMAL_CONVERSION,
  FLOATING_POINT,
  MISCELLANEOUS,
];

export const GENERAL_INSTRUCTIONS: readonly Operation[] = [
  ...SEQUENTIAL.flatMap((handlers) => operations(handlers, false)),
  ...operations(BRANCH, true),
];
