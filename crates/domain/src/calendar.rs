//! Swedish working days. Public holidays are computed from the law, never listed by year.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::Offset;

/// Whether a day is red: a Sunday or another public holiday (allmän helgdag), lag (1989:253) om allmänna
/// helgdagar.
pub fn is_red_day(date: Date) -> bool {
    let fixed = matches!(
        (date.month(), date.day()),
        // New Year's Day, Epiphany, 1 May, National Day, Christmas Day, Boxing Day
        (1, 1 | 6) | (5, 1) | (6, 6) | (12, 25 | 26)
    );
    // Good Friday, Easter Day, Easter Monday, Ascension Day, Whit Sunday: from 20 March to 13 June
    let movable =
        || matches!(date.month(), 3..=6) && matches!(days_after_easter(date), -2 | 0 | 1 | 39 | 49);
    date.weekday() == Weekday::Sunday || fixed || is_red_saturday(date) || movable()
}

/// Whether offices work: not on red days, Saturdays and the eves of midsummer, Christmas and the new year,
/// which lag (1930:173) om beräkning av lagstadgad tid treats like holidays.
pub fn is_working_day(date: Date) -> bool {
    let eve = matches!((date.month(), date.day()), (12, 24 | 31)) || is_midsummer_eve(date);
    date.weekday() != Weekday::Saturday && !is_red_day(date) && !eve
}

/// The working day that comes so many working days after a date; the date itself for 0. Stops at the end of
/// the calendar's range, year 9999.
pub fn add_working_days(date: Date, days: u32) -> Date {
    let mut reached = date;
    let mut left = days;
    while left > 0 {
        let Ok(next) = reached.tomorrow() else { break };
        reached = next;
        left -= u32::from(is_working_day(reached));
    }
    reached
}

/// The day itself when offices work then, otherwise the next day they do: a time that ends on another day ends
/// then (lag 1930:173, 2 §).
pub fn next_working_day(date: Date) -> Date {
    if is_working_day(date) {
        date
    } else {
        add_working_days(date, 1)
    }
}

/// So many months after a day: the day with the same number, or the month's last when there is none (lag
/// 1930:173, 1 §). Stops at the end of the calendar's range.
pub fn months_after(date: Date, months: u32) -> Date {
    date.saturating_add(jiff::Span::new().try_months(months).unwrap_or_default())
}

/// The day in Sweden at an instant. Summer time runs from the last Sunday of March to the last of October, both
/// at 01:00 UTC (directive 2000/84/EC, SFS 2001:127): the rule itself, so that no update of time zone data ever
/// changes what a journal means.
pub fn day_in_sweden(at: Timestamp) -> Date {
    offset(at).to_datetime(at).date()
}

/// The first instant of a day in Sweden; none beyond the range of instants.
pub fn midnight_in_sweden(day: Date) -> Option<Timestamp> {
    // the clock never changes at midnight: the offset of the evening before is that of midnight
    let winter = Offset::constant(1).to_timestamp(day.at(0, 0, 0, 0)).ok()?;
    offset(winter).to_timestamp(day.at(0, 0, 0, 0)).ok()
}

fn offset(at: Timestamp) -> Offset {
    let year = Offset::UTC.to_datetime(at).year();
    let changes = |month| {
        let last = Date::new(year, month, 31).ok()?;
        let sunday = last.saturating_sub(
            jiff::Span::new().days(i64::from(last.weekday().to_sunday_zero_offset())),
        );
        Offset::UTC.to_timestamp(sunday.at(1, 0, 0, 0)).ok()
    };
    let is_summer =
        changes(3).is_some_and(|begins| begins <= at) && changes(10).is_some_and(|ends| at < ends);
    Offset::constant(if is_summer { 2 } else { 1 })
}

/// Midsummer Day (20 to 26 June) and All Saints' Day (31 October to 6 November).
fn is_red_saturday(date: Date) -> bool {
    let week = matches!(
        (date.month(), date.day()),
        (6, 20..=26) | (10, 31) | (11, 1..=6)
    );
    week && date.weekday() == Weekday::Saturday
}

fn is_midsummer_eve(date: Date) -> bool {
    matches!((date.month(), date.day()), (6, 19..=25)) && date.weekday() == Weekday::Friday
}

/// Days from Easter Day of the same year; negative before it.
fn days_after_easter(date: Date) -> i16 {
    date.day_of_year() - easter_day_of_year(date)
}

/// Easter Day as day of the year, for the year of a date: the Sunday after the first ecclesiastical full moon
/// on or after 21 March (Gregorian computus, Oudin's form).
fn easter_day_of_year(date: Date) -> i16 {
    let year = i32::from(date.year());
    let golden = year.rem_euclid(19);
    let century = year.div_euclid(100);
    let epact = (century - century / 4 - (8 * century + 13) / 25 + 19 * golden + 15).rem_euclid(30);
    let moon = epact - (epact / 28) * (1 - (29 / (epact + 1)) * ((21 - golden) / 11));
    let weekday = (year + year.div_euclid(4) + moon + 2 - century + century / 4).rem_euclid(7);
    // days from 28 March; 28 March is day 87, or 88 in a leap year
    let after = moon - weekday;
    i16::try_from(after).unwrap_or_default() + 87 + i16::from(date.in_leap_year())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    /// The red days of a year that are no ordinary Sundays, and the eves.
    fn days(year: i16, is: impl Fn(Date) -> bool) -> Vec<String> {
        Date::constant(year, 1, 1)
            .series(jiff::Span::new().days(1))
            .take_while(|day| day.year() == year)
            .filter(|day| is(*day))
            .map(|day| day.to_string())
            .collect()
    }

    #[test]
    fn the_day_in_sweden_turns_at_its_own_midnight() {
        for (instant, day) in [
            ("2026-12-31T22:59:59Z", "2026-12-31"),
            ("2026-12-31T23:00:00Z", "2027-01-01"),
            ("2026-06-30T21:59:59Z", "2026-06-30"),
            ("2026-06-30T22:00:00Z", "2026-07-01"),
            // the nights when the clock changes
            ("2027-03-27T23:00:00Z", "2027-03-28"),
            ("2027-03-28T22:00:00Z", "2027-03-29"),
            ("2027-10-30T22:00:00Z", "2027-10-31"),
            ("2027-10-31T22:59:59Z", "2027-10-31"),
            ("2027-10-31T23:00:00Z", "2027-11-01"),
            ("2028-02-28T23:00:00Z", "2028-02-29"),
        ] {
            let at: Timestamp = instant.parse().expect("an instant");
            assert_eq!(day_in_sweden(at), date(day), "{instant}");
        }
    }

    #[test]
    fn a_month_ends_on_the_same_number_or_the_months_last() {
        for (from, months, after, working) in [
            ("2026-11-24", 1, "2026-12-24", "2026-12-28"),
            ("2027-01-31", 1, "2027-02-28", "2027-03-01"),
            ("2028-01-31", 1, "2028-02-29", "2028-02-29"),
            ("2027-11-30", 3, "2028-02-29", "2028-02-29"),
            ("2027-04-06", 1, "2027-05-06", "2027-05-07"),
        ] {
            let end = months_after(date(from), months);
            assert_eq!(
                (end, next_working_day(end)),
                (date(after), date(working)),
                "{from}"
            );
        }
    }

    proptest! {
        #[test]
        fn invariant_a_day_begins_at_its_midnight(number in -20_000i32..60_000) {
            let day = Date::constant(1996, 1, 1).saturating_add(jiff::Span::new().days(number.max(0)));
            let begins = midnight_in_sweden(day).expect("in range");
            let nanosecond = jiff::SignedDuration::from_nanos(1);
            prop_assert_eq!(day_in_sweden(begins), day);
            prop_assert_eq!(day_in_sweden(begins - nanosecond), day.yesterday().expect("in range"));
        }
    }

    #[test]
    fn red_weekdays_and_saturdays_of_2026_and_2027() {
        let red = |day: Date| is_red_day(day) && day.weekday() != Weekday::Sunday;
        let of_2026 = [
            "2026-01-01",
            "2026-01-06",
            "2026-04-03",
            "2026-04-06",
            "2026-05-01",
            "2026-05-14",
            "2026-06-06",
            "2026-06-20",
            "2026-10-31",
            "2026-12-25",
            "2026-12-26",
        ];
        let of_2027 = [
            "2027-01-01",
            "2027-01-06",
            "2027-03-26",
            "2027-03-29",
            "2027-05-01",
            "2027-05-06",
            "2027-06-26",
            "2027-11-06",
            "2027-12-25",
        ];
        assert_eq!(days(2026, red), of_2026);
        assert_eq!(days(2027, red), of_2027);
    }

    #[test]
    fn offices_also_close_on_the_eves_of_2026_and_2027() {
        let eve = |day: Date| {
            !is_working_day(day) && !is_red_day(day) && day.weekday() != Weekday::Saturday
        };
        assert_eq!(days(2026, eve), ["2026-06-19", "2026-12-24", "2026-12-31"]);
        assert_eq!(days(2027, eve), ["2027-06-25", "2027-12-24", "2027-12-31"]);
    }

    #[test]
    fn easter_falls_where_almanacs_say() {
        for easter in [
            "1818-03-22",
            "1943-04-25",
            "1954-04-18",
            "1981-04-19",
            "2000-04-23",
            "2008-03-23",
            "2024-03-31",
            "2025-04-20",
            "2026-04-05",
            "2027-03-28",
            "2038-04-25",
            "2049-04-18",
        ] {
            assert_eq!(days_after_easter(date(easter)), 0, "{easter}");
        }
    }

    #[test]
    fn working_days_skip_weekends_holidays_and_eves() {
        for (from, days, expected) in [
            ("2026-11-24", 0, "2026-11-24"),
            ("2026-11-24", 1, "2026-11-25"),
            ("2026-11-24", 10, "2026-12-08"),
            // Saturday: counting starts on Monday
            ("2026-11-28", 1, "2026-11-30"),
            // over Christmas, New Year and Epiphany
            ("2026-12-23", 1, "2026-12-28"),
            ("2026-12-23", 10, "2027-01-13"),
            // over Easter
            ("2026-04-02", 1, "2026-04-07"),
            // over midsummer
            ("2027-06-24", 1, "2027-06-28"),
        ] {
            assert_eq!(
                add_working_days(date(from), days),
                date(expected),
                "{from} + {days}"
            );
        }
        assert_eq!(add_working_days(Date::MAX, 10), Date::MAX);
    }

    proptest! {
        #[test]
        fn invariant_so_many_working_days_lie_between(
            year in 1990i16..2100, day in 1i16..=365, count in 1u32..60
        ) {
            let from = Date::constant(year, 1, 1).with().day_of_year(day).build().expect("a day");
            let to = add_working_days(from, count);
            prop_assert!(is_working_day(to));
            let between = from
                .series(jiff::Span::new().days(1))
                .skip(1)
                .take_while(|day| *day <= to)
                .filter(|day| is_working_day(*day))
                .count();
            prop_assert_eq!(between, usize::try_from(count).expect("small"));
        }

        #[test]
        fn invariant_easter_is_a_sunday_from_22_march_to_25_april(year in 1583i16..9999) {
            let first = Date::constant(year, 3, 22);
            let easter = first
                .series(jiff::Span::new().days(1))
                .take(35)
                .find(|day| days_after_easter(*day) == 0);
            prop_assert_eq!(easter.map(Date::weekday), Some(Weekday::Sunday));
        }
    }
}
