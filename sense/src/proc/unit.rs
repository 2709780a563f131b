//! The systemd unit of a process, by its control group.

use super::Proc;

/// The system unit in whose control group a process is: a `.service`, but not a person's `user@UID.service`.
pub fn unit_of(proc: &Proc, pid: i32) -> Option<String> {
    let groups = proc.cgroups(pid).ok()??;
    // Version 2, or the hierarchy that systemd keeps for itself beside version 1.
    let path = groups
        .iter()
        .find(|(name, path)| name.is_empty() && path != "/")
        .or_else(|| groups.iter().find(|(name, _)| name == "name=systemd"));
    unit_in(&path?.1)
}

/// The unit in a path such as `/system.slice/nginx.service`: the first part that is not a slice.
pub(crate) fn unit_in(path: &str) -> Option<String> {
    let name = path.split('/').find(|part| !part.is_empty() && *part != ".." && !part.ends_with(".slice"))?;
    // systemd puts `_` before a name that the kernel might take for one of its own files.
    let name = name.strip_prefix('_').unwrap_or(name);
    (name.ends_with(".service") && !name.starts_with("user@")).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_the_first_part_that_is_not_a_slice() {
        let check = |path: &str, unit: Option<&str>| assert_eq!(unit_in(path).as_deref(), unit, "{path}");
        check("/system.slice/nginx.service", Some("nginx.service"));
        check("/system.slice/system-postgresql.slice/postgresql@15-main.service", Some("postgresql@15-main.service"));
        check("/system.slice/docker.service/inner/x.service", Some("docker.service"));
        check("/system.slice/_cpu.service", Some("cpu.service"));
        check("/../system.slice/nginx.service", Some("nginx.service"));
        check("/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service", None);
        check("/user.slice/user-0.slice/session-3.scope", None);
        check("/", None);
    }
}
