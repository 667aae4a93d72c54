/**
 * Refuses the second of two equal values in a scenario file and says where the first one is. No kernel counterpart.
 */
import type { FieldPath } from './place.ts';
import { pathText } from './place.ts';
import type { ScenarioSource } from './source.ts';

export function refuseRepeats(source: ScenarioSource, values: readonly (readonly [string | number, FieldPath])[], expected: string): void {
  const seen = new Map<string | number, FieldPath>();
  for (const [value, path] of values) {
    const first = seen.get(value);
    if (first !== undefined) throw source.problem(path, { expected, got: `${value} again`, hint: `the first is ${pathText(first)}` });
    seen.set(value, path);
  }
}
