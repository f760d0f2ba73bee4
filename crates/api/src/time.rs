//! Instants on the wire and in the domain.

use jiff::Timestamp;

/// An instant as protobuf's Timestamp, to the microsecond.
pub fn to_wire(at: Timestamp) -> prost_types::Timestamp {
    let micros = at.as_microsecond();
    let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1_000).unwrap_or(0);
    prost_types::Timestamp {
        seconds: micros.div_euclid(1_000_000),
        nanos,
    }
}

/// Protobuf's Timestamp as an instant; none when it is out of range.
pub fn from_wire(at: &prost_types::Timestamp) -> Option<Timestamp> {
    Timestamp::new(at.seconds, at.nanos).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_back_to_the_microsecond() {
        for micros in [0, 1, -1, 1_764_028_800_123_456] {
            let at = Timestamp::from_microsecond(micros).expect("in range");
            assert_eq!(from_wire(&to_wire(at)), Some(at));
        }
    }
}
