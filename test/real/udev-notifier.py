#!/usr/bin/env python3
"""What udev would tell its listeners when an mdev has come or gone: a notifier of mdevctl, which sends it to the group of libudev."""
import socket
import struct
import sys

# The definition of the device; mdevctl takes a notifier that does not read it for one that has failed.
sys.stdin.read()
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
action = {"start": "add", "stop": "remove"}.get(options["-a"])
if options["-s"] != "success" or action is None:
    sys.exit(0)
properties = {
    "ACTION": action,
    "DEVPATH": "/devices/vfio_ap/matrix/" + options["-u"],
    "SUBSYSTEM": "mdev",
    "SEQNUM": "4711",
}
payload = b"".join(f"{key}={value}\0".encode() for key, value in properties.items())
# Prefix, magic, size of the header, offset and length of the properties; no hashes for filters.
header = b"libudev\0" + struct.pack("!I", 0xFEEDCAFE) + struct.pack("=III", 40, 40, len(payload)) + bytes(16)
NETLINK_KOBJECT_UEVENT = 15
UDEV_GROUP = 2
with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_KOBJECT_UEVENT) as channel:
    channel.bind((0, 0))
    channel.sendto(header + payload, (0, UDEV_GROUP))
