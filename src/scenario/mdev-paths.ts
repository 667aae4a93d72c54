/**
 * An mdev's scenario name in a sysfs path stands for its UUID: the directories that hold one entry per mdev are the matrix parent device,
 * its type's `devices` folder, the mdev bus and its driver, and the mdev_bus class (drivers/vfio/mdev).
 */

const HOLDERS = [
  '/sys/devices/vfio_ap/matrix/mdev_supported_types/vfio_ap-passthrough/devices/',
  '/sys/devices/vfio_ap/matrix/',
  '/sys/class/mdev_bus/matrix/mdev_supported_types/vfio_ap-passthrough/devices/',
  '/sys/class/mdev_bus/matrix/',
  '/sys/bus/matrix/devices/matrix/',
  '/sys/bus/mdev/devices/',
  '/sys/bus/mdev/drivers/vfio_ap_mdev/',
];

/** What is written to `create` may be the name of an mdev, too. */
export function createValue(path: string, value: string, uuids: ReadonlyMap<string, string>): string {
  return path.endsWith('/vfio_ap-passthrough/create') ? (uuids.get(value.trimEnd()) ?? value) : value;
}

/** The path with the name of an mdev, if it has one where an mdev stands, replaced by the UUID. */
export function withUuid(path: string, uuids: ReadonlyMap<string, string>): string {
  for (const holder of HOLDERS) {
    if (!path.startsWith(holder)) continue;
    const rest = path.slice(holder.length);
    const end = rest.indexOf('/');
    const name = end < 0 ? rest : rest.slice(0, end);
    const uuid = uuids.get(name);
    if (uuid !== undefined) return holder + uuid + rest.slice(name.length);
  }
  return path;
}
