//! Who does the jobs: a name of this process that no other has, and whether the process of such a name still lives.

use std::path::Path;

/// What stands between the part of a name that people read and the part that tells processes apart.
const APART: &str = " @";

/// A name of this process: machine and number for people, then what no other process has.
pub(super) fn name() -> String {
    let host = fs_err::read_to_string("/proc/sys/kernel/hostname");
    let host = host.map_or_else(|_| "this machine".to_owned(), |host| host.trim().to_owned());
    let pid = std::process::id();
    let key = key(pid).unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    format!("{pid} on {host}{APART}{key}")
}

/// The part of a name that people read.
pub(super) fn told(name: &str) -> &str {
    name.split(APART).next().unwrap_or(name)
}

/// Whether a process of such a name certainly lives no more: it ran where this one does, and is not there. Of a process
/// elsewhere that cannot be said.
pub(super) fn is_gone(name: &str) -> bool {
    let Some((readable, theirs)) = name.split_once(APART) else {
        return false;
    };
    let (Some(pid), Some(place)) = (
        readable.split(' ').next().and_then(|pid| pid.parse().ok()),
        place(),
    ) else {
        return false;
    };
    theirs.starts_with(&place) && key(pid).as_deref() != Some(theirs)
}

/// What tells the processes of this machine since it started apart: the numbers of processes are given again.
fn key(pid: u32) -> Option<String> {
    let stat =
        fs_err::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    // The name in parentheses may hold anything; the start is the twentieth value behind it
    // (proc_pid_stat(5): field 22). A process that has ended and was not waited for is gone.
    let mut behind = stat[stat.rfind(')')? + 1..].split_whitespace();
    if matches!(behind.next()?, "Z" | "X") {
        return None;
    }
    let started = behind.nth(18)?;
    Some(format!("{}{started}", place()?))
}

/// The machine since it started, and the space that numbers of processes hold in.
fn place() -> Option<String> {
    let boot = fs_err::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let space = fs_err::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {} ", boot.trim(), space.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_gone_once_it_has_ended_and_not_before() {
        let own = name();
        assert!(!is_gone(&own));
        assert!(told(&own).starts_with(&format!("{} on ", std::process::id())));
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let pid = child.id();
        let its = format!("{pid} on here{APART}{}", key(pid).unwrap());
        assert!(!is_gone(&its));
        // The same number, given again.
        assert!(is_gone(&format!("{its}0")));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_gone(&its));
        assert!(!is_gone(&format!(
            "{pid} on there{APART}another boot pid:[1] 7"
        )));
        assert!(!is_gone("somebody"));
    }
}
