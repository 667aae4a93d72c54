/**
 * Writes an ELF64 executable for s390x (System V ABI and its s390x supplement): one segment to load for each stretch of storage, the entry
 * point, and the labels as symbols, which debuggers and objdump show. No kernel counterpart: a linker's work.
 */
import type { Assembled, Chunk } from './assemble.ts';

const HEADER = 64;
const PROGRAM_HEADER = 56;
const SECTION_HEADER = 64;
const SYMBOL = 24;
const PAGE = 0x1000;
const S390 = 22;
/** Segments closer than this are one: headers for gaps of a few bytes are a nuisance. */
const NEAR = 0x1000;
/** Loaded, readable, writable, executable: bare machines know no more. */
const LOAD = 1;
const RWX = 7;
/** Symbols are absolute: there is nothing to relocate. */
const ABSOLUTE = 0xfff1;
const GLOBAL = 0x10;
const SECTION_NAMES = '\0.symtab\0.strtab\0';

/** The file; RangeError when the entry lies in no chunk. */
export function elfFile({ chunks, symbols }: Assembled, entry: number): Uint8Array {
  const segments = joined(chunks);
  if (!segments.some(({ address, bytes }) => entry >= address && entry < address + bytes.length)) {
    throw new RangeError(`expected an entry inside of the program, got 0x${entry.toString(16)}`);
  }
  const names = [...symbols.keys()];
  const strings = Buffer.from(`\0${names.map((name) => `${name}\0`).join('')}`, 'latin1');
  const { offsets, end } = offsetsOf(segments);
  const symbolsAt = up(end);
  const stringsAt = symbolsAt + SYMBOL * (names.length + 1);
  const sectionNamesAt = stringsAt + strings.length;
  const sectionsAt = up(sectionNamesAt + SECTION_NAMES.length);
  const file = Buffer.alloc(sectionsAt + 4 * SECTION_HEADER);
  writeHeader(file, { entry, segments: segments.length, sectionsAt });
  segments.forEach((segment, i) => {
    const at = offsets[i]!;
    writeSegment(file, HEADER + i * PROGRAM_HEADER, { segment, at });
    file.set(segment.bytes, at);
  });
  writeSymbols(file, symbolsAt, symbols);
  file.set(strings, stringsAt);
  file.write(SECTION_NAMES, sectionNamesAt, 'latin1');
  const section = (index: number, values: Section): void => writeSection(file, sectionsAt + index * SECTION_HEADER, values);
  section(1, { name: 1, type: 2, at: symbolsAt, size: stringsAt - symbolsAt, link: 2, info: 1, entrySize: SYMBOL });
  section(2, { name: 9, type: 3, at: stringsAt, size: strings.length, link: 0, info: 0, entrySize: 0 });
  section(3, { name: 9, type: 3, at: sectionNamesAt, size: SECTION_NAMES.length, link: 0, info: 0, entrySize: 0 });
  return new Uint8Array(file);
}

const up = (offset: number): number => (offset + 7) & ~7;

/** Each segment as far into a page of the file as into one of storage: a kernel maps pages. */
function offsetsOf(segments: readonly Chunk[]): { readonly offsets: readonly number[]; readonly end: number } {
  let end = HEADER + PROGRAM_HEADER * segments.length;
  const offsets = segments.map(({ address, bytes }) => {
    const at = end + ((((address - end) % PAGE) + PAGE) % PAGE);
    end = at + bytes.length;
    return at;
  });
  return { offsets, end };
}

function joined(chunks: readonly Chunk[]): Chunk[] {
  const segments: Chunk[] = [];
  for (const chunk of chunks) {
    const last = segments.at(-1);
    const gap = last === undefined ? NEAR : chunk.address - last.address - last.bytes.length;
    if (last === undefined || gap >= NEAR) segments.push(chunk);
    else segments[segments.length - 1] = { address: last.address, bytes: Buffer.concat([last.bytes, new Uint8Array(gap), chunk.bytes]) };
  }
  return segments;
}

function writeHeader(file: Buffer, { entry, segments, sectionsAt }: { entry: number; segments: number; sectionsAt: number }): void {
  // Class 64 bits, big-endian, version 1.
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 2, 1], 0);
  file.writeUInt16BE(2, 16);
  file.writeUInt16BE(S390, 18);
  file.writeUInt32BE(1, 20);
  file.writeBigUInt64BE(BigInt(entry), 24);
  file.writeBigUInt64BE(BigInt(HEADER), 32);
  file.writeBigUInt64BE(BigInt(sectionsAt), 40);
  [HEADER, PROGRAM_HEADER, segments, SECTION_HEADER, 4, 3].forEach((value, i) => file.writeUInt16BE(value, 52 + 2 * i));
}

function writeSegment(file: Buffer, header: number, { segment, at }: { readonly segment: Chunk; readonly at: number }): void {
  const { address, bytes } = segment;
  file.writeUInt32BE(LOAD, header);
  file.writeUInt32BE(RWX, header + 4);
  [at, address, address, bytes.length, bytes.length, PAGE].forEach((value, i) => file.writeBigUInt64BE(BigInt(value), header + 8 + 8 * i));
}

function writeSymbols(file: Buffer, start: number, symbols: ReadonlyMap<string, number>): void {
  let name = 1;
  let at = start + SYMBOL;
  for (const [text, address] of symbols) {
    file.writeUInt32BE(name, at);
    file.writeUInt8(GLOBAL, at + 4);
    file.writeUInt16BE(ABSOLUTE, at + 6);
    file.writeBigUInt64BE(BigInt(address), at + 8);
    name += text.length + 1;
    at += SYMBOL;
  }
}

interface Section {
  /** Offset into the names of sections. */
  readonly name: number;
  /** 2 symbols, 3 strings. */
  readonly type: number;
  readonly at: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly entrySize: number;
}

function writeSection(file: Buffer, header: number, { name, type, at, size, link, info, entrySize }: Section): void {
  file.writeUInt32BE(name, header);
  file.writeUInt32BE(type, header + 4);
  file.writeBigUInt64BE(BigInt(at), header + 24);
  file.writeBigUInt64BE(BigInt(size), header + 32);
  file.writeUInt32BE(link, header + 40);
  file.writeUInt32BE(info, header + 44);
  file.writeBigUInt64BE(1n, header + 48);
  file.writeBigUInt64BE(BigInt(entrySize), header + 56);
}
