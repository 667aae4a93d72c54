/**
 * Where in the code something happened: captured for new dependencies only, never on a warm path (a stack costs microseconds).
 */

/** Frames of the lock layer, of the runtime and of the interpreter of design files are left out: what matters is who called them. */
const INNER =
  /[/\\](?:src|dist)[/\\](?:locks|runtime|vfio-ap[/\\]locking[/\\]yaml)[/\\]|node:internal|node_modules|^\s*at (?:async )?Promise\.|(?:\(|at )<anonymous>/;
/** A task starts on the stack of whoever made way for it: what lies below its first frame belongs to another task. */
const TASK_START = /\bControlledRuntime\.start\b/;
const FRAME = /at (?:async )?(?:(.+?) \()?(?:file:\/\/)?([^()]+?):(\d+):(\d+)\)?$/;

/** Callers, innermost first: `src/vfio-ap/assign.ts:54 assignAdapter`. */
export type Place = readonly string[];

/** Where nobody asked for places, or nobody was. */
export const NOWHERE: Place = [];

export function capturePlace(depth = 6): Place {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 24;
  const stack = new Error('place').stack ?? '';
  Error.stackTraceLimit = before;
  return readStack(stack, depth);
}

/** The frames of a stack text that lie outside the lock layer. */
export function readStack(stack: string, depth: number): Place {
  const places: string[] = [];
  for (const line of stack.split('\n').slice(1)) {
    if (TASK_START.test(line)) break;
    if (INNER.test(line)) continue;
    const match = FRAME.exec(line.trim());
    if (match === null) continue;
    const [, caller, file, row] = match;
    places.push(`${shortPath(file!)}:${row}${caller === undefined ? '' : ` ${caller.replace(/^(?:async|new) /, '')}`}`);
    if (places.length === depth) break;
  }
  return places;
}

function shortPath(path: string): string {
  const at = path.replaceAll('\\', '/').match(/^(?:.*\/)?((?:src|dist|test|bench)\/.*)$/);
  return at?.[1] ?? path.split('/').slice(-2).join('/');
}
