/**
 * Attributes of a matrix mdev (Documentation/arch/s390/vfio-ap.rst): six that assign, three that show, and `ap_config`, which does both.
 */
import type { KernelProfile } from '../base/kernel-profile.ts';
import type { AttributeDef } from '../driver-core/attribute.ts';
import { beginOperation } from '../locks/task-memory.ts';
import type { Task } from '../runtime/task.ts';
import type { ApMatrixMdev } from './ap-matrix-mdev.ts';
import type { ApConfig } from './ap-config.ts';
import { controlDomainsText, matrixText } from './ap-matrix.ts';
import type { Assignment, Dimension } from './assign.ts';
import type { LockingDesign } from './locking/port.ts';

export interface MdevAttributeOwner {
  readonly mdev: ApMatrixMdev;
  readonly assignment: Assignment;
  readonly config: ApConfig;
  readonly design: LockingDesign;
}

type Def = AttributeDef<MdevAttributeOwner>;

/** sysfs output is one page with its terminating zero: so many lines of an APQN fit, eight characters each. What does not fit is left out. */
const LINES = 511;

const assigns = (name: string, dimension: Dimension): Def => ({
  name,
  mode: 0o200,
  store: (task, { assignment, mdev }, text) => assignment.assign(task, mdev, dimension, text),
});

const unassigns = (name: string, dimension: Dimension): Def => ({
  name,
  mode: 0o200,
  store: (task, { assignment, mdev }, text) => assignment.unassign(task, mdev, dimension, text),
});

const shows = (name: string, text: (task: Task, mdev: ApMatrixMdev) => string): Def => ({
  name,
  mode: 0o444,
  show: async (task, { design, mdev }) => {
    beginOperation(task);
    return await design.inspect(task, () => text(task, mdev));
  },
});

/** One definition each for every machine: the classes of their active references hang on them. */
const DEFS: readonly Def[] = [
  assigns('assign_adapter', 'adapter'),
  unassigns('unassign_adapter', 'adapter'),
  assigns('assign_domain', 'domain'),
  unassigns('unassign_domain', 'domain'),
  {
    name: 'assign_control_domain',
    mode: 0o200,
    store: (task, { assignment, mdev }, text) => assignment.controlDomain(task, mdev, text, true),
  },
  {
    name: 'unassign_control_domain',
    mode: 0o200,
    store: (task, { assignment, mdev }, text) => assignment.controlDomain(task, mdev, text, false),
  },
  {
    name: 'ap_config',
    mode: 0o644,
    show: (task, { config, mdev }) => config.show(task, mdev),
    store: (task, { config, mdev }, text) => config.store(task, mdev, text),
  },
  shows('matrix', (task, mdev) => matrixText(mdev.matrix.get(task), LINES)),
  shows('guest_matrix', (task, mdev) => matrixText(mdev.shadow.get(task), LINES)),
  shows('control_domains', (task, mdev) => controlDomainsText(mdev.matrix.get(task))),
];

/** Those that mdevs have under this kernel. */
export function mdevAttributes({ apConfig, guestMatrix }: KernelProfile): readonly Def[] {
  return DEFS.filter(({ name }) => (apConfig || name !== 'ap_config') && (guestMatrix || name !== 'guest_matrix'));
}
