#!/bin/sh
# Runs libvirtd with its node device driver only, in mount and network namespaces of its own, and then the commands on stdin, one a line,
# each with its status: what it needs in /run, /var and /etc is private and goes with the namespaces. FOLDER is for its log.
#
#   libvirtd.sh FOLDER <COMMANDS
FOLDER=$1
if [ "$2" != inside ]; then exec unshare -mn --propagation private /bin/sh "$0" "$FOLDER" inside; fi

for place in /run /var/lib /var/cache /var/log; do mount -t tmpfs none $place || exit 99; done
mkdir -p /run/udev /run/libvirt /run/drivers /run/etc-libvirt
[ ! -d /etc/libvirt ] || mount --bind /run/etc-libvirt /etc/libvirt || exit 99
# libudev listens to udev only where udev seems to run; here the notifier of mdevctl takes its part.
touch /run/udev/control
ln -s "$(ls /usr/lib/*/libvirt/connection-driver/libvirt_driver_nodedev.so /usr/lib64/libvirt/connection-driver/libvirt_driver_nodedev.so 2>/dev/null | head -n 1)" \
  /run/drivers/libvirt_driver_nodedev.so
cat >/run/libvirtd.conf <<END
unix_sock_dir = "/run/libvirt"
auth_unix_rw = "none"
log_outputs = "3:file:$FOLDER/libvirtd.log"
END
# The file system of /sys is not sysfs here, which libudev would mind.
export LIBVIRT_DRIVER_DIR=/run/drivers SYSTEMD_DEVICE_VERIFY_SYSFS=0
libvirtd -f /run/libvirtd.conf -p /run/libvirtd.pid >"$FOLDER/libvirtd.out" 2>&1 </dev/null &
daemon=$!
virsh() { timeout 30 virsh -q -c nodedev:///system "$@"; }
# It answers when it has looked at all devices; there is nothing else to wait for.
until virsh nodedev-list --cap ap_matrix >/dev/null 2>&1; do kill -0 $daemon || exit 98; done
# From here on `udevadm settle`, which libvirt runs, would wait for a udev that is not there.
rm /run/udev/control

while read -r command; do
  eval "$command" 2>&1 </dev/null
  echo "status $?"
done
kill $daemon
wait $daemon
