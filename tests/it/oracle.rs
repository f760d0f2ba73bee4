//! Identity numbers, read by us and by a program of others: both must think the same of each.

use std::env;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use domain::identity::IdentityNumber;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Serials that are never assigned.
const SERIALS: [u16; 6] = [238, 239, 980, 981, 982, 983];

/// The Python that `cargo xtask test` installs.
pub(crate) fn python() -> PathBuf {
    env::var_os("FLYTTBUD_PYTHON")
        .expect("FLYTTBUD_PYTHON names the Python of the tests: cargo xtask test sets it")
        .into()
}

/// A file of this package.
pub(crate) fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The check digit that makes nine digits right (mod 10, Luhn), worked out anew.
fn check_digit(nine: &str) -> u32 {
    let sum: u32 = nine
        .chars()
        .zip([2, 1].into_iter().cycle())
        .map(|(digit, weight)| digit.to_digit(10).expect("a digit") * weight)
        .map(|product| product / 10 + product % 10)
        .sum();
    (10 - sum % 10) % 10
}

/// Test numbers, right and wrong in all their parts, in all forms that both read.
fn numbers(today: Date) -> Vec<String> {
    let mut numbers = Vec::new();
    let days = [
        1, 9, 15, 28, 29, 30, 31, 32, 59, 61, 70, 88, 89, 90, 91, 92, 99,
    ];
    let mut turn = 0_usize;
    // this year is left out: what is still to come is ambiguous in ten digits, and nobody's in twelve
    for year in (1830..today.year())
        .rev()
        .step_by(3)
        .chain([1900, 2000, 1996, 2024])
    {
        for month in [1, 2, 4, 6, 11, 12, 13, 20] {
            turn += 1;
            let day = days[turn % days.len()];
            let serial = SERIALS[turn % SERIALS.len()];
            let short = format!("{:02}{month:02}{day:02}", year % 100);
            let right = check_digit(&format!("{short}{serial}"));
            let wrong = (right + 1 + u32::try_from(turn % 8).expect("small")) % 10;
            for check in [right, wrong] {
                let date = format!("{year}{month:02}{day:02}");
                numbers.push(format!("{date}{serial}{check}"));
                numbers.push(format!("{date}-{serial}{check}"));
                // the century of ten digits is the reader's to find; this year's short form is ambiguous
                if year % 100 != today.year() % 100 {
                    numbers.push(format!("{short}-{serial}{check}"));
                    // with "+", those of 1827 to 1829 in 2026 are before the first year that we read
                    if !(today.year() % 100..30).contains(&(year % 100)) {
                        numbers.push(format!("{short}+{serial}{check}"));
                    }
                }
            }
        }
    }
    for shape in [
        "",
        "-",
        "19900101",
        "19900101-",
        "19900101-238",
        "199001012385x",
        "x",
    ] {
        numbers.push(shape.to_owned());
    }
    numbers
}

#[test]
fn an_independent_program_thinks_the_same_of_every_number() {
    let today = Timestamp::now().to_zoned_datetime(TimeZone::UTC).date();
    let numbers = numbers(today);
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("numbers");
    let mut out = File::create(&list).expect("a file");
    for number in &numbers {
        writeln!(out, "{number}").expect("written");
    }
    let output = Command::new(python())
        .arg(file("oracle/identity_oracle.py"))
        .stdin(Stdio::from(File::open(&list).expect("a file")))
        .output()
        .expect("Python starts");
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let verdicts: Vec<&str> = said.lines().collect();
    assert_eq!(verdicts.len(), numbers.len());
    let (mut valid, mut differ) = (0, Vec::new());
    for (number, theirs) in numbers.iter().zip(verdicts) {
        let ours = IdentityNumber::parse(number, today).is_ok();
        valid += usize::from(ours);
        if ours != (theirs == "valid") {
            differ.push(format!("{number}: {theirs}"));
        }
    }
    println!("{} numbers, {valid} of them valid", numbers.len());
    assert_eq!(differ, Vec::<String>::new());
    assert!(
        numbers.len() > 2000 && valid > 500,
        "{} and {valid}",
        numbers.len()
    );
}
