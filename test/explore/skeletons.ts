/**
 * The four ways to lock the attaching of a guest that the mailing list argued about, reduced to their locks. In each of them a device is
 * attached, Secure Execution begins (kvm->lock, then each vcpu->mutex) and a vCPU executes PQAP (vcpu->mutex, then what the hook needs).
 */
import type { Program } from '../../src/explore/program.ts';
import { programOf, type SmallWorld } from '../../src/explore/small-world.ts';
import type { Guard } from '../../src/locks/guard.ts';
import type { Mutex } from '../../src/locks/mutex.ts';
import type { Task } from '../../src/runtime/task.ts';

interface Guest {
  readonly kvm: Mutex;
  readonly vcpu: Mutex;
}

function guestOf(world: SmallWorld): Guest {
  const guest = { kvm: world.mutex('kvm->lock'), vcpu: world.mutex('vcpu->mutex') };
  world.task('secure-execution', async (task) => {
    using _kvm = await guest.kvm.acquire(task);
    using _vcpu = await guest.vcpu.acquire(task);
  });
  return guest;
}

/** One lock over everything, held while the masks are set (before 0cc00c8d4050). */
export const globalMatrixLock: Program = programOf('global matrix lock', (world) => {
  const { kvm, vcpu } = guestOf(world);
  const matrix = world.mutex('matrix_dev->lock');
  world.task('attach', async (task) => {
    using _matrix = await matrix.acquire(task);
    using _masks = await kvm.acquire(task);
  });
  world.task('pqap', async (task) => {
    using _run = await vcpu.acquire(task);
    using _matrix = await matrix.acquire(task);
  });
});

/** The hook has a rw semaphore, which is held while the masks are set (first version of the series). */
export const rwsemHeld: Program = programOf('rwsem held over set_masks', (world) => {
  const { kvm, vcpu } = guestOf(world);
  const hook = world.rwSemaphore('pqap_hook_rwsem');
  world.task('attach', async (task) => {
    using _hook = await hook.write(task);
    using _masks = await kvm.acquire(task);
  });
  world.task('pqap', async (task) => {
    using _run = await vcpu.acquire(task);
    using _hook = await hook.read(task);
  });
});

type Hook = 'rwsem' | 'mutex' | 'none';

interface HookLock {
  set(task: Task): Promise<void>;
  call(task: Task): Promise<Guard | null>;
}

/** How the hook is kept: a writer of the rw semaphore that has to wait is a step more than a mutex has, and readers see it. */
function hookOf(world: SmallWorld, kind: Hook): HookLock {
  if (kind === 'none') return { set: async () => undefined, call: async () => null };
  const rwsem = world.rwSemaphore('pqap_hook_rwsem');
  const mutex = world.mutex('pqap_hook_mutex');
  return {
    async set(task) {
      const setting = kind === 'mutex' ? await mutex.acquire(task) : await rwsem.write(task);
      setting.release();
    },
    call: async (task) => (kind === 'mutex' ? await mutex.acquire(task) : await rwsem.read(task)),
  };
}

/** The hook is set under its own lock alone; then kvm->lock, and the matrix lock inside of it (merged in 2021). */
export const hookShort = (kind: Hook): Program =>
  programOf(`hook ${kind} short, kvm->lock outside`, (world) => {
    const { kvm, vcpu } = guestOf(world);
    const hook = hookOf(world, kind);
    const matrix = world.mutex('matrix_dev->lock');
    world.task('attach', async (task) => {
      await hook.set(task);
      using _masks = await kvm.acquire(task);
      using _matrix = await matrix.acquire(task);
    });
    world.task('pqap', async (task) => {
      using _run = await vcpu.acquire(task);
      using _hook = await hook.call(task);
      using _matrix = await matrix.acquire(task);
    });
  });

/** guests_lock outside of kvm->lock outside of mdevs_lock, and the hook as above; somebody assigns an adapter besides (2022). */
export const guestsLock = (kind: Hook): Program =>
  programOf(`guests_lock, hook ${kind}`, (world) => {
    const { kvm, vcpu } = guestOf(world);
    const hook = hookOf(world, kind);
    const guests = world.mutex('guests_lock');
    const mdevs = world.mutex('mdevs_lock');
    const update = async (task: Task): Promise<void> => {
      using _guests = await guests.acquire(task);
      using _masks = await kvm.acquire(task);
      using _mdevs = await mdevs.acquire(task);
    };
    world.task('attach', async (task) => {
      await hook.set(task);
      await update(task);
    });
    world.task('assign', update);
    world.task('pqap', async (task) => {
      using _run = await vcpu.acquire(task);
      using _hook = await hook.call(task);
      using _mdevs = await mdevs.acquire(task);
    });
  });
