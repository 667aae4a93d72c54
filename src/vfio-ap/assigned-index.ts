/**
 * Which mdevs have an adapter, and which a domain, so that the question for the owner of a queue need not go through every mdev of the host
 * (the kernel does walk its list, and compares two bitmaps for each). It only says where to look: the matrix of an mdev is what counts.
 */
import { Access, type AccessKind } from '../runtime/access.ts';
import type { ApMask } from '../base/ap-mask.ts';
import { adapterOf, domainOf, type Apqn } from '../base/apqn.ts';
import type { ApMatrixMdev } from './ap-matrix-mdev.ts';
import { EMPTY_MATRIX, type ApMatrix } from './ap-matrix.ts';

type Users = ReadonlySet<ApMatrixMdev>;

const NOBODY: Users = new Set();

export class AssignedIndex {
  readonly name = 'assigned queues';
  /** By adapter and by domain. */
  private readonly apm: (Set<ApMatrixMdev> | undefined)[] = [];
  private readonly aqm: (Set<ApMatrixMdev> | undefined)[] = [];
  /** What is noted of each mdev. */
  private readonly noted = new Map<ApMatrixMdev, ApMatrix>();
  private readonly touch: (index: object, access: AccessKind) => void;

  /** `touch`: told of each access, for explorers. */
  constructor(touch: (index: object, access: AccessKind) => void) {
    this.touch = touch;
  }

  /** The mdev has this matrix from now on; the empty one when it is removed. */
  note(mdev: ApMatrixMdev, matrix: ApMatrix): void {
    const before = this.noted.get(mdev) ?? EMPTY_MATRIX;
    if (before.apm.equals(matrix.apm) && before.aqm.equals(matrix.aqm)) return;
    this.touch(this, Access.WRITE);
    for (const name of ['apm', 'aqm'] as const) {
      for (const id of before[name].andNot(matrix[name]).bits()) this[name][id]?.delete(mdev);
      for (const id of matrix[name].andNot(before[name]).bits()) (this[name][id] ??= new Set()).add(mdev);
    }
    if (matrix.apm.isEmpty() && matrix.aqm.isEmpty()) this.noted.delete(mdev);
    else this.noted.set(mdev, matrix);
  }

  /** Mdevs beside which no other has an APQN of apm x aqm, in no order; null when going through all of them is no more work. */
  mayShare({ apm, aqm }: Pick<ApMatrix, 'apm' | 'aqm'>): Users | null {
    this.touch(this, Access.READ);
    if (apm.isEmpty() || aqm.isEmpty()) return NOBODY;
    const byAdapter = uses(this.apm, apm);
    const byDomain = uses(this.aqm, aqm);
    if (Math.min(byAdapter, byDomain) >= this.noted.size) return null;
    return byAdapter <= byDomain ? usersOf(this.apm, apm) : usersOf(this.aqm, aqm);
  }

  /** Likewise for one APQN. */
  mayOwn(apqn: Apqn): Users {
    this.touch(this, Access.READ);
    const [withAdapter, withDomain] = [this.apm[adapterOf(apqn)] ?? NOBODY, this.aqm[domainOf(apqn)] ?? NOBODY];
    return withAdapter.size <= withDomain.size ? withAdapter : withDomain;
  }
}

/** How many mdevs there are to look at, each once for every id that it has. */
function uses(users: readonly (Users | undefined)[], mask: ApMask): number {
  let sum = 0;
  for (const id of mask.bits()) sum += users[id]?.size ?? 0;
  return sum;
}

function usersOf(users: readonly (Users | undefined)[], mask: ApMask): Users {
  const found = new Set<ApMatrixMdev>();
  for (const id of mask.bits()) for (const mdev of users[id] ?? NOBODY) found.add(mdev);
  return found;
}
