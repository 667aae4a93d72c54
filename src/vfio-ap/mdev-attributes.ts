/**
 * Attributes of a matrix mdev (Documentation/arch/s390/vfio-ap.rst): six that assign, three that show.
 */
import type { AttributeDef } from '../driver-core/attribute.ts';
import { beginOperation } from '../locks/task-memory.ts';
import type { Task } from '../runtime/task.ts';
import type { ApMatrixMdev } from './ap-matrix-mdev.ts';
import { matrixText } from './ap-matrix.ts';
import type { Assignment, Dimension } from './assign.ts';
import type { LockingDesign } from './locking/port.ts';

export interface MdevAttributeOwner {
  readonly mdev: ApMatrixMdev;
  readonly assignment: Assignment;
  readonly design: LockingDesign;
}

type Def = AttributeDef<MdevAttributeOwner>;

const PAGE = 4096;

/** sysfs output is one page: what does not fit is cut at a line. */
const page = (text: string): string => (text.length < PAGE ? text : text.slice(0, text.lastIndexOf('\n', PAGE - 2) + 1));

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
    return page(await design.inspect(task, () => text(task, mdev)));
  },
});

export const MDEV_ATTRIBUTES: readonly Def[] = [
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
  shows('matrix', (task, mdev) => matrixText(mdev.matrix.get(task))),
  shows('guest_matrix', (task, mdev) => matrixText(mdev.shadow.get(task))),
  shows('control_domains', (task, mdev) =>
    [...mdev.matrix.get(task).adm.bits()].map((id) => `${id.toString(16).padStart(4, '0')}\n`).join(''),
  ),
];
