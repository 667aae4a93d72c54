/**
 * The three registers of a CCA master key: the new one, that an administrator fills in parts, the current and the old one.
 * Verification patterns are truncated SHA-256 hashes, as the kernel describes those of the AES and APKA keys (zcrypt_ccamisc.h).
 */
import { createHash } from 'node:crypto';
import { patternLength, type MasterKeyName, type MasterKeyStatus, type MasterKeyStatuses } from '../messages/cca-facility.ts';

const MASTER_KEY_LENGTH = 32;

type NewState = 'empty' | 'partial' | 'full';
const NEW_STATES: Readonly<Record<NewState, string>> = { empty: '1', partial: '2', full: '3' };
const INVALID = '1';
const VALID = '2';

export type KeyPart = 'first' | 'middle' | 'last';

export interface MasterKey {
  readonly key: Uint8Array;
  readonly pattern: Uint8Array;
}

export class MasterKeys {
  private readonly length: number;
  private state: NewState = 'empty';
  private parts: Uint8Array = new Uint8Array(MASTER_KEY_LENGTH);
  private currentKey: MasterKey | null = null;
  private oldKey: MasterKey | null = null;

  constructor(name: MasterKeyName) {
    this.length = patternLength(name);
  }

  /** null: not set yet, everything that needs it is refused. */
  get current(): MasterKey | null {
    return this.currentKey;
  }

  /** The key that wrapped something: the current one, or the one before; null when it is neither. */
  find(pattern: Uint8Array): { readonly key: Uint8Array; readonly old: boolean } | null {
    for (const [it, old] of [
      [this.currentKey, false],
      [this.oldKey, true],
    ] as const)
      if (it !== null && Buffer.compare(it.pattern, pattern) === 0) return { key: it.key, old };
    return null;
  }

  /** Parts are added up by exclusive or. False, and nothing happens, when this part is not the next: a first one for an empty register. */
  load(part: KeyPart, value: Uint8Array): boolean {
    if (value.length !== MASTER_KEY_LENGTH) throw new RangeError(`expected a key part of ${MASTER_KEY_LENGTH} bytes, got ${value.length}`);
    if (this.state !== (part === 'first' ? 'empty' : 'partial')) return false;
    this.parts = this.parts.map((byte, index) => byte ^ value[index]!);
    this.state = part === 'last' ? 'full' : 'partial';
    return true;
  }

  /** The new key becomes the current one, that becomes the old one. False, and nothing happens, when the new key is not complete. */
  set(): boolean {
    if (this.state !== 'full') return false;
    this.oldKey = this.currentKey;
    this.currentKey = this.named(this.parts);
    this.clearNew();
    return true;
  }

  clearNew(): void {
    this.parts = new Uint8Array(MASTER_KEY_LENGTH);
    this.state = 'empty';
  }

  clearOld(): void {
    this.oldKey = null;
  }

  /** What a facility query tells. */
  get statuses(): MasterKeyStatuses {
    const none = new Uint8Array(this.length);
    const register = (it: MasterKey | null): MasterKeyStatus =>
      it === null ? { state: INVALID, pattern: none } : { state: VALID, pattern: it.pattern };
    const pattern = this.state === 'full' ? this.named(this.parts).pattern : none;
    return { new: { state: NEW_STATES[this.state], pattern }, current: register(this.currentKey), old: register(this.oldKey) };
  }

  private named(key: Uint8Array): MasterKey {
    const hash = createHash('sha256').update(key).digest();
    return { key, pattern: new Uint8Array(hash.subarray(0, this.length)) };
  }
}
