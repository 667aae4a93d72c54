/**
 * Gives a step of a design file its own line in reports. The validator takes places from the stack, so each step runs on top of a frame
 * that says it is that line of the file, or the line of kernel code that the step names. No kernel counterpart.
 */
import { Script } from 'node:vm';

export type Spot = <T>(body: () => T) => T;

export interface SpotPlace {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

export function spotAt({ file, line }: SpotPlace, name: string): Spot {
  // The same few words for every step: nothing of the file is ever executed as code.
  const script = new Script('(function step(body) { return body(); })', { filename: file, lineOffset: line - 1 });
  const spot = script.runInThisContext() as Spot;
  Object.defineProperty(spot, 'name', { value: name });
  return spot;
}
