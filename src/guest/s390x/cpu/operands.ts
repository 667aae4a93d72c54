/**
 * One decoded instruction without what executes it: name, place, and operand fields as numbers. Counterpart: the instruction formats of the
 * Principles of Operation, chapter 5. One shape for all formats keeps the hot loop fast.
 */
export class Operands {
  readonly mnemonic: string;
  /** Logical address of the instruction; of the target, when executed by EX or EXRL. */
  readonly address: number;
  /** Address of the next sequential instruction (behind EX or EXRL, when executed by one). */
  next: number;
  /** Bytes: 2, 4 or 6; those of EX or EXRL when executed by one: what the instruction-length code tells. */
  length: number;
  /** Registers R1, R2, R3. */
  r1 = 0;
  r2 = 0;
  r3 = 0;
  /** Masks M1, M3, M4. */
  m1 = 0;
  m3 = 0;
  m4 = 0;
  /** First and second storage operand; index register of the one that has one (0: none). Displacements are signed. */
  b1 = 0;
  d1 = 0;
  b2 = 0;
  d2 = 0;
  x2 = 0;
  /** Third and fourth storage operand, or the branch address of RRS and RIS. */
  b3 = 0;
  d3 = 0;
  b4 = 0;
  d4 = 0;
  /** Length codes of SS formats: L or L1, and L2; each is the length minus one. */
  l1 = 0;
  l2 = 0;
  /**
   * Immediates, as 32-bit numbers: signed (RI, RIL, RIE, SIL, SIY of add immediate) where the instruction takes them as signed. I1 is that of
   * format I, I3 to I5 those of RIE-f.
   */
  i1 = 0;
  i2 = 0;
  i3 = 0;
  i4 = 0;
  i5 = 0;
  /** What a relative operand (RI2, RI4) tells, not yet cut to the addressing mode: may lie outside of the storage. */
  target = 0;

  constructor(mnemonic: string, address: number, length: number) {
    this.mnemonic = mnemonic;
    this.address = address;
    this.next = address + length;
    this.length = length;
  }
}
