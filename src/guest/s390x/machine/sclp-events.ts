/**
 * Event data that a guest writes to its service processor: console output (drivers/s390/char/sclp_vt220.c, sclp_rw.h: struct mto;
 * hw/s390x/event-facility.c in QEMU for the response codes).
 */
import { fromEbcdic } from './ebcdic.ts';

/** Types of events. */
const MESSAGE = 0x02;
const ASCII = 0x1a;
const EVENT_HEADER = 6;
/** The service processor has taken the event. */
const ACCEPTED = 0x80;
/** Of a line-mode message: header of the message data block, and of the text objects in it. */
const BLOCK_HEADER = 12;
const TEXT_OBJECT = 4;
const TEXT_HEADER = 10;

/** Events that the service processor takes, as a mask: bit 0 is type 1. */
export const TAKEN_EVENTS = ((0x80000000 >>> (MESSAGE - 1)) | (0x80000000 >>> (ASCII - 1))) >>> 0;

export const EventResponse = { NORMAL: 0x0020, INVALID_FUNCTION: 0x40f0, SYNTAX: 0x73f0 } as const;

/** Where the text of events goes. */
export interface SclpConsole {
  readonly print: (text: string) => void;
  /** The program has written ASCII: what it writes in line mode is the same once more. */
  ascii: boolean;
}

/** Marks the events behind the header of the SCCB as taken, and says what they print; a response code of `EventResponse`. */
export function writeEvents(sccb: Uint8Array, screen: SclpConsole): number {
  const view = new DataView(sccb.buffer, sccb.byteOffset, sccb.byteLength);
  for (let at = 8; at < sccb.length;) {
    if (at + EVENT_HEADER > sccb.length) return EventResponse.SYNTAX;
    const length = view.getUint16(at);
    if (length < EVENT_HEADER || at + length > sccb.length) return EventResponse.SYNTAX;
    const data = sccb.subarray(at + EVENT_HEADER, at + length);
    const type = sccb[at + 2]!;
    if (type === ASCII) {
      screen.ascii = true;
      screen.print(asciiText(data));
    } else if (type !== MESSAGE) return EventResponse.INVALID_FUNCTION;
    else if (!screen.ascii) screen.print(messageText(data));
    sccb[at + 3]! |= ACCEPTED;
    at += length;
  }
  return EventResponse.NORMAL;
}

/** A terminal's bytes: what is not ASCII stays one character. */
const asciiText = (data: Uint8Array): string => Array.from(data, (byte) => String.fromCharCode(byte)).join('');

/** Each text object is a line. */
function messageText(data: Uint8Array): string {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let text = '';
  for (let at = BLOCK_HEADER; at + TEXT_OBJECT <= data.length;) {
    const length = view.getUint16(at);
    if (length < TEXT_OBJECT || at + length > data.length) break;
    if (view.getUint16(at + 2) === TEXT_OBJECT && length >= TEXT_HEADER) {
      text += `${fromEbcdic(data.subarray(at + TEXT_HEADER, at + length))}\n`;
    }
    at += length;
  }
  return text;
}
