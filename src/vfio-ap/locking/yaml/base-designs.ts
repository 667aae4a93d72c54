/**
 * The design files that come with apemu, for `base:`. Both are also designs in TypeScript, and a test compares them. No kernel counterpart.
 */
export const BASE_DESIGNS: Readonly<Record<string, URL>> = {
  'global-mutex': new URL('global-mutex.yaml', import.meta.url),
  'guests-lock': new URL('guests-lock.yaml', import.meta.url),
};
