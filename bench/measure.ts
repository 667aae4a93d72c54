/**
 * What the benchmarks share: figures, medians, and the result file. Absolute times are printed beside the ratios, the ratios count.
 */
export interface Figure {
  readonly name: string;
  /** What is measured, as a number without unit or with the unit in the name. */
  readonly value: number;
  /** What it should reach; undefined: for information. */
  readonly goal?: { readonly atLeast?: number; readonly atMost?: number };
  readonly note?: string;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function reached({ value, goal }: Figure): boolean | null {
  if (goal === undefined) return null;
  return value >= (goal.atLeast ?? Number.NEGATIVE_INFINITY) && value <= (goal.atMost ?? Number.POSITIVE_INFINITY);
}

export function figureLine(figure: Figure): string {
  const { name, value, goal, note } = figure;
  const wanted = goal === undefined ? '' : goal.atLeast !== undefined ? `at least ${goal.atLeast}` : `at most ${goal.atMost}`;
  const verdict = reached(figure);
  const mark = verdict === null ? '' : verdict ? 'reached' : 'MISSED';
  return `${name.padEnd(58)} ${value.toFixed(3).padStart(12)}  ${wanted.padEnd(16)} ${mark.padEnd(8)} ${note ?? ''}`.trimEnd();
}
