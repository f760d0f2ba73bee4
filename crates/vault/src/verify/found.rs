//! What finds the subjects, beside their keys: both stand in the order of subjects and authorities, and the keys hold a digest
//! of the rows that were put with them.

use std::collections::{BTreeMap, VecDeque};

use uuid::Uuid;

use super::Verified;
use super::row::Read;
use crate::Error;
use crate::copy::{Row, Rows, SEARCH};
use crate::seal::found_by;
use crate::search::digest;

/// What an authority's keys to a subject say of its search rows.
enum Held {
    /// Nothing: an earlier program put them.
    Nothing,
    /// This.
    Digest(Vec<u8>),
    /// Nobody can tell: keys that do not open are a fault of their own.
    Unknown,
}

/// An authority's search rows of one subject.
struct Group {
    subject: Uuid,
    authority: i64,
    rows: Vec<([u8; 16], u8)>,
}

/// How far both were gone over.
#[derive(Default)]
pub(super) struct Found {
    /// The subject whose keys are read, with what they say for each authority.
    now: Option<(Uuid, BTreeMap<i64, Held>)>,
    page: VecDeque<Row>,
    after: Option<Row>,
    is_over: bool,
}

impl Found {
    /// The next row of keys: whose to which subject, and the keys; none when they do not open.
    pub(super) async fn by(
        &mut self,
        id: Option<(Uuid, i64)>,
        keys: Result<&Vec<u8>, &&'static str>,
        rows: &mut dyn Rows,
        verified: &mut Verified,
    ) -> Result<(), Error> {
        let Some((subject, authority)) = id else {
            return Ok(());
        };
        if self.now.as_ref().is_some_and(|(now, _)| *now != subject) {
            self.settle(rows, verified).await?;
        }
        let (_now, held) = self.now.get_or_insert_with(|| (subject, BTreeMap::new()));
        let held = held.entry(authority).or_insert(Held::Nothing);
        match keys.map(|keys| found_by(keys)) {
            Ok(Some(digest)) => *held = Held::Digest(digest.to_vec()),
            Err(_) if matches!(held, Held::Nothing) => *held = Held::Unknown,
            Ok(None) | Err(_) => {}
        }
        Ok(())
    }

    /// No keys come any more.
    pub(super) async fn end(
        &mut self,
        rows: &mut dyn Rows,
        verified: &mut Verified,
    ) -> Result<(), Error> {
        self.settle(rows, verified).await?;
        while let Some(group) = self.group(rows).await? {
            wrong(verified, (group.subject, group.authority), ALONE);
        }
        Ok(())
    }

    /// Holds the search rows of the subject, and of those before it, against the keys.
    async fn settle(&mut self, rows: &mut dyn Rows, verified: &mut Verified) -> Result<(), Error> {
        let Some((subject, mut held)) = self.now.take() else {
            return Ok(());
        };
        while let Some(first) = self.first(rows).await?
            && first <= subject
        {
            let Some(group) = self.group(rows).await? else {
                break;
            };
            let says = (group.subject == subject)
                .then(|| held.remove(&group.authority))
                .flatten();
            let count = u64::try_from(group.rows.len()).unwrap_or(u64::MAX);
            match says {
                None => wrong(verified, (group.subject, group.authority), ALONE),
                Some(Held::Digest(says)) if digest(group.rows.into_iter()).as_slice() != says => {
                    wrong(verified, (subject, group.authority), OTHERS);
                }
                Some(Held::Digest(_) | Held::Unknown) => {}
                Some(Held::Nothing) => verified.unproven += count,
            }
        }
        for (authority, says) in held {
            let none = digest(std::iter::empty());
            if matches!(says, Held::Digest(says) if says != none) {
                wrong(verified, (subject, authority), OTHERS);
            }
        }
        Ok(())
    }

    /// The subject of the next search row.
    async fn first(&mut self, rows: &mut dyn Rows) -> Result<Option<Uuid>, Error> {
        let Some(row) = self.peek(rows).await? else {
            return Ok(None);
        };
        let id = Read(row).id(0).map_err(|_form| Error::Tampered)?;
        Ok(Some(Uuid::from_bytes(id)))
    }

    /// The next search rows of one authority and subject.
    async fn group(&mut self, rows: &mut dyn Rows) -> Result<Option<Group>, Error> {
        let mut group: Option<Group> = None;
        while let Some(row) = self.peek(rows).await? {
            let read = Read(row);
            let said = read.id(0).and_then(|subject| {
                let kind = u8::try_from(read.number(3)?).unwrap_or(u8::MAX);
                Ok((subject, read.number(1)?, (read.id(2)?, kind)))
            });
            let (subject, authority, row) = said.map_err(|_form| Error::Tampered)?;
            let subject = Uuid::from_bytes(subject);
            match &mut group {
                Some(of) if (of.subject, of.authority) != (subject, authority) => break,
                Some(of) => of.rows.push(row),
                None => {
                    group = Some(Group {
                        subject,
                        authority,
                        rows: vec![row],
                    });
                }
            }
            self.page.pop_front();
        }
        Ok(group)
    }

    async fn peek(&mut self, rows: &mut dyn Rows) -> Result<Option<&Row>, Error> {
        if self.page.is_empty() && !self.is_over {
            let page = rows.page(&SEARCH, self.after.as_ref()).await?;
            self.is_over = page.is_empty();
            self.after = page.last().cloned().or(self.after.take());
            self.page = page.into();
        }
        Ok(self.page.front())
    }
}

fn wrong(verified: &mut Verified, (subject, authority): (Uuid, i64), what: &'static str) {
    let place = format!("subject {subject}, authority {authority}");
    verified.fault(&SEARCH, &place, what);
}

const OTHERS: &str = "what finds it is not what was put with its keys";
const ALONE: &str = "it finds what has no keys";
