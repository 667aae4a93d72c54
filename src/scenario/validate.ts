/**
 * Checks one part of a scenario file against its zod schema and turns what zod finds into the error with the place. The message of every
 * schema here is what was expected, with an optional hint after a newline. No kernel counterpart.
 */
import { z } from 'zod';
import { didYouMean } from './did-you-mean.ts';
import type { FieldPath, ScenarioError } from './place.ts';
import type { ScenarioSource } from './source.ts';

/** The parsed value of the field; throws the error of the first wrong field of the file. */
export function validate<S extends z.ZodType>(source: ScenarioSource, path: FieldPath, schema: S): z.output<S> {
  const result = schema.safeParse(source.nodeAt(path)?.value);
  if (result.success) return result.data;
  const present = result.error.issues.filter((issue) => source.nodeAt([...path, ...(issue.path as FieldPath)]) !== undefined);
  // What is missing is often there under a misspelt key, so a field that is wrong comes first.
  const errors = (present.length > 0 ? present : result.error.issues).map((issue) => toError(source, path, issue));
  errors.sort((a, b) => a.line - b.line || a.column - b.column);
  throw errors[0]!;
}

/** A map with these keys and no others; a misspelt key is named with the one that was meant. */
export function fields<S extends z.ZodRawShape>(what: string, shape: S): z.ZodObject<S, z.core.$strict> {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return what;
      const hint = didYouMean(issue.keys[0]!, known);
      return `one of the keys ${known.join(', ')}${hint === undefined ? '' : `\n${hint}`}`;
    },
  });
}

function toError(source: ScenarioSource, base: FieldPath, issue: z.core.$ZodIssue): ScenarioError {
  const path = [...base, ...(issue.path as FieldPath)];
  const [expected, hint] = issue.message.split('\n') as [string, string?];
  if (issue.code === 'unrecognized_keys') return source.keyProblem(path, issue.keys[0]!, { expected, hint });
  if (issue.code === 'invalid_union') {
    const inner = branchMeant(issue.errors);
    if (inner !== undefined) return toError(source, path, inner);
  }
  return source.problem(path, { expected, hint });
}

/** The first complaint of the one branch whose type fits: a list was meant to be the list form, a map the map form. */
function branchMeant(branches: readonly (readonly z.core.$ZodIssue[])[]): z.core.$ZodIssue | undefined {
  const fitting = branches.filter((issues) => !issues.some((issue) => issue.path.length === 0 && isTypeIssue(issue)));
  const issues = fitting.length === 1 ? fitting[0]! : [];
  return issues.find((issue) => issue.code === 'unrecognized_keys') ?? issues[0];
}

function isTypeIssue(issue: z.core.$ZodIssue): boolean {
  if (issue.code === 'invalid_union') return branchMeant(issue.errors) === undefined;
  return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}
