//! LiftProtection: an officer takes back what an officer said of a person by hand. The reason is the purpose of the access,
//! which is durable before anything is lifted.

use api::parse::{self, Faults};
use api::status::Refusal;
use api::v1;
use domain::reason::Reason;
use vault::{NoteKind, SearchTerm};

use crate::access::Opening;
use crate::call::Call;
use crate::core::{Core, no_keys};
use crate::permit::Party;
use crate::person::Person;
use crate::protection;

pub(super) async fn lift(
    core: &Core,
    call: &Call,
    request: v1::LiftProtectionRequest,
) -> Result<v1::LiftProtectionResponse, Refusal> {
    let party = Party::of(core, call, &request.municipality).await?;
    let mut faults = Faults::default();
    let actor = faults.actor(request.actor.as_ref());
    let text = &request.identity_number;
    let number = parse::identity_number(&mut faults, "identity_number", text, core.context());
    faults.end()?;
    let number = number.ok_or_else(|| Refusal::new(Reason::Internal))?;
    let before = Person::read(core, party, &number, &[NoteKind::Protected]).await?;
    let token = core
        .vault
        .search_token(party.code(), SearchTerm::Number(&number));
    let term = (
        v1::SearchTermKind::IdentityNumber,
        token.await.map_err(no_keys)?,
    );
    let found = usize::from(protection::is_protected(&before)?);
    // whoever reviews sees each of them
    let opening = Opening::search(term, &actor, found).about(v1::AccessSecrecy::Marked);
    core.record_access(call, party, opening).await?;
    let after = if request.validate_only {
        before
    } else {
        protection::lift(core, party, &number).await?;
        Person::read(core, party, &number, &[NoteKind::Protected]).await?
    };
    let holds = if protection::is_protected(&after)? {
        v1::ProtectionLevel::ProtectedRegistration
    } else if protection::is_marked(&after)? {
        v1::ProtectionLevel::SecrecyMarking
    } else {
        v1::ProtectionLevel::None
    };
    Ok(v1::LiftProtectionResponse {
        protection: holds.into(),
    })
}
