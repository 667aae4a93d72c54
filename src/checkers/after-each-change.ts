/**
 * Where a design has no lock at whose release the state must be right, it must be so after each change, when nobody is in the middle of
 * another one.
 */
import { Access } from '../runtime/access.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { LockingDesign } from '../vfio-ap/locking/port.ts';

/** From now on `check` is called at the end of whatever changes mdevs, queues or guests through the design. */
export function watchChanges(design: LockingDesign, rt: Runtime, check: (task: Task) => void): void {
  const going = { name: 'changes that are going on', count: 0 };
  const counted = async <T>(task: Task, work: () => Promise<T>): Promise<T> => {
    rt.touch(going, Access.WRITE);
    going.count++;
    try {
      return await work();
    } finally {
      rt.touch(going, Access.WRITE);
      going.count--;
      if (going.count === 0) check(task);
    }
  };
  const { attach, detach, intercept, change, changeEach, editList } = bound(design);
  design.attach = (task, mdev, kvm) => counted(task, () => attach(task, mdev, kvm));
  design.detach = (task, mdev) => counted(task, () => detach(task, mdev));
  design.intercept = (task, request) => counted(task, () => intercept(task, request));
  design.change = (task, target, body) => counted(task, () => change(task, target, body));
  design.changeEach = (task, bodies) => counted(task, () => changeEach(task, bodies));
  design.editList = (task, body) => counted(task, () => editList(task, body));
}

type Changing = Pick<LockingDesign, 'attach' | 'detach' | 'intercept' | 'change' | 'changeEach' | 'editList'>;

/** Apart from the design, whose own methods are about to be replaced. */
const bound = (design: LockingDesign): Changing => ({
  attach: design.attach.bind(design),
  detach: design.detach.bind(design),
  intercept: design.intercept.bind(design),
  change: design.change.bind(design),
  changeEach: design.changeEach.bind(design),
  editList: design.editList.bind(design),
});
