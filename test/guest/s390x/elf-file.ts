/**
 * An ELF file for s390x as bytes, every field of its headers to be chosen: what a linker would not write, too.
 */

export interface SegmentFields {
  readonly type?: number;
  readonly offset?: bigint;
  readonly virtual?: bigint;
  readonly physical: bigint;
  readonly fileSize?: bigint;
  readonly memorySize?: bigint;
  readonly data?: Uint8Array;
}

export interface ElfFields {
  readonly magic?: number;
  readonly kind?: number;
  readonly order?: number;
  readonly version?: number;
  readonly type?: number;
  readonly machine?: number;
  readonly entry: bigint;
  readonly headers?: bigint;
  readonly headerSize?: number;
  readonly headerCount?: number;
  readonly segments: readonly SegmentFields[];
}

const HEADER = 64;
const PROGRAM_HEADER = 56;

/** The data of the segments follow the headers, in their order. */
export function elfFile(fields: ElfFields): Uint8Array {
  const { segments } = fields;
  const dataStart = HEADER + segments.length * PROGRAM_HEADER;
  const bytes = new Uint8Array(dataStart + segments.reduce((sum, { data }) => sum + (data?.length ?? 0), 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, fields.magic ?? 0x7f454c46);
  bytes.set([fields.kind ?? 2, fields.order ?? 2, fields.version ?? 1], 4);
  view.setUint16(16, fields.type ?? 2);
  view.setUint16(18, fields.machine ?? 22);
  view.setUint32(20, 1);
  view.setBigUint64(24, fields.entry);
  view.setBigUint64(32, fields.headers ?? BigInt(HEADER));
  view.setUint16(52, HEADER);
  view.setUint16(54, fields.headerSize ?? PROGRAM_HEADER);
  view.setUint16(56, fields.headerCount ?? segments.length);
  let offset = dataStart;
  segments.forEach((segment, i) => {
    const at = HEADER + i * PROGRAM_HEADER;
    const data = segment.data ?? new Uint8Array();
    const size = BigInt(data.length);
    view.setUint32(at, segment.type ?? 1);
    view.setUint32(at + 4, 7);
    view.setBigUint64(at + 8, segment.offset ?? BigInt(offset));
    view.setBigUint64(at + 16, segment.virtual ?? segment.physical);
    view.setBigUint64(at + 24, segment.physical);
    view.setBigUint64(at + 32, segment.fileSize ?? size);
    view.setBigUint64(at + 40, segment.memorySize ?? size);
    bytes.set(data, offset);
    offset += data.length;
  });
  return bytes;
}

/** One segment at 0x10000 with these instructions, which are its entry. */
export const programOf = (...code: number[]): Uint8Array =>
  elfFile({ entry: 0x10000n, segments: [{ physical: 0x10000n, data: Uint8Array.from(code) }] });
