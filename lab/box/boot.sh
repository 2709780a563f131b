#!/bin/bash
# Becomes systemd on an overlay of a root file system. Runs as the first process of new pid, mount, uts, ipc and net
# namespaces; every change goes to a tmpfs that ends with them, so the root stays as it was.
#
#   boot.sh ROOT STATE NAME        ROOT: the pristine root; STATE: an empty directory; NAME: of the control groups
set -euo pipefail
root=$1 state=$2 name=$3
hostname lab
ip link set lo up

mount -t tmpfs -o size=60% tmpfs "$state"
mkdir "$state"/{upper,work,merged}
m=$state/merged
mount -t overlay -o "lowerdir=$root,upperdir=$state/upper,workdir=$state/work" overlay "$m"
mount -t proc proc "$m/proc"
mount -t sysfs sysfs "$m/sys"
mount -t tmpfs -o mode=755 tmpfs "$m/dev"
for d in null zero full random urandom tty; do
  touch "$m/dev/$d"
  mount --bind "/dev/$d" "$m/dev/$d"
done
ln -s /proc/self/fd "$m/dev/fd"
ln -s fd/0 "$m/dev/stdin"
ln -s fd/1 "$m/dev/stdout"
ln -s fd/2 "$m/dev/stderr"
mkdir "$m/dev/pts" "$m/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$m/dev/pts"
ln -s pts/ptmx "$m/dev/ptmx"
mount -t tmpfs -o mode=1777 tmpfs "$m/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$m/run"
mount -t tmpfs -o mode=1777 tmpfs "$m/tmp"
# What a guardian likes to have: tracing and BPF, where this kernel offers them.
mount -t tracefs tracefs "$m/sys/kernel/tracing" 2>/dev/null || true
mount -t bpf bpf "$m/sys/fs/bpf" 2>/dev/null || true

# Control groups. Where the machine binds the memory controller to v1, a box with v2 alone would accept MemoryMax= and
# silently not enforce it; so the box then gets the same mixture of v1 and v2 as the machine.
controllers=
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  tree=/sys/fs/cgroup
else
  tree=/sys/fs/cgroup/unified
  for c in systemd memory pids cpu cpuacct blkio devices freezer; do
    [ -d "/sys/fs/cgroup/$c" ] && controllers+=" $c"
  done
fi
for dir in "$tree" ${controllers:+$(printf ' /sys/fs/cgroup/%s' $controllers)}; do
  [ -d "$dir" ] || continue
  mkdir -p "$dir/$name"
  echo 0 > "$dir/$name/cgroup.procs"
done
export m controllers
exec unshare --cgroup bash -ec '
  if [ -z "$controllers" ]; then
    mount -t cgroup2 cgroup2 "$m/sys/fs/cgroup"
  else
    mount -t tmpfs -o mode=755 tmpfs "$m/sys/fs/cgroup"
    mkdir "$m/sys/fs/cgroup/unified"
    mount -t cgroup2 cgroup2 "$m/sys/fs/cgroup/unified"
    for c in $controllers; do
      mkdir "$m/sys/fs/cgroup/$c"
      option=$c
      [ $c = systemd ] && option=none,name=systemd
      mount -t cgroup -o $option cgroup "$m/sys/fs/cgroup/$c"
    done
  fi
  # pivot_root, not chroot: whoever enters these namespaces later must not see the outer mounts.
  cd "$m"
  pivot_root . mnt
  cd /
  exec env -i container=muster-lab PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /bin/sh -c "umount -l /mnt; exec /lib/systemd/systemd --log-target=journal --show-status=0"'
