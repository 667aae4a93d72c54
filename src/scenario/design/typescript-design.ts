/**
 * A locking design from a TypeScript file of the user: loads it, and builds one host under it to see that it is a design.
 * No kernel counterpart.
 */
import { pathToFileURL } from 'node:url';
import { tsImport } from 'tsx/esm/api';
import { EventLog } from '../../base/event-log.ts';
import { createLogger } from '../../base/logger.ts';
import { LockLayer } from '../../locks/lock-layer.ts';
import { Machine } from '../../machine/machine.ts';
import { ControlledRuntime } from '../../runtime/controlled.ts';
import { DESIGN_API, type UserDesign } from '../../vfio-ap/locking/define-design.ts';
import type { DesignFactory, LockingDesign } from '../../vfio-ap/locking/port.ts';
import { ScenarioError, type Place } from '../place.ts';
import { readText } from '../read-text.ts';

export interface TypeScriptDesign {
  readonly name: string;
  readonly order: readonly (readonly string[])[];
  readonly make: DesignFactory;
}

const METHODS = [
  ...['adoptHost', 'adoptKvm', 'adoptMdev', 'adoptQueue', 'attach', 'detach', 'intercept'],
  ...['change', 'changeEach', 'inUse', 'inspect', 'editList'],
] as readonly (keyof LockingDesign)[];
const WANTED = 'export default defineDesign((api) => (context) => DESIGN)';

/** ScenarioError for a file that is no design. */
export async function typeScriptDesign(path: string): Promise<TypeScriptDesign> {
  // An unreadable file is told in the same words as any other.
  readText(path, 'design file');
  // In each thread that runs the design: places in reports then name its lines, not those of what was compiled from it.
  process.setSourceMapsEnabled(true);
  const make = factoryOf(await importFile(path), path);
  const { name, order } = probe(make, path);
  return { name, order, make };
}

async function importFile(path: string): Promise<unknown> {
  try {
    const module: unknown = await tsImport(pathToFileURL(path).href, import.meta.url);
    return defaultOf(defaultOf(module));
  } catch (error) {
    throw refusal(path, error, 'a module that can be loaded');
  }
}

/** Where the nearest package.json does not say "module", the export is wrapped once more. */
function defaultOf(module: unknown): unknown {
  return typeof module === 'object' && module !== null && 'default' in module ? module.default : module;
}

function factoryOf(exported: unknown, path: string): DesignFactory {
  if (typeof exported !== 'function')
    throw problem(startOf(path), WANTED, `${exported === null ? 'null' : typeof exported} as default export`);
  let factory: unknown;
  try {
    factory = (exported as UserDesign)(DESIGN_API);
  } catch (error) {
    throw refusal(path, error, WANTED);
  }
  if (typeof factory !== 'function') throw problem(startOf(path), WANTED, `${typeof factory} from the function of the default export`);
  return factory as DesignFactory;
}

/** Builds a host without cards under the design: what its constructor and `adoptHost` do wrong shows here. */
function probe(make: DesignFactory, path: string): LockingDesign {
  const made: LockingDesign[] = [];
  const checked: DesignFactory = (context) => {
    const design = make(context);
    const missing = missingOf(design);
    if (missing.length > 0) throw problem(startOf(path), `a design with ${missing.join(', ')}`, 'a design without');
    made.push(design);
    return design;
  };
  try {
    const rt = new ControlledRuntime({ seed: 0 });
    const log = createLogger({ level: 'silent', now: () => 0 });
    const spec = { kernel: 'current', adapters: [], domains: [], controlDomains: [], apmask: null, aqmask: null } as const;
    const parts = { layer: new LockLayer(rt), log, events: new EventLog(() => rt.now()), seed: 0 };
    const machine = new Machine({ ...parts, design: checked, spec: { ...spec, serviceScale: 1, mdevs: [], guests: [] } });
    machine.bus.stop();
  } catch (error) {
    throw error instanceof ScenarioError ? error : refusal(path, error, 'a design that a host can be built with');
  }
  return made[0]!;
}

function missingOf(design: unknown): string[] {
  const has = (design ?? {}) as Readonly<Record<string, unknown>>;
  const missing: string[] = METHODS.filter((method) => typeof has[method] !== 'function');
  if (typeof has['name'] !== 'string') missing.push('name');
  if (!Array.isArray(has['order'])) missing.push('order');
  return missing;
}

const startOf = (path: string): Place => ({ file: path, line: 1, column: 1 });

function problem(place: Place, expected: string, got: string): ScenarioError {
  return new ScenarioError(place, [], { expected, got });
}

/** The place of the user's file that the error names, if it names one: a syntax error does, and so does a stack. */
function refusal(path: string, error: unknown, expected: string): ScenarioError {
  const { message, stack = '' } = error instanceof Error ? error : { message: String(error) };
  const at = `${message}\n${stack}`.split(path)[1];
  const [, line, column] = /^:(\d+):(\d+)/.exec(at ?? '') ?? [];
  const place = line === undefined ? startOf(path) : { file: path, line: Number(line), column: Number(column) };
  // A compiler's message has a line of its own for the place, which is told already.
  const told = message.split('\n').findLast((text) => text.includes('ERROR: ')) ?? message.split('\n')[0]!;
  return problem(place, expected, told.replace(/^.*ERROR: /, ''));
}
