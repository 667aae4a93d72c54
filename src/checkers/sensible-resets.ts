/**
 * The driver resets a queue that it can reset, and that nobody uses: not one that has left the host, which only answers "not available",
 * and not one that a guest has, which would lose its messages. A guest may ask for a reset itself, and the end of an mdev resets whatever
 * is linked to it.
 */
import { adapterOf, domainOf } from '../base/apqn.ts';
import type { Findings } from '../locks/finding.ts';
import { hasApqn } from '../vfio-ap/ap-matrix.ts';
import { ApMatrixMdev } from '../vfio-ap/ap-matrix-mdev.ts';
import type { MatrixDev } from '../vfio-ap/matrix-dev.ts';
import type { VfioApQueue } from '../vfio-ap/vfio-ap-queue.ts';

export function watchResets(dev: MatrixDev, findings: Findings, now: () => number): void {
  dev.onReset = (queue) => {
    const wrong = whatIsWrong(dev, queue);
    if (wrong === null) return;
    findings.report({
      kind: 'invariant',
      key: `invariant:reset:${wrong}`,
      title: `invariant: resets make sense: queue ${queue.name} is reset although ${wrong}`,
      tasks: [],
      time: now(),
    });
  };
}

function whatIsWrong(dev: MatrixDev, queue: VfioApQueue): string | null {
  const mdev = ApMatrixMdev.of(queue.mdev.inspect());
  const device = mdev?.device;
  if (device !== undefined && (device.closing || device.removing || device.resetting)) return null;
  const [adapter, domain] = [adapterOf(queue.apqn), domainOf(queue.apqn)];
  const { apm, aqm } = dev.info.inspect();
  if (!apm.has(adapter) || !aqm.has(domain)) return 'it has left the host';
  const kvm = mdev?.kvm.inspect() ?? null;
  return kvm !== null && hasApqn(kvm.apcb.inspect(), adapter, domain) ? `${kvm.name} has it` : null;
}
