/**
 * Growth as text: a line for each size, and a bar on a logarithmic scale. A flat row of bars is a cost that does not grow; one that grows as
 * its cause does has bars that become longer by the same piece each time.
 */
export interface GrowthPoint {
  /** How many: mdevs, guests, APQNs. */
  readonly at: number;
  readonly micros: number;
}

const WIDTH = 60;
/** Right end of the scale, microseconds; the left end is 1. */
const FULL = 1e7;

const bar = (micros: number): string => '#'.repeat(Math.max(1, Math.round((WIDTH * Math.log(Math.max(1, micros))) / Math.log(FULL))));

export function growthPlot(title: string, points: readonly GrowthPoint[]): string {
  const lines = points.map(({ at, micros }) => `  ${`${at}`.padStart(6)} ${micros.toFixed(1).padStart(12)} µs  ${bar(micros)}`);
  return [`${title}:`, ...lines, ''].join('\n');
}
