//! Generated code, committed and proven fresh by `cargo xtask codegen --check`. Never edited.

/// The public contract.
pub mod flyttbud {
    /// Version 1.
    #[allow(
        clippy::pedantic,
        clippy::as_conversions,
        clippy::allow_attributes,
        clippy::allow_attributes_without_reason,
        clippy::wildcard_enum_match_arm,
        clippy::large_enum_variant,
        clippy::large_futures,
        unused_qualifications,
        missing_docs,
        unreachable_pub,
        rustdoc::all,
        reason = "generated"
    )]
    #[rustfmt::skip]
    pub mod v1 {
        include!("generated/flyttbud.v1.rs");
    }
}

/// The journal's entries.
pub mod journal {
    /// Version 1.
    #[allow(
        clippy::pedantic,
        clippy::as_conversions,
        clippy::allow_attributes,
        clippy::allow_attributes_without_reason,
        clippy::wildcard_enum_match_arm,
        unused_qualifications,
        missing_docs,
        unreachable_pub,
        rustdoc::all,
        reason = "generated"
    )]
    #[rustfmt::skip]
    pub mod v1 {
        include!("generated/journal.v1.rs");
    }
}

/// The descriptors of both packages, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!("generated/descriptor.bin");

/// An instant on the wire.
pub use prost_types::Timestamp;
