//! Replay: the product's own over a journal that a country could have written, beside the bare decoding of the same
//! entries. Nothing is replayed here, and nothing is judged.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use domain::subject::Position;
use journal::export::{Head, Reader, Writer};
use serde_json::Value;
use tests::history::Years;
use tokio::process::Command;

use crate::figures::{Figures, label};
use crate::world::World;

/// Medians are taken of so many.
const ROUNDS: usize = 3;
/// The digest of the state is taken after each so many entries, ten times as often as a ledger does.
const DIGEST_EVERY: &str = "1000";
/// Entries decoded without a pause: they are read from the file before the clock runs.
const DECODED_AT_ONCE: usize = 10_000;

/// A journal in a file.
struct Export {
    path: PathBuf,
    entries: u32,
    root: String,
}

/// What the product said of a replay.
struct Replayed {
    entries_per_second: f64,
    memory_mib: f64,
}

/// Measures journals of each size, the smallest first.
pub(crate) async fn measure(
    folder: &Path,
    sizes: &[u32],
    figures: &mut Figures,
) -> anyhow::Result<()> {
    for entries in sizes {
        let export = Export::write(folder, *entries)?;
        let mut rounds = Vec::new();
        for _round in 0..ROUNDS {
            rounds.push(export.round().await?);
        }
        figures.extend(&Figures::medians(&rounds));
        std::fs::remove_file(&export.path)?;
    }
    let (Some(smallest), Some(largest)) = (sizes.first(), sizes.last()) else {
        return Ok(());
    };
    compare(*smallest, *largest, figures);
    Ok(())
}

/// The largest stands for all, and beside the smallest for what grows with the journal.
fn compare(smallest: u32, largest: u32, figures: &mut Figures) {
    let named = |entries: u32, what: &str| format!("replay_{}_{what}", label(entries));
    for what in ["entries_per_s", "over_decode", "memory_mib"] {
        let seen = figures.get(&named(largest, what));
        figures.put(format!("replay_{what}"), seen);
    }
    let of = |what: &str| {
        (
            figures.get(&named(smallest, what)),
            figures.get(&named(largest, what)),
        )
    };
    let (slow, fast) = of("entries_per_s");
    let (less, more) = of("memory_mib");
    let entries = f64::from(largest - smallest);
    figures.put("replay_rate_largest_over_smallest", fast / slow);
    figures.put(
        "replay_memory_bytes_per_entry",
        (more - less) * 1_048_576.0 / entries,
    );
}

impl Export {
    fn write(folder: &Path, entries: u32) -> anyhow::Result<Self> {
        let path = folder.join(format!("replay-{entries}.export"));
        let head = Head {
            origin: "bench".to_owned(),
            first: Position(1),
            last: Position(entries.into()),
        };
        let file = BufWriter::with_capacity(1 << 20, File::create_new(&path)?);
        let mut writer = Writer::begin(file, head)?;
        let mut years = Years::new();
        let mut next = 1;
        while next <= entries {
            // a journal that ends earlier is a journal
            for bytes in years.next_run() {
                if next <= entries {
                    writer.put(Position(next.into()), &bytes)?;
                    next += 1;
                }
            }
        }
        let (_file, end) = writer.end(None)?;
        Ok(Self {
            path,
            entries,
            root: end.root.to_string(),
        })
    }

    async fn round(&self) -> anyhow::Result<Figures> {
        let decoded = self.decode()?;
        let replayed = self.replay(&["--no-views"]).await?;
        let tables = self.replay(&[]).await?;
        let mut figures = Figures::default();
        for (what, value) in [
            ("decoded_entries_per_s", decoded),
            ("entries_per_s", replayed.entries_per_second),
            ("over_decode", replayed.entries_per_second / decoded),
            ("memory_mib", replayed.memory_mib),
            ("with_tables_entries_per_s", tables.entries_per_second),
            ("with_tables_memory_mib", tables.memory_mib),
        ] {
            figures.put(format!("replay_{}_{what}", label(self.entries)), value);
        }
        Ok(figures)
    }

    /// Entries a second that one processor decodes, and does nothing else with.
    fn decode(&self) -> anyhow::Result<f64> {
        let mut reader = Reader::open(BufReader::new(File::open(&self.path)?))?;
        let mut took = Duration::ZERO;
        let mut waiting = Vec::with_capacity(DECODED_AT_ONCE);
        loop {
            let next = reader.next()?;
            let is_end = next.is_none();
            waiting.extend(next.map(|(_position, bytes)| bytes));
            if waiting.len() >= DECODED_AT_ONCE || is_end {
                let began = Instant::now();
                for bytes in waiting.drain(..) {
                    std::hint::black_box(api::record::decode(&bytes)?);
                }
                took += began.elapsed();
            }
            if is_end {
                return Ok(f64::from(self.entries) / took.as_secs_f64());
            }
        }
    }

    /// `flyttbud journal replay`, which must find the root that was written.
    async fn replay(&self, options: &[&str]) -> anyhow::Result<Replayed> {
        let mut command = Command::new(World::program()?);
        command
            .args(["--json", "journal", "replay"])
            .arg(&self.path);
        command.args(["--digest-every", DIGEST_EVERY]);
        command.args(["--expect-root", &self.root]).args(options);
        let output = command.output().await?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "flyttbud journal replay: {said}");
        let told = String::from_utf8(output.stdout)?;
        let last = told.lines().last().context("a replay says what it saw")?;
        let told: Value = serde_json::from_str(last)?;
        let number = |name: &str| {
            let value = told.get(name).and_then(Value::as_f64);
            value.with_context(|| format!("a replay says nothing of '{name}'"))
        };
        ensure!(
            number("entries")?.total_cmp(&self.entries.into()).is_eq(),
            "a replay left entries out"
        );
        Ok(Replayed {
            entries_per_second: number("entries_per_second")?,
            memory_mib: number("memory_mib_max")?,
        })
    }
}
