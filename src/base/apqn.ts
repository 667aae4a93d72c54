/**
 * APQN: adapter (APID, high byte) and domain (APQI, low byte) as the 16-bit queue id of arch/s390/include/asm/ap.h (AP_MKQID).
 */
export type Apqn = number;

export const apqnOf = (adapter: number, domain: number): Apqn => ((adapter & 0xff) << 8) | (domain & 0xff);
export const adapterOf = (apqn: Apqn): number => (apqn >> 8) & 0xff;
export const domainOf = (apqn: Apqn): number => apqn & 0xff;

/** `00` to `ff`: names are made for each queue of each world. */
const HEX: readonly string[] = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'));

/** `05.00ab`: the name of the queue device. */
export const apqnText = (apqn: Apqn): string => `${HEX[adapterOf(apqn)]}.00${HEX[domainOf(apqn)]}`;

/** `card05`: the name of the card device. */
export const cardText = (adapter: number): string => `card${HEX[adapter]}`;
