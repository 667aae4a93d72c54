/**
 * An invariant group: fields that mean something only together. Each may be guarded well and a task still see one of them from before and
 * another from after a change, when it let go in between: that is reported, in the schedule in which it happens. No kernel counterpart.
 *
 * Nothing that excludes the writer was held throughout: otherwise there would have been no change. A task that reads a member again, which
 * it had read before, begins anew, and it may do so in any order: it is judged when it has left the locks under which it met the change,
 * or, without any, when the code up to its next await has run.
 */
import type { Runtime } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { Findings } from './finding.ts';
import type { Lock } from './lock.ts';
import { capturePlace, type Place } from './place.ts';
import { sectionOf, stillInside, type Section } from './section.ts';
import { groupPlace, memoryIfAny, memoryOf, ownersOf, type GroupView, type Guarded, type ObservedGroup } from './task-memory.ts';

/** Members are bits of a number. */
const MEMBERS_MAX = 31;

export interface GroupHost {
  readonly rt: Runtime;
  readonly findings: Findings;
}

/** A field as its group sees it. */
export interface GroupMember extends Guarded {
  readonly label: string;
  /** May holding this lock keep other writers away? */
  guardedWith(lock: Lock): boolean;
  joinGroup(group: InvariantGroup, bit: number): void;
}

/** A task reads a member in a newer version than others that it knows. */
interface Meeting {
  readonly bit: number;
  readonly by: string;
  readonly section: Section;
  readonly place: Place;
}

export class InvariantGroup implements ObservedGroup {
  readonly id: number;
  version = 0;
  private readonly host: GroupHost;
  private readonly owner: { readonly name: string };
  private readonly labels: readonly string[];
  private changedBy = '';

  constructor(host: GroupHost, id: number, what: { owner: { readonly name: string }; members: readonly GroupMember[] }) {
    if (what.members.length > MEMBERS_MAX) throw new Error(`expected at most ${MEMBERS_MAX} fields in a group, got ${what.members.length}`);
    this.host = host;
    this.id = id;
    this.owner = what.owner;
    this.labels = what.members.map((member) => member.label);
    what.members.forEach((member, i) => member.joinGroup(this, 1 << i));
  }

  noteRead(task: Task, bit: number, member: GroupMember): void {
    const { groups } = memoryOf(task);
    const place = groupPlace(this);
    const view = groups[place] ?? null;
    if (view === null || view.group !== this) {
      if (view !== null) view.group.close(task, view);
      groups[place] = { group: this, version: this.version, current: bit, outdated: 0, change: null };
      return;
    }
    // Without a lock the end of this code judges, not another look within it.
    if (view.outdated !== 0 && (view.change as Meeting).section.length > 0) this.judge(task, view);
    if (view.version === this.version) {
      view.current |= bit;
      view.outdated &= ~bit;
    } else this.meetChange(task, view, { bit, member });
  }

  noteWrite(task: Task, bit: number, member: GroupMember): void {
    const before = this.version++;
    this.changedBy = task.name;
    this.follow(task, before, bit);
    if (task.work !== null) for (const owner of ownersOf(task, member)) this.follow(owner, before, 0);
  }

  /** The task knows of this change: what it had read before stays good. */
  private follow(task: Task, before: number, bit: number): void {
    const view = memoryIfAny(task)?.groups[groupPlace(this)] ?? null;
    if (view === null || view.group !== this || view.version !== before) return;
    view.version = this.version;
    view.current |= bit;
    view.outdated &= ~bit;
  }

  close(task: Task, view: GroupView): void {
    if (view.outdated !== 0) this.judge(task, view);
    view.outdated = 0;
  }

  /** The task reads a member after somebody else has changed the group. */
  private meetChange(task: Task, view: GroupView, { bit, member }: { bit: number; member: GroupMember }): void {
    view.outdated = (view.current & bit) === 0 ? view.current : 0;
    view.version = this.version;
    view.current = bit;
    if (view.outdated === 0) return;
    const section = sectionOf(task, member);
    const meeting: Meeting = { bit, section, by: this.changedBy, place: capturePlace() };
    view.change = meeting;
    if (section.length > 0) return;
    queueMicrotask(() => {
      if (view.change === meeting && view.outdated !== 0) this.judge(task, view);
    });
  }

  /** As long as it holds what keeps the members as they are it may still look at the others. */
  private judge(task: Task, view: GroupView): void {
    const { bit, by, section, place } = view.change as Meeting;
    if (stillInside(section)) return;
    const [old, fresh] = [this.names(view.outdated), this.names(bit)];
    view.outdated = 0;
    this.host.findings.report({
      kind: 'invariant',
      key: `mixed-versions:${this.labels.join(',')}:${place[0] ?? ''}`,
      title: `${task.name} has seen ${this.owner.name} in mixed versions: ${old} from before and ${fresh} from after a change by ${by}`,
      tasks: [task.name, by],
      time: this.host.rt.now(),
      place,
      notes: [`${this.labels.join(', ')} belong together`],
    });
  }

  private names(bits: number): string {
    return this.labels.filter((_label, i) => (bits & (1 << i)) !== 0).join(', ');
  }
}
