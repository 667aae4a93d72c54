/**
 * Response codes of the AP instructions (AP_RESPONSE_* in drivers/s390/crypto/ap_bus.h): bits 40-47 of the status register.
 */
export const Rc = {
  NORMAL: 0x00,
  Q_NOT_AVAIL: 0x01,
  RESET_IN_PROGRESS: 0x02,
  DECONFIGURED: 0x03,
  CHECKSTOPPED: 0x04,
  BUSY: 0x05,
  INVALID_ADDRESS: 0x06,
  OTHERWISE_CHANGED: 0x07,
  INVALID_GISA: 0x08,
  Q_BOUND_TO_ANOTHER: 0x09,
  STATE_CHANGE_IN_PROGRESS: 0x0a,
  Q_NOT_BOUND: 0x0b,
  /** NQAP. */
  Q_FULL: 0x10,
  /** DQAP: the same number as Q_FULL. */
  NO_PENDING_REPLY: 0x10,
  INDEX_TOO_BIG: 0x11,
  NO_FIRST_PART: 0x13,
  MESSAGE_TOO_BIG: 0x15,
  REQ_FAC_NOT_INST: 0x16,
  Q_BIND_ERROR: 0x30,
  Q_NOT_AVAIL_FOR_ASSOC: 0x31,
  Q_NOT_EMPTY: 0x32,
  BIND_LIMIT_EXCEEDED: 0x33,
  INVALID_ASSOC_SECRET: 0x34,
  ASSOC_SECRET_NOT_UNIQUE: 0x35,
  ASSOC_FAILED: 0x36,
  INVALID_DOMAIN: 0x42,
  /** Not architecture: the marker of Linux for a partly received reply. */
  PARTIAL: 0xff,
} as const;

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(Rc)
    .filter(([name]) => name !== 'NO_PENDING_REPLY')
    .map(([name, code]) => [code, name]),
);

/** `RESET_IN_PROGRESS` for 2, `rc 0x77` for a code without a name. 0x10 is Q_FULL unless `instruction` is `dqap`. */
export function rcName(code: number, instruction?: 'dqap'): string {
  if (code === Rc.NO_PENDING_REPLY && instruction === 'dqap') return 'NO_PENDING_REPLY';
  return NAMES.get(code) ?? `rc 0x${code.toString(16).padStart(2, '0')}`;
}
