/**
 * Churn of guests: their devices, their storage, their CPU mode, ioctls of their QEMU, signals. No kernel counterpart: QEMU, its monitor,
 * and others who have vfio devices open.
 */
import { ENODEV, OK, type Errno } from '../../base/errno.ts';
import type { VirtualMachine } from '../../machine/virtual-machine.ts';
import { setCryptoAttribute, VmCryptoAttribute } from '../../kvm/vm-attributes.ts';
import { IOCTL_NAMES, MEMORY_KINDS, type IoctlArgument, type IoctlVerb } from '../ioctl-verb.ts';
import type { Action } from '../verb-actions.ts';
import type { ChurnBody, ChurnVerb, Turn } from './turn.ts';

const OPEN_MS = 20;
const anyVm = ({ random, machine }: Turn): VirtualMachine => random.pick(machine.vms);
const anyGuest = (turn: Turn): string => anyVm(turn).spec.name;

const acts =
  (kind: Extract<Action, { guest: string; kind: 'attach' | 'detach' }>['kind']): ChurnBody =>
  (turn) =>
    turn.act({ kind, guest: anyGuest(turn) });

/** The first more often than the second. */
const either =
  (often: 'pv-stop' | 'map', seldom: 'pv-start' | 'unmap'): ChurnBody =>
  (turn) =>
    turn.act({ kind: turn.random.oneIn(3) ? seldom : often, guest: anyGuest(turn) });

/** Somebody else opens an mdev for a guest: for a moment, or for a while. */
async function openBeside(turn: Turn): Promise<Errno> {
  const { random, machine, task } = turn;
  const mdev = random.pick(machine.spec.mdevs);
  const guest = anyGuest(turn);
  if (random.oneIn(2)) return await turn.act({ kind: 'open', guest, mdev, keep: false });
  const device = machine.vfioAp.findMdev(mdev.uuid)?.device;
  if (device === undefined) return ENODEV;
  // Its own keep ends with the run only, and so would a removal.
  const errno = await device.open(task, machine.vm(guest)!.qemu);
  if (errno !== OK) return errno;
  await turn.pause(OPEN_MS);
  await device.close(task);
  return OK;
}

/** Of each value most are right. */
const ARGSZ = [undefined, undefined, undefined, 0, 15, 19, 20, 23, 24, 4096];
const FLAGS = [undefined, undefined, undefined, 0x24, 0x21, 0x22, 0x20, 0x0c, 0x14, 0x64, 0];
const INDEX = [undefined, 0, 0, 1, 1, 2, 0xffff_ffff];
const START = [undefined, undefined, undefined, 1, 0xffff_ffff];
const COUNT = [undefined, undefined, undefined, 0, 2, 0xffff_ffff];
const FD = [undefined, 'own', 'own', 'own', -1, -2, 0, 3, 99] as const;

function ioctl(turn: Turn): Promise<Errno> {
  const { random } = turn;
  const request = random.oneIn(10) ? random.pick([0, 0x3b6c, 0x3b70, 0xffff_ffff]) : random.pick(IOCTL_NAMES);
  const memory = random.oneIn(3) ? random.pick(MEMORY_KINDS) : 'whole';
  return turn.act({ kind: 'ioctl', guest: anyGuest(turn), request, argument: argumentOf(turn, request), memory });
}

function argumentOf({ random }: Turn, request: IoctlVerb['request']): IoctlArgument {
  if (typeof request === 'number' || request === 'reset') return {};
  const [argsz, index] = [random.pick(ARGSZ), random.pick(INDEX)];
  const size = argsz === undefined ? {} : { argsz };
  if (request === 'get-info') return size;
  const indexed = { ...size, ...(index === undefined ? {} : { index }) };
  if (request === 'get-irq-info') return indexed;
  const set = { flags: random.pick(FLAGS), start: random.pick(START), count: random.pick(COUNT), fd: random.pick(FD) };
  return { ...indexed, ...given(set) };
}

const given = (fields: { readonly [field: string]: number | 'own' | undefined }): IoctlArgument =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const reset: ChurnBody = (turn) => turn.act({ kind: 'ioctl', guest: anyGuest(turn), request: 'reset', argument: {}, memory: 'whole' });

/** Without APIE a kernel that drives queues would die of its next instruction: only bare instructions take that as an answer. */
function vmAttribute(turn: Turn): Promise<Errno> {
  const { random, task } = turn;
  const { kvm, spec } = anyVm(turn);
  const bare = spec.workload?.kind === 'instructions' && spec.apie;
  const wrap = [VmCryptoAttribute.ENABLE_AES_KW, VmCryptoAttribute.ENABLE_DEA_KW];
  const unwrap = [VmCryptoAttribute.DISABLE_AES_KW, VmCryptoAttribute.DISABLE_DEA_KW];
  const apie = bare ? [VmCryptoAttribute.ENABLE_APIE, VmCryptoAttribute.ENABLE_APIE, VmCryptoAttribute.DISABLE_APIE] : [];
  return setCryptoAttribute(task, kvm, random.pick([...wrap, ...unwrap, ...apie, 99]));
}

/** Mostly for one that waits for the user of an mdev, if there is one. */
function signal(turn: Turn): Promise<Errno> {
  const { random, crew } = turn;
  const blocked = [...crew.removing];
  const to = blocked.length > 0 && !random.oneIn(4) ? random.pick(blocked) : random.pick([...crew.names, 'nobody']);
  return turn.act({ kind: 'signal', to });
}

export const GUEST_VERBS: readonly ChurnVerb[] = [
  { name: 'attach', weight: 5, needs: ['guests'], body: acts('attach') },
  { name: 'detach', weight: 2, needs: ['guests'], body: acts('detach') },
  { name: 'open', weight: 2, needs: ['guests', 'mdevs'], body: openBeside },
  { name: 'pv', weight: 2, needs: ['guests'], body: either('pv-stop', 'pv-start') },
  { name: 'storage', weight: 2, needs: ['guests'], body: either('map', 'unmap') },
  { name: 'ioctl', weight: 4, needs: ['guests'], body: ioctl },
  { name: 'reset', weight: 2, needs: ['guests'], body: reset },
  { name: 'VM attribute', weight: 1, needs: ['guests'], body: vmAttribute },
  { name: 'signal', weight: 3, needs: [], body: signal },
];
