//! How far a long piece of work came, on standard error when a person looks.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Between two looks at it.
const DRAW_EVERY: Duration = Duration::from_millis(200);
/// What is counted before it is shown: counting must cost nothing.
const STEP: u64 = 1024;

/// A bar that goes away when the work is done.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    uncounted: u64,
}

impl Progress {
    /// Of so many in all.
    pub(crate) fn new(what: &'static str, all: u64) -> Self {
        let bar = ProgressBar::new(all);
        let style = "{msg} {wide_bar} {human_pos}/{human_len}  {per_sec}  {eta}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar.enable_steady_tick(DRAW_EVERY);
        Self { bar, uncounted: 0 }
    }

    /// So many more.
    pub(crate) fn add(&mut self, count: usize) {
        self.uncounted += u64::try_from(count).unwrap_or(STEP);
        if self.uncounted >= STEP {
            self.bar.inc(self.uncounted);
            self.uncounted = 0;
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
