/**
 * Which known type of card an adapter is driven as (ap_get_compatible_type in drivers/s390/crypto/ap_bus.c): its own, or for a card from
 * after this kernel one that the machine says it is compatible with.
 */
import { apqnText, type Apqn } from '../base/apqn.ts';
import type { Task } from '../runtime/task.ts';
import type { QciInfo, TapqInfo } from '../crypto-adapters/ap-instructions.ts';
import { QciFlag, hasQciFlag } from '../crypto-adapters/qci.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import type { ApCore } from './ap-core.ts';

/** CEX4 to CEX8. */
const OLDEST = 10;
const NEWEST = 14;

const known = (type: number): boolean => type >= OLDEST && type <= NEWEST;

/** Null: no driver can serve it. `found` is what TAPQ said of one of its queues. */
export async function compatibleType(
  task: Task,
  core: ApCore,
  qci: QciInfo | null,
  found: { readonly apqn: Apqn; readonly info: TapqInfo },
): Promise<number | null> {
  const { info, apqn } = found;
  if (known(info.type)) return info.type;
  if (info.type > NEWEST) {
    const type = await ask(task, core, qci, found);
    if (type !== null) {
      core.log.info({ queue: apqnText(apqn), type: info.type, as: type }, 'adapter of an unknown type is driven as a known one');
      return type;
    }
  }
  core.log.warn({ queue: apqnText(apqn), type: info.type }, 'adapter of an unsupported type');
  return null;
}

/** The mode bits of the facility word are its bits 3 to 5: CCA, accelerator, EP11. */
const modeOf = ({ functions }: TapqInfo): number => (functions >>> 26) & 7;

async function ask(
  task: Task,
  { instructions }: ApCore,
  qci: QciInfo | null,
  { apqn, info }: { readonly apqn: Apqn; readonly info: TapqInfo },
): Promise<number | null> {
  if (qci === null || !hasQciFlag(qci, QciFlag.QACT) || instructions.qact === undefined) return null;
  const { status, type } = await instructions.qact(task, apqn, { mode: modeOf(info), type: NEWEST });
  return status.rc === Rc.NORMAL && known(type) ? type : null;
}
