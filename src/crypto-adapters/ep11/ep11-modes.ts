/**
 * Operation modes of the emulated EP11 cards and of all of their domains.
 */

/** Bits 0, 1, 2, 3, 6: FIPS2009 BSI2009 FIPS2011 BSI2011 BSICC2017. */
export const EP11_OP_MODES = 0x4fn;
