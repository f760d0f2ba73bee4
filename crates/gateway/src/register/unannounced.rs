//! Whether a municipality's own client is registered elsewhere now without its having announced that (oanmäld flytt).
//! Answered to whoever told the event, and to nobody else: nothing of it is sent, counted or put into the record. That
//! somebody asked is a search, and stands in the municipality's access log before it is answered.

use api::parse::Understood;
use api::status::Refusal;
use api::v1;
use domain::disclosure::Protection;
use domain::identity::IdentityNumber;
use domain::register::{Reference, Registration, Timeline, Told};
use jiff::Timestamp;
use vault::{NoteKind, SearchTerm};

use super::standing;
use crate::access::Opening;
use crate::call::Call;
use crate::core::{Core, no_keys};
use crate::permit::Feed;
use crate::person::Person;
use crate::protection;
use crate::relocation::{own, relocations};

/// Who asks.
pub(super) struct Asker<'a> {
    pub(super) call: &'a Call,
    pub(super) actor: v1::Actor,
}

/// A client with an ongoing involvement, as an event tells.
pub(super) struct Client<'a> {
    asker: Asker<'a>,
    /// All numbers that the event names.
    numbers: Vec<IdentityNumber>,
    changed_at: Timestamp,
    registrations: Vec<Registration>,
}

impl<'a> Client<'a> {
    /// None for who is protected or marked, and for who is registered nowhere: then nothing is looked up.
    pub(super) fn of(asker: Asker<'a>, understood: &Understood) -> Option<Self> {
        let Understood::Known(event) = understood else {
            return None;
        };
        if !event.is_registered || event.protection != Protection::None {
            return None;
        }
        let mut numbers = vec![event.number.clone()];
        if let Some(Reference { replaced, by }) = &event.reference {
            let other = if *replaced == event.number {
                by
            } else {
                replaced
            };
            numbers.push(other.clone());
        }
        let is_over = event.deregistration.is_some();
        Some(Self {
            asker,
            numbers,
            changed_at: event.changed_at,
            // the record of a number that was replaced tells nothing of today
            registrations: if is_over {
                Vec::new()
            } else {
                event.registrations.clone()
            },
        })
    }
}

/// Where a client is registered today, when the municipality announced no move there. It is the municipality's own view,
/// whoever announced for it, under every code that it ever had.
pub(super) async fn moved(
    core: &Core,
    feed: Feed,
    client: Option<&Client<'_>>,
) -> Result<Option<v1::UnannouncedMove>, Refusal> {
    let Some(client) = client else {
        return Ok(None);
    };
    let found = found(core, feed, client).await?;
    // whatever it found, nothing is answered that is not recorded
    let party = feed.party();
    let Asker { call, actor } = &client.asker;
    for number in &client.numbers {
        let term = SearchTerm::Number(number);
        let token = core.vault.search_token(party.code(), term).await;
        let term = (v1::SearchTermKind::IdentityNumber, token.map_err(no_keys)?);
        let search = Opening::search(term, actor, found.iter().len());
        core.record_access(call, party, search).await?;
    }
    Ok(found)
}

async fn found(
    core: &Core,
    feed: Feed,
    client: &Client<'_>,
) -> Result<Option<v1::UnannouncedMove>, Refusal> {
    const KINDS: [NoteKind; 2] = [NoteKind::Standing, NoteKind::Protected];
    let (mut told, mut announced) = (Vec::new(), Vec::new());
    for party in feed.parties(core) {
        for number in &client.numbers {
            let person = Person::read(core, party, number, &KINDS).await?;
            if protection::is_secret(&person)? {
                return Ok(None);
            }
            told.extend_from_slice(standing::told(&person)?.told());
            let subjects = own(core, &person).await?;
            let relocations = relocations(core, party, &subjects).await?.into_iter();
            announced.extend(relocations.map(|(_, fold)| fold));
        }
    }
    let mut timeline = Timeline::new(told);
    // a dry run kept nothing of it; told once more it changes nothing
    timeline.take_in(Told {
        changed_at: client.changed_at,
        mark: [0; 16],
        registrations: client.registrations.clone(),
    });
    let home = feed.party().code();
    let definition = core.definition().await?;
    let place = (core.context().lineage, core.today());
    let found = ledger::unannounced(&timeline, (home, &announced), &definition, place);
    Ok(found.map(|stay| v1::UnannouncedMove {
        registered_in: stay.municipality.resource_name(),
        since: stay.since.to_string(),
    }))
}
