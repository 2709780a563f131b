//! Commands run by people: which programs count, which services they name, and the last of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use muster_model::actor::Actor;
use muster_model::id::ServiceName;
use muster_model::time::Time;

/// How many commands are kept.
pub(super) const KEPT_MAX: usize = 4_096;
/// The kernel keeps this many bytes of a program's name (`TASK_COMM_LEN` without the closing NUL).
pub(super) const NAME_MAX_BYTES: usize = 15;
/// The most names whose start is reported; `PROGRAMS` in `bpf/muster.bpf.c` has as many places.
pub(super) const NAMES_MAX: usize = 4_096;
/// The most words that are looked for.
const WORDS_MAX: usize = 100_000;

/// The programs with which people change a machine, by subject: services and power, processes, packages, files, network,
/// containers, the system.
const PEOPLE_RUN: &str = "
    systemctl service rc-service initctl supervisorctl sv s6-svc monit init telinit shutdown reboot halt poweroff
    kill pkill killall killall5 skill fuser renice taskset prlimit
    apt apt-get aptitude dpkg dpkg-reconfigur yum dnf rpm zypper apk pacman snap flatpak pip pip3 npm gem
    rm rmdir unlink shred mv cp ln install rsync scp tar sed tee truncate dd touch chmod chown chgrp chattr setfacl
    vi vim vim.basic vim.tiny nvim nano emacs ed mcedit visudo sudoedit crontab
    nft iptables ip6tables iptables-restor ufw firewall-cmd ip ifconfig route tc nmcli ifdown ifup
    docker docker-compose podman nerdctl ctr crictl kubectl
    useradd userdel usermod groupdel passwd chpasswd sysctl modprobe rmmod insmod mount umount mkfs fdisk parted swapoff
    update-alternat timedatectl hostnamectl date";

/// What is known of commands.
#[derive(Debug)]
pub(super) struct Commands {
    people_run: BTreeSet<&'static str>,
    programs: BTreeSet<String>,
    mentions: BTreeMap<String, Vec<ServiceName>>,
    kept: VecDeque<(Time, Actor)>,
}

impl Default for Commands {
    fn default() -> Commands {
        let people_run = PEOPLE_RUN.split_whitespace().collect();
        Commands { people_run, programs: BTreeSet::new(), mentions: BTreeMap::new(), kept: VecDeque::new() }
    }
}

impl Commands {
    /// Every name whose start is to be reported.
    pub(super) fn names(&self) -> Vec<String> {
        let people = self.people_run.iter().map(|name| (*name).to_owned());
        people.chain(self.programs.iter().cloned()).take(NAMES_MAX).collect()
    }

    pub(super) fn set_programs(&mut self, names: Vec<String>) {
        let cut = |name: String| name[..name.floor_char_boundary(NAME_MAX_BYTES)].to_owned();
        self.programs = names.into_iter().map(cut).filter(|name| !name.is_empty()).collect();
    }

    pub(super) fn is_program(&self, comm: &str) -> bool {
        self.programs.contains(comm)
    }

    pub(super) fn is_command(&self, comm: &str) -> bool {
        self.people_run.contains(comm)
    }

    pub(super) fn is_wanted(&self, comm: &str) -> bool {
        self.is_command(comm) || self.is_program(comm)
    }

    pub(super) fn set_mentions(&mut self, words: Vec<(ServiceName, Vec<String>)>) {
        self.mentions.clear();
        for (service, words) in words {
            for word in words {
                if self.mentions.len() >= WORDS_MAX {
                    return;
                }
                let services = self.mentions.entry(stem(&word).to_owned()).or_default();
                if !services.contains(&service) {
                    services.push(service.clone());
                }
            }
        }
    }

    /// The services that the arguments name, each once. The first argument is the program itself.
    pub(super) fn mentioned(&self, arguments: &[String]) -> Vec<ServiceName> {
        let mut services = Vec::new();
        // A unit is named by the path of its file too.
        let unit = |argument: &String| {
            let (_, name) = argument.rsplit_once('/').filter(|(_, name)| name.ends_with(".service"))?;
            self.mentions.get(stem(name))
        };
        let named = |argument: &String| self.mentions.get(stem(argument)).or_else(|| unit(argument)).cloned();
        for service in &arguments.iter().skip(1).filter_map(named).flatten().collect::<Vec<_>>() {
            if !services.contains(service) {
                services.push(service.clone());
            }
        }
        services
    }

    pub(super) fn keep(&mut self, at: Time, actor: Actor) {
        if self.kept.len() >= KEPT_MAX {
            self.kept.pop_front();
        }
        self.kept.push_back((at, actor));
    }

    pub(super) fn since(&self, since: Time) -> Vec<(Time, Actor)> {
        self.kept.iter().filter(|(at, _)| *at >= since).cloned().collect()
    }

    /// The last command that ran as this process.
    pub(super) fn last_by(&self, pid: i32) -> Option<Actor> {
        self.kept.iter().rev().find(|(_, actor)| actor.pid == Some(pid)).map(|(_, actor)| actor.clone())
    }
}

/// A unit's name with and without `.service` is the same word.
fn stem(word: &str) -> &str {
    word.strip_suffix(".service").unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_command_names_a_service_only_by_a_whole_argument() {
        let mut commands = Commands::default();
        let words = vec!["nginx.service".to_owned(), "/etc/nginx/nginx.conf".to_owned()];
        commands.set_mentions(vec![("web".into(), words), ("other".into(), vec!["nginx".into()])]);
        assert_eq!(commands.mentioned(&arguments("systemctl stop nginx")), ["web".into(), "other".into()]);
        assert_eq!(commands.mentioned(&arguments("systemctl stop nginx.service")).len(), 2);
        assert_eq!(commands.mentioned(&arguments("rm /etc/nginx/nginx.conf")), ["web".into()]);
        assert!(commands.mentioned(&arguments("rm /etc/nginx/nginx.conf.bak")).is_empty());
        assert_eq!(commands.mentioned(&arguments("rm /etc/systemd/system/nginx.service")).len(), 2, "the unit's own file");
        assert!(commands.mentioned(&arguments("rm /srv/nginx")).is_empty());
        assert!(commands.mentioned(&arguments("nginx -t")).is_empty(), "the program's own name is not an argument");
    }

    #[test]
    fn only_the_last_commands_are_kept() {
        let mut commands = Commands::default();
        for n in 0..KEPT_MAX as i32 + 10 {
            commands.keep(Time(i64::from(n)), Actor { pid: Some(n), ..Actor::default() });
        }
        assert_eq!(commands.since(Time(0)).len(), KEPT_MAX);
        assert_eq!(commands.since(Time(KEPT_MAX as i64 + 5)).len(), 5);
        assert_eq!((commands.last_by(9), commands.last_by(10).unwrap().pid), (None, Some(10)));
    }

    #[test]
    fn names_are_cut_as_the_kernel_cuts_them() {
        let mut commands = Commands::default();
        commands.set_programs(vec!["a-program-with-a-long-name".into(), String::new()]);
        assert!(commands.is_program("a-program-with-"));
        assert!(commands.names().iter().all(|name| name.len() <= NAME_MAX_BYTES && !name.is_empty()));
    }
}
