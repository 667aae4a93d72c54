/**
 * The mdevs of a host as `mdevctl list --dumpjson` prints the active ones: parents with their devices, attributes as ap-check answers them
 * (decimal, adapters first). Source: mdevctl(8), and real-tools.md 3 and 4.2.
 */
import type { Machine } from '../../machine/machine.ts';

export function mdevctlJson(machine: Machine): string {
  const devices = machine.vfioAp.matrixDev.mdevs.inspect().map((mdev) => {
    const { apm, aqm, adm } = mdev.matrix.inspect();
    const attrs = [
      ...[...apm.bits()].map((id) => ({ assign_adapter: `${id}` })),
      ...[...aqm.bits()].map((id) => ({ assign_domain: `${id}` })),
      ...[...adm.bits()].map((id) => ({ assign_control_domain: `${id}` })),
    ];
    return { [mdev.name]: { mdev_type: machine.vfioAp.parent.type.id, start: 'manual', attrs } };
  });
  return `${JSON.stringify(devices.length === 0 ? [] : [{ matrix: devices }], null, 2)}\n`;
}
