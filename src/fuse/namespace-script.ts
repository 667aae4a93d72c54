/**
 * The steps that turn a private mount namespace into one whose /sys is the emulated one: a shell script for `unshare -m`, since Node has no
 * mount(2). No kernel counterpart; what the steps rely on is in Documentation/filesystems/sharedsubtree.rst.
 */
import { readFileSync } from 'node:fs';

/** One mount of /proc/self/mountinfo. */
interface Mount {
  readonly path: string;
  /** Of the mount, not of its file system. */
  readonly flags: readonly string[];
}

export interface NamespacePlan {
  /** Where the emulated tree is mounted. */
  readonly emulated: string;
  /** An empty directory for a tmpfs of the namespace. */
  readonly work: string;
  /** Below /sys: see `namespaceTree`. */
  readonly binds: readonly string[];
  /** Where device nodes are mounted that /dev shall have as well; null: /dev stays as it is. */
  readonly devices: string | null;
}

/** Said on stderr, which the script is given as a pipe, when all is mounted; before that comes what mount complains about. */
export const READY = 'apemu: namespace ready';

/**
 * Called as `sh -c SCRIPT apemu EMULATED WORK MOUNTS BINDS DEVICES CMD ARGS...`; MOUNTS and BINDS are lists of lines. Its descriptor 2 is
 * for complaints, 3 becomes the stderr of CMD. Without READY on descriptor 2 a step has failed.
 *
 * A bind mount takes over the flags of what it shows: /sys is made read-only first, and its parts are bound from there. /dev is put together
 * anew, as nobody may add a name to the real one.
 */
const NAMESPACE_SCRIPT = `
emulated=$1 work=$2 mounts=$3 binds=$4 devices=$5
shift 5
set -e
trap 'exit 125' EXIT
mount -t tmpfs -o mode=0755 apemu "$work"
mkdir "$work/sys" "$work/mdevctl.d"
mount --rbind /sys "$work/sys"
printf '%s' "$mounts" | while read -r flags path; do
  mount -o "remount,bind,$flags" "$work$path"
done
mount --bind "$emulated" /sys
printf '%s' "$binds" | while read -r path; do
  mount --rbind "$work/sys/$path" "/sys/$path"
done
mkdir -p "$work/mdevctl.d/scripts.d/callouts" "$work/mdevctl.d/scripts.d/notifiers"
if [ ! -d /etc/mdevctl.d ]; then
  mkdir "$work/etc" "$work/etc-work"
  mount -t overlay -o "lowerdir=/etc,upperdir=$work/etc,workdir=$work/etc-work" apemu /etc
  mkdir /etc/mdevctl.d
fi
mount --bind "$work/mdevctl.d" /etc/mdevctl.d
if [ -n "$devices" ]; then
  mkdir "$work/dev"
  mount --rbind /dev "$work/dev"
  mount -t tmpfs -o mode=0755 apemu /dev
  for node in "$work"/dev/* "$devices"/*; do
    name=/dev/\${node##*/}
    if [ -L "$node" ]; then
      cp -P "$node" "$name"
    elif [ -d "$node" ]; then
      mkdir "$name"
      mount --rbind "$node" "$name"
    elif [ -e "$node" ]; then
      [ -e "$name" ] || : > "$name"
      mount --bind "$node" "$name"
    fi
  done
fi
cd "$PWD" || cd /
trap - EXIT
set +e
echo '${READY}' >&2
exec 2>&3 3>&-
command -v -- "$1" >/dev/null || { echo "apemu shell: expected a command, got $1: not found" >&2; exit 127; }
exec "$@"
`;

/** The arguments of `sh` for a plan. `mountinfo` is the text of that file of the process that calls it. */
export function scriptArguments(plan: NamespacePlan, mountinfo: string, command: readonly string[]): string[] {
  const { emulated, work, binds, devices } = plan;
  const mounts = sysMounts(mountinfo).map(({ path, flags }) => `${flags.join(',')} ${path}\n`);
  const lists = [mounts.join(''), binds.map((path) => `${path}\n`).join('')];
  return ['-c', NAMESPACE_SCRIPT, 'apemu', emulated, work, ...lists, devices ?? '', ...command];
}

export const ownMountinfo = (): string => readFileSync('/proc/self/mountinfo', 'utf8');

/**
 * /sys and what is mounted below, each with the flags that make it read-only. The flags that it has must be named again: in a user namespace
 * they are locked, and mount(2) refuses to take them away.
 */
export function sysMounts(mountinfo: string): Mount[] {
  const found = new Map<string, Mount>();
  for (const line of mountinfo.split('\n')) {
    const [, , , , at = '', options = ''] = line.split(' ');
    const path = at.replace(/\\([0-7]{3})/g, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
    if (path !== '/sys' && !path.startsWith('/sys/')) continue;
    // What is mounted over something else hides it: the last one counts.
    found.set(path, { path, flags: ['ro', ...options.split(',').filter((flag) => flag !== 'rw' && flag !== 'ro')] });
  }
  return [...found.values()];
}
