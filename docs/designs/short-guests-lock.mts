/**
 * A design in TypeScript: guests-lock, but "in use?" looks at the mdevs without guests_lock. Types only come from apemu, everything else
 * through `api`.
 */
import type { DesignApi, DesignFactory, Errno, Task } from 'apemu';

export default function shortGuestsLock(api: DesignApi): DesignFactory {
  class ShortGuestsLock extends api.designs.GuestsLock {
    override readonly name: string = 'short-guests-lock';

    override async inUse(task: Task, body: () => boolean): Promise<boolean | Errno> {
      using _mdevs = await this.mdevsLock.acquire(task);
      return body();
    }
  }
  return (context) => new ShortGuestsLock(context);
}
