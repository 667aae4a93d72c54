/**
 * Reads a program for a bare machine: a static ELF64 executable for s390x, big-endian (System V ABI, ELF header and program headers; the
 * supplement for s390x gives machine 22). Only what is loaded is looked at: no sections, no symbols. No kernel counterpart: what QEMU
 * does with its option -kernel.
 */

export interface ElfSegment {
  /** Absolute address of the first byte. */
  readonly address: number;
  /** What the file has of it. */
  readonly data: Uint8Array;
  /** Bytes in storage, at least those of the file; the rest is zero. */
  readonly size: number;
}

export interface ElfImage {
  /** Address of the first instruction. */
  readonly entry: number;
  /** In the order of their addresses, none of them empty, without overlaps. */
  readonly segments: readonly ElfSegment[];
  /** First address behind the last segment: so much storage is needed. */
  readonly end: number;
}

/** What is wrong with a file: `expected ..., got ... (at ...)`. */
export class ElfError extends Error {
  override readonly name = 'ElfError';
  readonly expected: string;
  readonly got: string;
  /** `byte 18`, `program header 2`. */
  readonly where: string;

  constructor(where: string, expected: string, got: string) {
    super(`${where}: expected ${expected}, got ${got}`);
    this.expected = expected;
    this.got = got;
    this.where = where;
  }
}

const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const MAGIC = 0x7f454c46;
const LITTLE_ENDIAN = 1;
const PT_LOAD = 1;
const PT_INTERP = 3;
/** Of the file header. */
const HEADER = { class: 4, data: 5, version: 6, type: 16, machine: 18, entry: 24, headers: 32, headerSize: 54, headerCount: 56 } as const;
/** Of a program header. */
const SEGMENT = { type: 0, offset: 8, virtual: 16, physical: 24, fileSize: 32, memorySize: 40 } as const;

const CLASSES = ['none', '32-bit', '64-bit'];
const ORDERS = ['none', 'little-endian', 'big-endian'];
const TYPES = [
  'no type',
  'an object file that was not linked',
  'an executable',
  'a shared object or position-independent executable',
  'a core dump',
];
const MACHINES: Readonly<Record<number, string>> = {
  3: 'i386',
  8: 'MIPS',
  20: 'PowerPC',
  21: 'PowerPC64',
  40: 'ARM',
  62: 'x86-64',
  183: 'AArch64',
  243: 'RISC-V',
};
const S390 = 22;

/** A word of the table, with its number where the table has none. */
const nameOf = (names: Readonly<Record<number, string>> | readonly string[], value: number): string => {
  const name = (names as Readonly<Record<number, string | undefined>>)[value];
  return name === undefined ? `${value}` : `${name} (${value})`;
};
const hex = (value: number | bigint): string => `0x${value.toString(16)}`;

/** ElfError for the first thing that is wrong. The segments are views of `bytes`, which must not change any more. */
export function readElf(bytes: Uint8Array): ElfImage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  checkHeader(view);
  const segments = programHeaders(view).flatMap((header) => segmentOf(bytes, view, header));
  if (segments.length === 0) throw new ElfError('program headers', 'at least one segment to load', 'none');
  const inOrder = segments.toSorted((a, b) => a.address - b.address);
  inOrder.forEach((segment, i) => {
    const next = inOrder[i + 1];
    if (next === undefined || segment.address + segment.size <= next.address) return;
    throw new ElfError(next.where, `a segment that overlaps no other, from ${hex(segment.address + segment.size)} on`, hex(next.address));
  });
  const entry = entryOf(view, inOrder);
  const last = inOrder.at(-1)!;
  return { entry, segments: inOrder.map(({ address, data, size }) => ({ address, data, size })), end: last.address + last.size };
}

/** Has the storage, of so many bytes, room for the program? ElfError when it has not. */
export function checkFits({ segments }: ElfImage, storageBytes: number): void {
  for (const { address, size } of segments) {
    if (address + size <= storageBytes) continue;
    const expected = `segments inside of the ${hex(storageBytes)} bytes of storage`;
    throw new ElfError('program headers', expected, `one from ${hex(address)} to ${hex(address + size - 1)}`);
  }
}

/** Stores the segments; what the file does not have of them becomes zero. `checkFits` comes first. */
export function loadSegments({ segments }: ElfImage, storage: { write(address: number, bytes: Uint8Array): void }): void {
  for (const { address, data, size } of segments) {
    storage.write(address, data);
    storage.write(address + data.length, new Uint8Array(size - data.length));
  }
}

function checkHeader(view: DataView): void {
  if (view.byteLength < 4 || view.getUint32(0) !== MAGIC) throw new ElfError('byte 0', 'an ELF file', startOf(view));
  if (view.byteLength < HEADER_BYTES)
    throw new ElfError('the end of the file', `an ELF header of ${HEADER_BYTES} bytes`, `${view.byteLength} bytes`);
  const refuse = (at: number, expected: string, got: string): never => {
    throw new ElfError(`byte ${at}`, expected, got);
  };
  const order = view.getUint8(HEADER.data);
  // Of a program for another machine its name says more than its byte order.
  const machine = view.getUint16(HEADER.machine, order === LITTLE_ENDIAN);
  if (machine !== S390) refuse(HEADER.machine, `machine s390x (${S390})`, nameOf(MACHINES, machine));
  const kind = view.getUint8(HEADER.class);
  if (kind !== 2) refuse(HEADER.class, 'class 64-bit (2)', nameOf(CLASSES, kind));
  if (order !== 2) refuse(HEADER.data, 'byte order big-endian (2)', nameOf(ORDERS, order));
  const version = view.getUint8(HEADER.version);
  if (version !== 1) refuse(HEADER.version, 'ELF version 1', `${version}`);
  const type = view.getUint16(HEADER.type);
  if (type !== 2) refuse(HEADER.type, 'an executable (2), linked with -static -no-pie', nameOf(TYPES, type));
}

/** What stands where the magic number should: as text if it is text. */
function startOf(view: DataView): string {
  if (view.byteLength === 0) return 'an empty file';
  const bytes = new Uint8Array(view.buffer, view.byteOffset, Math.min(view.byteLength, 4));
  const printable = bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
  return printable ? JSON.stringify(String.fromCharCode(...bytes)) : [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

interface ProgramHeader {
  readonly where: string;
  readonly at: number;
}

function programHeaders(view: DataView): ProgramHeader[] {
  const count = view.getUint16(HEADER.headerCount);
  if (count === 0) throw new ElfError(`byte ${HEADER.headerCount}`, 'program headers', 'none');
  const size = view.getUint16(HEADER.headerSize);
  if (size !== PROGRAM_HEADER_BYTES)
    throw new ElfError(`byte ${HEADER.headerSize}`, `program headers of ${PROGRAM_HEADER_BYTES} bytes`, `${size}`);
  const start = view.getBigUint64(HEADER.headers);
  const end = start + BigInt(count * PROGRAM_HEADER_BYTES);
  if (end > BigInt(view.byteLength)) {
    const got = `${count} from ${hex(start)} to ${hex(end)}`;
    throw new ElfError(`byte ${HEADER.headers}`, `program headers inside of the file of ${view.byteLength} bytes`, got);
  }
  return Array.from({ length: count }, (_, i) => ({ where: `program header ${i}`, at: Number(start) + i * PROGRAM_HEADER_BYTES }));
}

interface PlacedSegment extends ElfSegment {
  readonly where: string;
  /** Where the program believes it to be: the address of the entry is such a one. */
  readonly virtual: bigint;
}

/** Beyond it an address is no exact number any more; no storage is as large. */
const HIGHEST = 1n << 52n;

/** None for a header that loads nothing. */
function segmentOf(bytes: Uint8Array, view: DataView, { where, at }: ProgramHeader): PlacedSegment[] {
  const type = view.getUint32(at + SEGMENT.type);
  if (type === PT_INTERP) throw new ElfError(where, 'a static program, as there is no dynamic linker', 'the name of an interpreter');
  if (type !== PT_LOAD) return [];
  const [offset, fileSize, size] = [SEGMENT.offset, SEGMENT.fileSize, SEGMENT.memorySize].map((field) => view.getBigUint64(at + field));
  const address = view.getBigUint64(at + SEGMENT.physical);
  if (offset! + fileSize! > BigInt(bytes.length)) {
    const got = `bytes ${hex(offset!)} to ${hex(offset! + fileSize!)}`;
    throw new ElfError(where, `a segment inside of the file of ${bytes.length} bytes`, got);
  }
  if (size! < fileSize!) throw new ElfError(where, `at least the ${fileSize} bytes of the file in storage`, `${size}`);
  if (size === 0n) return [];
  if (address + size! > HIGHEST) throw new ElfError(where, `a segment below ${hex(HIGHEST)}`, `${hex(address)} and ${hex(size!)} bytes`);
  const start = Number(offset);
  const data = bytes.subarray(start, start + Number(fileSize));
  return [{ where, address: Number(address), virtual: view.getBigUint64(at + SEGMENT.virtual), data, size: Number(size) }];
}

/** Absolute address of the first instruction. */
function entryOf(view: DataView, segments: readonly PlacedSegment[]): number {
  const entry = view.getBigUint64(HEADER.entry);
  const home = segments.find(({ virtual, size }) => entry >= virtual && entry < virtual + BigInt(size));
  if (home === undefined) throw new ElfError(`byte ${HEADER.entry}`, 'an entry inside of a segment that is loaded', hex(entry));
  return home.address + Number(entry - home.virtual);
}
