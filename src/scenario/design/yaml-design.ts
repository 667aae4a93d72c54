/**
 * A locking design from a design file: reads it and its bases, checks what comes out. No kernel counterpart.
 */
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { BASE_DESIGNS } from '../../vfio-ap/locking/yaml/base-designs.ts';
import { plannedDesign } from '../../vfio-ap/locking/yaml/planned-design.ts';
import type { DesignFactory } from '../../vfio-ap/locking/port.ts';
import { didYouMean } from '../did-you-mean.ts';
import type { ScenarioError } from '../place.ts';
import { readText } from '../read-text.ts';
import { checkDesign } from './check-design.ts';
import { onTopOf, type DesignPart } from './design-part.ts';
import { planDesign } from './plan-design.ts';
import { readDesign } from './read-design.ts';

export interface YamlDesign {
  readonly name: string;
  /** Of the file itself, the nearest first. */
  readonly bases: readonly string[];
  readonly order: readonly (readonly string[])[];
  /** `OUTER > INNER`, as the steps take them. */
  readonly edges: readonly string[];
  readonly problems: readonly ScenarioError[];
  /** Null when there are problems. */
  readonly make: DesignFactory | null;
}

/** ScenarioError for a text that cannot be read as a design at all; what is wrong with the design is in the answer. */
export function yamlDesign(text: string, file: string): YamlDesign {
  const bases: string[] = [];
  const design = withBase(readDesign(text, file), [file], bases);
  const { problems, edges } = checkDesign(design);
  const make = problems.length === 0 ? plannedDesign(planDesign(design)) : null;
  return { name: design.name, bases, order: design.order?.chains ?? [], edges, problems, make };
}

/** `files`: those that led here, the one just read last. */
function withBase(design: DesignPart, files: readonly string[], bases: string[]): DesignPart {
  if (design.base === null) return design;
  const { name, where } = design.base;
  const known = Object.keys(BASE_DESIGNS);
  const shipped = Object.hasOwn(BASE_DESIGNS, name) ? BASE_DESIGNS[name] : undefined;
  if (shipped !== undefined) {
    bases.push(name);
    return onTopOf(readDesign(readFileSync(shipped, 'utf8'), `${name}.yaml`), design);
  }
  if (!/\.ya?ml$/.test(name)) {
    const hint = didYouMean(name, known);
    throw where.problem({
      expected: `the name of a design that comes as a file (${known.join(', ')}), or a file: ./NAME.yaml`,
      got: name,
      hint,
    });
  }
  const path = isAbsolute(name) ? name : join(dirname(files.at(-1)!), name);
  if (files.some((file) => join(file) === path)) throw where.problem({ expected: 'a base that is not based on this file', got: name });
  bases.push(path);
  const below = readDesign(readText(path, 'design file'), path);
  return onTopOf(withBase(below, [...files, path], bases), design);
}
