//! The lines at both ends of an export.

use domain::subject::Position;
use tlog::tree::Hash;

use super::{End, ExportError, HEAD_BYTES_MAX, Head, MAGIC, ORIGIN_BYTES_MAX, VERSION};

impl Head {
    /// How many entries it promises.
    pub fn entries(&self) -> u64 {
        (self.last.0 + 1).saturating_sub(self.first.0)
    }

    pub(super) fn is_sound(&self) -> Result<(), ExportError> {
        let is_line = !self.origin.contains(char::is_control);
        if !is_line || self.origin.len() > ORIGIN_BYTES_MAX {
            return Err(ExportError::Origin);
        }
        if self.first.0 == 0 || self.last.0 == u64::MAX || self.last.0 + 1 < self.first.0 {
            return Err(ExportError::Head);
        }
        Ok(())
    }

    /// The first lines of the file, and an empty one.
    pub(super) fn lines(&self) -> String {
        format!("{MAGIC}{VERSION}\n{}\n", self.about())
    }

    fn about(&self) -> String {
        let Self {
            origin,
            first,
            last,
        } = self;
        format!("origin: {origin}\npositions: {}-{}\n", first.0, last.0)
    }

    pub(super) fn parse(text: &str) -> Result<Self, ExportError> {
        let Some((version, rest)) = text
            .strip_prefix(MAGIC)
            .and_then(|text| text.split_once('\n'))
        else {
            return Err(ExportError::Foreign);
        };
        if version != VERSION {
            return Err(ExportError::Version);
        }
        let read = || {
            let (origin, rest) = rest.strip_prefix("origin: ")?.split_once('\n')?;
            let (first, last) = rest
                .strip_prefix("positions: ")?
                .trim_end()
                .split_once('-')?;
            let head = Self {
                origin: origin.to_owned(),
                first: Position(first.parse().ok()?),
                last: Position(last.parse().ok()?),
            };
            // written in one way only, so what is read back is what stood there
            (head.lines() == text && head.is_sound().is_ok()).then_some(head)
        };
        read().ok_or(ExportError::Head)
    }
}

impl End {
    /// The last lines of the file. They repeat the head, which has no check of its own.
    pub(super) fn lines(&self, head: &Head) -> String {
        let digest = self.digest.as_deref().unwrap_or("none");
        format!(
            "{}entries: {}\nroot: {}\ndigest: {digest}\n",
            head.about(),
            self.entries,
            self.root
        )
    }

    /// What the last lines say, which must be what is known by then.
    pub(super) fn parse(
        text: &str,
        head: &Head,
        entries: u64,
        root: Hash,
    ) -> Result<Self, ExportError> {
        let digest = text
            .rsplit_once("\ndigest: ")
            .map(|(_, digest)| digest.trim_end());
        let end = Self {
            entries,
            root,
            digest: digest.filter(|digest| *digest != "none").map(str::to_owned),
        };
        (end.lines(head) == text)
            .then_some(end)
            .ok_or(ExportError::End)
    }
}

const _: () = assert!(
    HEAD_BYTES_MAX > ORIGIN_BYTES_MAX + 128,
    "every head that is written can be read"
);
