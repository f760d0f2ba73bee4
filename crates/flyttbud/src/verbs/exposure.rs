//! Who can read what of a relocation that is named: its standing is asked for, and nothing of its content is read.

use api::v1;
use domain::exposure::Erased;

use super::{Session, call, instant, word};
use crate::explain::exposure::{Named, Options, tell};
use crate::failure::Failure;

impl Session {
    pub(super) async fn exposure(&self, options: &Options) -> Result<(), Failure> {
        let request = v1::GetRelocationRequest {
            municipality: self.profile.municipality()?,
            name: options.relocation.clone().unwrap_or_default(),
            view: v1::View::Basic.into(),
            ..v1::GetRelocationRequest::default()
        };
        let answer = call!(self, relocations.get_relocation(request))?;
        let relocation = answer.relocation.unwrap_or_default();
        let state = relocation.state().as_str_name();
        let is_ended = |whose: &String| relocation.reading_ended_for.contains(whose);
        let named = Named {
            erased: Erased {
                receivers: is_ended(&relocation.receiving_municipality),
                senders_to_replies: is_ended(&relocation.sending_municipality),
            },
            state: word(state, "RELOCATION_STATE_"),
            reading_ended_at: instant(relocation.reading_ended_at.as_ref()),
            name: relocation.name,
        };
        tell(options, Some(&named), self.json);
        Ok(())
    }
}
