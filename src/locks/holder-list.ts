/**
 * Who holds something that many may hold at once, in the order in which they came. Whoever came first mostly leaves first - the work of a
 * large reset does - and that must not cost more when there are more of them. No kernel counterpart.
 */
import type { Task } from '../runtime/task.ts';

/** So many that have left are kept at the front, at least, before the list is moved up. */
const SLACK = 64;

export class HolderList {
  private tasks: Task[] = [];
  /** Index of the first that is still there. */
  private first = 0;

  get length(): number {
    return this.tasks.length - this.first;
  }

  includes(task: Task): boolean {
    return this.tasks.includes(task, this.first);
  }

  push(task: Task): void {
    this.tasks.push(task);
  }

  /** One entry of the task, which may have several. */
  remove(task: Task): void {
    if (this.tasks[this.first] !== task) {
      this.tasks.splice(this.tasks.indexOf(task, this.first), 1);
      return;
    }
    this.first++;
    if (this.first === this.tasks.length) {
      this.tasks.length = 0;
      this.first = 0;
    } else if (this.first >= SLACK && this.first * 2 >= this.tasks.length) {
      this.tasks = this.tasks.slice(this.first);
      this.first = 0;
    }
  }

  /** Until `visit` answers true, which is the answer then. */
  some(visit: (task: Task) => boolean): boolean {
    for (let i = this.first; i < this.tasks.length; i++) if (visit(this.tasks[i]!)) return true;
    return false;
  }
}
