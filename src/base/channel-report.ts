/**
 * What the channel subsystem tells an operating system without being asked: channel report words and event information (asm/crw.h: struct
 * crw; drivers/s390/cio/chsc.c: struct chsc_sei; the numbers of hw/s390x/ap-bridge.h in QEMU).
 */

/** Reporting source code: the channel subsystem. */
export const RSC_CSS = 0xb;
/** Error recovery code: event information is pending. */
export const ERC_EVENT = 0x0;

export interface ChannelReportWord {
  /** Words before this one were lost. */
  readonly overflow: boolean;
  /** Reporting source. */
  readonly rsc: number;
  /** Error recovery code. */
  readonly erc: number;
  /** Reporting source id; of the channel subsystem its image. */
  readonly rsid: number;
}

/** Response codes of CHSC(SEI). */
export const SEI_STORED = 0x0001;
export const SEI_NONE = 0x0005;
/** More event information is pending. */
export const SEI_MORE = 0x80;
/** Reporting source of event information: access to adjunct processors; and its content code: their configuration has changed. */
export const SEI_RS_AP = 5;
export const SEI_CC_AP_CONFIG = 3;

export interface EventInformation {
  /** SEI_STORED, or SEI_NONE: everything else is zero then. */
  readonly code: number;
  /** Notification type. */
  readonly nt: number;
  readonly flags: number;
  /** Reporting source. */
  readonly rs: number;
  /** Content code. */
  readonly cc: number;
}
