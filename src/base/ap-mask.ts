/**
 * A 256-bit AP mask in big-endian bit order: bit 0 is the leftmost, most significant one (set_bit_inv and friends in the kernel).
 * Immutable: a change makes a new mask, so objects share masks freely and a reader can never see half an update.
 */
export class ApMask {
  static readonly BITS = 256;
  static readonly EMPTY: ApMask = new ApMask(zeros());
  static readonly FULL: ApMask = new ApMask(zeros().fill(-1));
  /** Eight signed 32-bit words, leftmost first. A plain array: small typed arrays are slow to make, and a run makes thousands. */
  private readonly words: readonly number[];
  /** The set bits, once somebody has asked for them: masks are shared and asked again and again. */
  private listed: readonly number[] | null = null;

  private constructor(words: readonly number[]) {
    this.words = words;
  }

  static of(...bits: number[]): ApMask {
    return ApMask.from(bits);
  }

  /** RangeError when a bit is not an integer from 0 to 255. */
  static from(bits: Iterable<number>): ApMask {
    const words = zeros();
    for (const bit of bits) words[wordOf(bit)]! |= maskOf(bit);
    return new ApMask(words);
  }

  /** The bits 0 to `last`, both included. */
  static upTo(last: number): ApMask {
    const words = zeros();
    for (let bit = 0; bit <= last; bit++) words[wordOf(bit)]! |= maskOf(bit);
    return new ApMask(words);
  }

  /** From 32 bytes in storage order (QCI block, APCB1). */
  static fromBytes(bytes: Uint8Array): ApMask {
    if (bytes.length !== 32) throw new RangeError(`an AP mask has 32 bytes, got ${bytes.length}`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, 32);
    const words = zeros();
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

  /** With all of these bits. */
  withAll(bits: Iterable<number>): ApMask {
    const missing = [...bits].filter((bit) => !this.has(bit));
    return missing.length === 0 ? this : this.or(ApMask.from(missing));
  }

  without(bit: number): ApMask {
    if (!this.has(bit)) return this;
    const words = this.words.slice();
    words[wordOf(bit)]! &= ~maskOf(bit);
    return new ApMask(words);
  }

  and(other: ApMask): ApMask {
    const words = zeros();
    for (let i = 0; i < 8; i++) words[i] = this.words[i]! & other.words[i]!;
    return new ApMask(words);
  }

  or(other: ApMask): ApMask {
    const words = zeros();
    for (let i = 0; i < 8; i++) words[i] = this.words[i]! | other.words[i]!;
    return new ApMask(words);
  }

  andNot(other: ApMask): ApMask {
    const words = zeros();
    for (let i = 0; i < 8; i++) words[i] = this.words[i]! & ~other.words[i]!;
    return new ApMask(words);
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
    for (let i = 0; i < 8; i++) if (this.words[i] !== 0) return false;
    return true;
  }

  isFull(): boolean {
    return this.words.every((word) => word === -1);
  }

  /** The set bits, ascending. */
  bits(): IterableIterator<number> {
    return this.list()[Symbol.iterator]();
  }

  count(): number {
    return this.list().length;
  }

  /** The highest set bit, -1 when there is none. */
  highest(): number {
    return this.list().at(-1) ?? -1;
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

  private list(): readonly number[] {
    return (this.listed ??= bitsOf(this.words));
  }
}

/** The set bits of eight words. */
function bitsOf(words: readonly number[]): number[] {
  const bits: number[] = [];
  for (let i = 0; i < 8; i++) {
    let word = words[i]!;
    while (word !== 0) {
      const lead = Math.clz32(word);
      bits.push((i << 5) | lead);
      word &= ~(1 << (31 - lead));
    }
  }
  return bits;
}

function zeros(): number[] {
  return [0, 0, 0, 0, 0, 0, 0, 0];
}

function wordOf(bit: number): number {
  if (!Number.isInteger(bit) || bit < 0 || bit > 255) throw new RangeError(`expected an AP bit number from 0 to 255, got ${bit}`);
  return bit >> 5;
}

function maskOf(bit: number): number {
  return 1 << (31 - (bit & 31));
}
