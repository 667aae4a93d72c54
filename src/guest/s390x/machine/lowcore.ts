/**
 * Assigned storage locations of a CPU: real addresses in its first 8 KiB (struct lowcore in asm/lowcore.h; Principles of Operation,
 * "Assigned Storage Locations").
 */
export const Lowcore = {
  EXTERNAL_PARAMETER: 0x80,
  EXTERNAL_CPU: 0x84,
  EXTERNAL_CODE: 0x86,
  SVC_ILC: 0x88,
  SVC_CODE: 0x8a,
  /** Subsystem identification, parameter and identification word of an I/O interruption. */
  IO_SUBSYSTEM: 0xb8,
  IO_PARAMETER: 0xbc,
  IO_WORD: 0xc0,
  /** 1 when a save area was stored in z/Architecture. */
  ARCHITECTURE: 0xa3,
  FACILITIES: 0xc8,
  MACHINE_CHECK_CODE: 0xe8,
  RESTART_OLD: 0x120,
  EXTERNAL_OLD: 0x130,
  SVC_OLD: 0x140,
  MACHINE_CHECK_OLD: 0x160,
  IO_OLD: 0x170,
  RESTART_NEW: 0x1a0,
  EXTERNAL_NEW: 0x1b0,
  SVC_NEW: 0x1c0,
  MACHINE_CHECK_NEW: 0x1e0,
  IO_NEW: 0x1f0,
  /** What a machine check and a store-status order leave behind, from here on. */
  SAVE_AREA: 0x1200,
} as const;

/** Bytes of the lowcore: the unit of prefixing. */
export const LOWCORE_BYTES = 0x2000;
