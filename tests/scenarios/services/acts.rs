//! What somebody does before the running services, but for the passing of days, and where that leads.

use api::v1;
use client::{Refused, request_id};
use domain::code::{AnswerCode, CloseReason, WithdrawalReason};
use domain::relocation_state::RelocationState;
use tests::outcome;

use super::super::play::Answer;
use super::super::request;
use super::super::steps::{Announced, Event, Who};
use super::{Services, about, reasons, write};

impl Services<'_> {
    /// A full consent of today.
    pub(crate) fn ground(&self) -> v1::LegalGround {
        request::consent(self.house.today())
    }

    /// An announcement's envelope as somebody sees it.
    pub(super) async fn envelope(&self, who: Who, name: &str) -> v1::Relocation {
        let request = v1::GetRelocationRequest {
            view: v1::View::Basic.into(),
            ..self.party(who).reading(name)
        };
        let answer = self.party(who).get_relocation(request).await;
        let relocation = answer.expect("a party reads").relocation;
        relocation.expect("an answer holds a relocation")
    }

    /// Where an announcement stands, by its place among all of them.
    pub(crate) async fn state(&self, place: usize) -> RelocationState {
        let (_, to, name) = self.relocations.get(place).expect("it was announced");
        let seen = self.envelope(*to, name).await;
        RelocationState::from_number(seen.state).expect("known")
    }

    pub(super) async fn announce(
        &mut self,
        from: Who,
        to: Who,
        request: v1::RegisterRelocationRequest,
    ) -> Result<Answer, Refused> {
        self.request = Some(request.clone());
        let answer = self.party(from).register(request).await?;
        self.position = answer.position;
        let name = answer.relocation.expect("a relocation").name;
        self.relocations.push((from, to, name.clone()));
        Ok(Answer {
            name,
            warnings: reasons(answer.warnings),
        })
    }

    pub(super) async fn retry(&mut self, by: Who, how: Announced) -> Result<Answer, Refused> {
        let mut request = self.request.clone().expect("somebody announced");
        how(&mut request);
        let to = self.relocations.last().expect("somebody announced").1;
        self.announce(by, to, request).await
    }

    pub(super) async fn acknowledge(&self, by: Who) -> Result<Answer, Refused> {
        self.party(by).take_in(&self.relocation(), "").await?;
        Ok(about(self.relocation()))
    }

    pub(super) async fn reply(
        &self,
        by: Who,
        text: &str,
        objection: bool,
    ) -> Result<Answer, Refused> {
        let ground = request::consent(self.house.today());
        let reply = write!(ReplyToRelocationRequest, self.party(by),
            name: self.relocation(), text: text.to_owned(), objection: objection,
            legal_ground: Some(ground));
        self.party(by).reply(reply).await?;
        Ok(about(self.relocation()))
    }

    pub(super) async fn withdraw(
        &self,
        by: Who,
        reason: WithdrawalReason,
    ) -> Result<Answer, Refused> {
        let withdraw = write!(WithdrawRelocationRequest, self.party(by),
            name: self.relocation(), reason: reason.number());
        self.party(by).withdraw(withdraw).await?;
        Ok(about(self.relocation()))
    }

    pub(super) async fn answer(&self, by: Who, answer: AnswerCode) -> Result<Answer, Refused> {
        let (name, today) = (self.newest_alert(by).await, self.house.today());
        let answer = write!(AnswerAlertRequest, self.party(by),
            name: name.clone(), answer: answer.number(), text: "Vi har sett efter.".to_owned(),
            legal_ground: Some(request::consent(today)));
        self.party(by).answer(answer).await?;
        Ok(about(name))
    }

    pub(super) async fn dispute(&self, by: Who) -> Result<Answer, Refused> {
        let (name, today) = (self.newest_alert(by).await, self.house.today());
        let dispute = write!(DisputeAlertRequest, self.party(by),
            name: name.clone(), text: "Det stämmer inte.".to_owned(),
            legal_ground: Some(request::consent(today)));
        self.party(by).dispute(dispute).await?;
        Ok(about(name))
    }

    /// The newest announcement from one to another, by name.
    pub(crate) fn newest_name(&self, from: Who, to: Who) -> String {
        let of_pair = |known: &&(Who, Who, String)| (known.0, known.1) == (from, to);
        let newest = self.relocations.iter().rfind(of_pair);
        newest.expect("it was announced").2.clone()
    }

    /// Somebody's newest report, by name.
    pub(crate) fn newest_arrival(&self, by: Who) -> String {
        let newest = self.arrivals.iter().rfind(|(who, _)| *who == by);
        newest.expect("somebody reported").1.clone()
    }

    pub(super) async fn retract(&self, by: Who) -> Result<Answer, Refused> {
        let name = self.newest_arrival(by);
        let retract = write!(WithdrawArrivalRequest, self.party(by), name: name.clone());
        self.party(by).withdraw_arrival(retract).await?;
        Ok(about(name))
    }

    pub(super) async fn tell(&self, to: Who, events: &[Event]) -> Result<Answer, Refused> {
        let feed = self.open.feed.acting_for(self.party(to).code());
        let today = self.house.today();
        let code = |who: Who| self.party(who).municipality();
        let events = events.iter().map(|it| request::event(it, today, code));
        let results = feed.import(events.collect()).await?;
        Ok(self.became(&results))
    }

    pub(super) async fn ask_of_clients(
        &self,
        of: Who,
        events: &[Event],
    ) -> Result<Answer, Refused> {
        let today = self.house.today();
        let code = |who: Who| self.party(who).municipality();
        let events = events.iter().map(|it| v1::RegisterEvent {
            ongoing_involvement: true,
            ..request::event(it, today, code)
        });
        let results = self.party(of).try_import(events.collect()).await?;
        Ok(self.became(&results))
    }

    fn became(&self, results: &[v1::RegisterEventResult]) -> Answer {
        let left = |it: &v1::RegisterEventResult| {
            let moved = it.unannounced_move.as_ref()?;
            let is_there = |who: &Who| self.party(*who).municipality() == moved.registered_in;
            let there = [Who::A, Who::B, Who::C].into_iter().find(is_there);
            Some(format!(" LEFT FOR {:?}", there.expect("one of them")))
        };
        let shown = |it| outcome(it) + &left(it).unwrap_or_default();
        Answer {
            name: String::new(),
            warnings: results.iter().map(shown).collect(),
        }
    }

    pub(super) async fn refer(&self, by: Who) -> Result<Answer, Refused> {
        let refer = write!(ReferTransferRequest, self.party(by),
            name: self.relocation(), referred_on: self.house.today().to_string());
        self.party(by).refer(refer).await?;
        Ok(about(self.relocation()))
    }

    pub(super) async fn decided(&self, by: Who) -> Result<Answer, Refused> {
        let decided = write!(RecordTransferDecisionRequest, self.party(by),
            name: self.relocation(), granted: true, decided_on: self.house.today().to_string());
        self.party(by).record_decision(decided).await?;
        Ok(about(self.relocation()))
    }

    pub(super) async fn close(&self, asked: Who, reason: CloseReason) -> Result<Answer, Refused> {
        let name = self.newest_alert(asked).await;
        let close = v1::CloseAlertRequest {
            actor: self.open.operator.actor(),
            request_id: request_id(),
            name: name.clone(),
            reason: reason.number(),
            ..v1::CloseAlertRequest::default()
        };
        self.open.operator.close(close).await?;
        Ok(about(name))
    }

    pub(super) async fn describe(
        &self,
        by: Who,
        function: v1::Function,
    ) -> Result<Answer, Refused> {
        let name = function.name.clone();
        let set = write!(SetFunctionRequest, self.party(by), function: Some(function));
        self.party(by).set_function(set).await?;
        Ok(about(name))
    }

    pub(super) async fn confirm(&self, by: Who) -> Result<Answer, Refused> {
        let party = self.party(by);
        let notices = party.notices().await?;
        let newest = notices.last().expect("something to confirm");
        let confirm = v1::ConfirmNoticeRequest {
            municipality: party.municipality(),
            request_id: request_id(),
            validate_only: false,
            number: newest.number,
            chain: newest.chain.clone(),
        };
        let answer = party.confirm(confirm).await?;
        assert!(answer.agrees, "the chains agree");
        Ok(about(String::new()))
    }

    pub(super) async fn report(
        &mut self,
        by: Who,
        request: v1::ReportArrivalRequest,
    ) -> Result<Answer, Refused> {
        let answer = self.party(by).report(request).await?;
        self.position = answer.position;
        let name = answer.arrival.expect("an arrival").name;
        self.arrivals.push((by, name.clone()));
        Ok(Answer {
            name,
            warnings: reasons(answer.warnings),
        })
    }
}
