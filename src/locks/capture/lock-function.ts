/**
 * What the functions at the top of a recorded stack say: which primitive was called, hence in which mode the lock was asked for, and where
 * the code begins that is of interest (kernel/locking, kernel/workqueue.c).
 */
import type { Place } from '../place.ts';

/** As `modeName` writes modes. */
export type CapturedMode = 'write' | 'read' | 'recursive read' | 'write (wait)';

/** The validator itself: says nothing about who asked. */
const VALIDATOR =
  /^(?:dump_stack\w*|show_stack|__?lock_acquire\w*|lock_acquire\w*|lock_sync|validate_chain|check_\w+|print_\w+|mark_lock\w*|mark_usage|lock_release|lock_contended|lock_is_held_type)$/;

const WAITS =
  /^(?:_*flush_\w+|start_flush_work|touch_work_lockdep_map|touch_wq_lockdep_map|drain_workqueue|wait_for_\w+|__cancel_work\w*|lock_map_sync|__synchronize_srcu|synchronize_srcu\w*|kernfs_drain)$/;
const RECURSIVE = /^(?:rcu_\w*read_lock\w*|rcu_lock_acquire\w*|s?_*srcu_(?:read_)?lock\w*|srcu_lock_acquire)$/;
const READS =
  /^(?:_*down_read\w*|_*percpu_down_read\w*|percpu_rwsem_acquire|rwsem_down_read\w*|_raw_read_lock\w*|_*do_raw_read_lock|cpus_read_lock|sb_start_\w+|kernfs_get_active)$/;
const WRITES =
  /^(?:_*mutex_\w+|__mutex_lock\w*|_*ww_mutex_\w+|_*down_write\w*|_*rwsem_\w+|_*percpu_down_write|_raw_(?:spin|write)_\w*lock\w*|_*do_raw_(?:spin|write)_lock|rt_mutex_\w+|_*rt_(?:mutex|spin)_lock\w*|cpus_write_lock|process_one_work|schedule\w*|__schedule|lock_sock_nested|down\w*)$/;

export interface LockCall {
  /** Null when no frame names a primitive. */
  readonly mode: CapturedMode | null;
  /** The frames above which the primitive was called, innermost first. */
  readonly place: Place;
}

const nameOf = (frame: string): string =>
  frame
    .replace(/ \[.*\]$/, '')
    .replace(/^.* /, '')
    .replace(/\.(?:constprop|isra|part|cold)\b.*$/, '');

/** Reads the top of a stack, innermost frame first. */
export function lockCall(frames: readonly string[], depth = 6): LockCall {
  let at = 0;
  while (at < frames.length && VALIDATOR.test(nameOf(frames[at]!))) at++;
  let mode: CapturedMode | null = null;
  for (; at < frames.length; at++) {
    const name = nameOf(frames[at]!);
    const means = meaning(name);
    if (means === null) break;
    // The outermost primitive says most: __flush_work may call wait_for_completion.
    mode = means;
  }
  return { mode, place: frames.slice(at, at + depth) };
}

function meaning(name: string): CapturedMode | null {
  if (WAITS.test(name)) return 'write (wait)';
  if (RECURSIVE.test(name)) return 'recursive read';
  if (READS.test(name)) return 'read';
  return WRITES.test(name) ? 'write' : null;
}

/** A class that was only ever taken in one way says so by its usage characters: write and read positions alternate. */
export function modeByUsage(usage: string): CapturedMode | null {
  if (usage.length < 4) return null;
  const seen = (first: number): boolean => usage.split('').some((mark, i) => i % 2 === first && mark !== '.');
  if (seen(0) === seen(1)) return null;
  return seen(0) ? 'write' : 'read';
}
