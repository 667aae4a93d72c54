/**
 * A 256-bit AP mask in big-endian bit order: bit 0 is the leftmost, most significant one (set_bit_inv and friends in the kernel).
 * Immutable: a change makes a new mask, so objects share masks freely and a reader can never see half an update.
 */
export class ApMask {
  static readonly BITS = 256;
  static readonly EMPTY: ApMask = new ApMask(new Int32Array(8));
  static readonly FULL: ApMask = new ApMask(new Int32Array(8).fill(-1));
  /** Eight 32-bit words, leftmost first. Immutable after construction. */
  private readonly words: Int32Array;

  private constructor(words: Int32Array) {
    this.words = words;
  }

  static of(...bits: number[]): ApMask {
    return ApMask.from(bits);
  }

  /** RangeError when a bit is not an integer from 0 to 255. */
  static from(bits: Iterable<number>): ApMask {
    const words = new Int32Array(8);
    for (const bit of bits) words[wordOf(bit)]! |= maskOf(bit);
    return new ApMask(words);
  }

  /** The bits 0 to `last`, both included. */
  static upTo(last: number): ApMask {
    const words = new Int32Array(8);
    for (let bit = 0; bit <= last; bit++) words[wordOf(bit)]! |= maskOf(bit);
    return new ApMask(words);
  }

  /** From 32 bytes in storage order (QCI block, APCB1). */
  static fromBytes(bytes: Uint8Array): ApMask {
    if (bytes.length !== 32) throw new RangeError(`an AP mask has 32 bytes, got ${bytes.length}`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, 32);
    const words = new Int32Array(8);
    for (let i = 0; i < 8; i++) words[i] = view.getInt32(i * 4);
    return new ApMask(words);
  }

  has(bit: number): boolean {
    return bit >>> 0 === bit && bit < 256 && (this.words[bit >> 5]! & maskOf(bit)) !== 0;
  }

  with(bit: number): ApMask {
    if (this.has(bit)) return this;
    const words = this.words.slice();
    words[wordOf(bit)]! |= maskOf(bit);
    return new ApMask(words);
  }

  without(bit: number): ApMask {
    if (!this.has(bit)) return this;
    const words = this.words.slice();
    words[wordOf(bit)]! &= ~maskOf(bit);
    return new ApMask(words);
  }

  and(other: ApMask): ApMask {
    return this.combine(other, (a, b) => a & b);
  }

  or(other: ApMask): ApMask {
    return this.combine(other, (a, b) => a | b);
  }

  andNot(other: ApMask): ApMask {
    return this.combine(other, (a, b) => a & ~b);
  }

  intersects(other: ApMask): boolean {
    for (let i = 0; i < 8; i++) if ((this.words[i]! & other.words[i]!) !== 0) return true;
    return false;
  }

  isSubsetOf(other: ApMask): boolean {
    for (let i = 0; i < 8; i++) if ((this.words[i]! & ~other.words[i]!) !== 0) return false;
    return true;
  }

  equals(other: ApMask): boolean {
    if (this === other) return true;
    for (let i = 0; i < 8; i++) if (this.words[i] !== other.words[i]) return false;
    return true;
  }

  isEmpty(): boolean {
    return this.words.every((word) => word === 0);
  }

  isFull(): boolean {
    return this.words.every((word) => word === -1);
  }

  /** The set bits, ascending. */
  *bits(): IterableIterator<number> {
    for (let i = 0; i < 8; i++) {
      let word = this.words[i]!;
      while (word !== 0) {
        const lead = Math.clz32(word);
        yield (i << 5) | lead;
        word &= ~(1 << (31 - lead));
      }
    }
  }

  count(): number {
    let n = 0;
    for (const _bit of this.bits()) n++;
    return n;
  }

  /** The highest set bit, -1 when there is none. */
  highest(): number {
    let last = -1;
    for (const bit of this.bits()) last = bit;
    return last;
  }

  /** 32 bytes in storage order. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(32);
    const view = new DataView(bytes.buffer);
    this.words.forEach((word, i) => view.setInt32(i * 4, word));
    return bytes;
  }

  /** `0x` and 64 lower-case hex digits, as sysfs shows it. */
  toString(): string {
    let text = '0x';
    for (const word of this.words) text += (word >>> 0).toString(16).padStart(8, '0');
    return text;
  }

  private combine(other: ApMask, op: (a: number, b: number) => number): ApMask {
    const words = new Int32Array(8);
    for (let i = 0; i < 8; i++) words[i] = op(this.words[i]!, other.words[i]!);
    return new ApMask(words);
  }
}

function wordOf(bit: number): number {
  if (!Number.isInteger(bit) || bit < 0 || bit > 255) throw new RangeError(`expected an AP bit number from 0 to 255, got ${bit}`);
  return bit >> 5;
}

function maskOf(bit: number): number {
  return 1 << (31 - (bit & 31));
}
