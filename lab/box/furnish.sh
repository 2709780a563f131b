#!/bin/sh
# Furnishes a fresh Debian root for the laboratory: persons with sudo, names, a front end for HAProxy, and services that
# neither come up by themselves nor want the same port.
#
#   furnish.sh ROOT                (a --customize-hook of mmdebstrap)
set -eu
root=$1
rm -f "$root/usr/sbin/policy-rc.d"
echo lab > "$root/etc/hostname"
printf '127.0.0.1 localhost lab\n::1 localhost\n' > "$root/etc/hosts"
mkdir -p "$root/var/log/journal" "$root/etc/muster"

chroot "$root" useradd --create-home --shell /bin/bash --uid 1000 alice
chroot "$root" useradd --create-home --shell /bin/bash --uid 1001 bob
printf 'alice ALL=(ALL) NOPASSWD: ALL\nbob ALL=(ALL) NOPASSWD: ALL\n' > "$root/etc/sudoers.d/lab"
chmod 0440 "$root/etc/sudoers.d/lab"

cat > "$root/etc/haproxy/haproxy.cfg" <<'CFG'
global
    log /dev/log local0
    chroot /var/lib/haproxy
    stats socket /run/haproxy/admin.sock mode 660 level admin
    user haproxy
    group haproxy

defaults
    log global
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s

frontend front
    bind 127.0.0.1:8080
    http-request return status 200 content-type text/plain string "front"
CFG

# Apache beside nginx; neither has a name to look up.
sed -i 's/^Listen 80$/Listen 127.0.0.1:8081/' "$root/etc/apache2/ports.conf"
sed -i 's/\*:80>/*:8081>/' "$root/etc/apache2/sites-available/000-default.conf"
echo 'ServerName lab' > "$root/etc/apache2/conf-enabled/name.conf"
# The box has the clock and the kernel's log of the machine around it: chronyd must not set the one, rsyslogd not empty the other.
echo 'DAEMON_OPTS="-x"' > "$root/etc/default/chrony"
sed -i '/imklog/d' "$root/etc/rsyslog.conf"
chroot "$root" postconf -e myhostname=lab mydestination='lab, localhost' inet_interfaces=loopback-only

# Scenarios start what they want of these.
chroot "$root" systemctl disable --quiet apache2 mariadb mosquitto memcached unbound php8.2-fpm postfix ssh cron rsyslog chrony

# The machine's own housekeeping would only blur what is measured.
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer logrotate.timer \
  man-db.timer phpsessionclean.timer unbound-resolvconf.service systemd-networkd.service systemd-resolved.service \
  systemd-timesyncd.service monit.service runit.service; do
  chroot "$root" systemctl mask "$unit" >/dev/null 2>&1 || true
done
# Where it is, it starts when a benchmark says so.
chroot "$root" systemctl disable prometheus-blackbox-exporter.service >/dev/null 2>&1 || true
