//! What processes used, as Linux counts it: processor time in hundredths of a second, and bytes on their way to
//! the disk.

use std::time::Duration;

use anyhow::Context as _;

use crate::figures::{Figures, count, micros};

/// The unit of `/proc/<pid>/stat`, the same on every Linux.
const TICK: Duration = Duration::from_millis(10);
/// Where user and system time stand, counted from behind the program's name.
const USER_AND_SYSTEM: (usize, usize) = (11, 12);

/// What this process and others use from now on.
pub(crate) struct Meter {
    before: Vec<(u32, Used)>,
}

/// What a process used since it began, all its threads together.
struct Used {
    /// User and system.
    cpu: Duration,
    /// Pages of files that it dirtied.
    written_kib: u32,
}

impl Meter {
    pub(crate) fn start(others: &[u32]) -> anyhow::Result<Self> {
        let pids = [std::process::id()]
            .into_iter()
            .chain(others.iter().copied());
        let before = pids
            .map(|pid| anyhow::Ok((pid, Used::by(pid)?)))
            .collect::<Result<_, _>>()?;
        Ok(Self { before })
    }

    /// Notes what each used for one call.
    pub(crate) fn stop(
        self,
        calls: usize,
        name: &str,
        others: &[&str],
        figures: &mut Figures,
    ) -> anyhow::Result<()> {
        let sides = ["client"].iter().chain(others);
        for ((pid, before), side) in self.before.into_iter().zip(sides) {
            let used = Used::by(pid)?;
            let cpu = micros(used.cpu.saturating_sub(before.cpu));
            let written = f64::from(used.written_kib.saturating_sub(before.written_kib));
            figures.put(format!("{name}_{side}_cpu_us"), cpu / count(calls));
            figures.put(format!("{name}_{side}_written_kib"), written / count(calls));
        }
        Ok(())
    }
}

impl Used {
    fn by(pid: u32) -> anyhow::Result<Self> {
        let read = |name: &str| {
            let path = format!("/proc/{pid}/{name}");
            std::fs::read_to_string(&path).context(path)
        };
        let ticks = ticks(&read("stat")?).context("processor time is not told")?;
        let written_kib = written_kib(&read("io")?).context("written bytes are not told")?;
        Ok(Self {
            cpu: TICK * ticks,
            written_kib,
        })
    }
}

fn ticks(stat: &str) -> Option<u32> {
    // the program's name may hold anything, a ")" too
    let (_name, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let field = |index: usize| fields.get(index)?.parse::<u32>().ok();
    field(USER_AND_SYSTEM.0)?.checked_add(field(USER_AND_SYSTEM.1)?)
}

fn written_kib(io: &str) -> Option<u32> {
    let line = io
        .lines()
        .find_map(|line| line.strip_prefix("write_bytes: "))?;
    u32::try_from(line.parse::<u64>().ok()? / 1024).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_system_time_are_found_behind_any_name() {
        let fields = "S 1 2 3 4 -1 6 7 8 9 10 250 50 0 0";
        assert_eq!(ticks(&format!("7 (a) b) {fields}")), Some(300));
        assert_eq!(ticks("7 (a"), None);
        assert_eq!(ticks("7 (a) S 1"), None);
    }

    #[test]
    fn written_bytes_are_found_by_name() {
        let io = "wchar: 9\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 8192\n";
        assert_eq!(written_kib(io), Some(8));
        assert_eq!(written_kib("wchar: 9\ncancelled_write_bytes: 1\n"), None);
    }
}
