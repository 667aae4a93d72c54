/**
 * Lock programs as data: the form in which `apemu locks check` takes sequences of lock operations. No kernel counterpart.
 */
export interface CapturedOp {
  readonly task: number;
  readonly op: 'lock' | 'unlock' | 'rlock' | 'rlockRecursive' | 'trylock' | 'tryrlock' | 'tryrlockRecursive' | 'lockThenUnlock';
  readonly lock: string;
  readonly cls: string;
}

export interface CapturedProgram {
  readonly name: string;
  readonly ops: readonly CapturedOp[];
}
