//! Legal grounds from the wire. What a ground demands is decided in `domain::disclosure`.

use std::collections::BTreeSet;

use domain::ground::{CareLimb, Consent, ConsentForm, Demand, Ground, Scope};
use domain::reason::Reason;

use super::Faults;
use crate::v1::{self, LegalGroundCode as Code};

/// The ground, or faults. Missing details are found by the rules, with the fields' paths.
pub fn legal_ground(faults: &mut Faults, ground: Option<&v1::LegalGround>) -> Option<Ground> {
    let Some(ground) = ground else {
        faults.add("legal_ground", Reason::LegalGroundMissing);
        return None;
    };
    faults.free_text(Demand::Motivation.field(), &ground.motivation, 0, 4000);
    faults.free_text(Demand::Assessment.field(), &ground.assessment, 0, 4000);
    faults.text(Demand::TransferCase.field(), &ground.transfer_case, 0, 64);
    let second_officer = &ground.second_officer_id;
    faults.text(Demand::SecondOfficer.field(), second_officer, 0, 64);
    let Ok(code) = Code::try_from(ground.code) else {
        faults.add("legal_ground.code", Reason::ValueUnknown);
        return None;
    };
    Some(match code {
        Code::Unspecified => {
            faults.add("legal_ground.code", Reason::LegalGroundMissing);
            return None;
        }
        Code::Consent => Ground::Consent(consent(faults, ground.consent.as_ref())?),
        Code::Transfer2912 => Ground::Transfer2912 {
            case: ground.transfer_case.clone(),
        },
        Code::Necessary102 => Ground::Necessary102 {
            motivation: ground.motivation.clone(),
            second_officer: ground.second_officer_id.clone(),
        },
        Code::Care269 => Ground::Care269 {
            limb: limb(faults, ground.care_limb)?,
        },
        Code::NoHarm261 => Ground::NoHarm261 {
            assessment: ground.assessment.clone(),
        },
        Code::WrongfulPayment1015a => Ground::WrongfulPayment1015a {
            balancing: ground.assessment.clone(),
        },
        Code::GeneralClause1027 => Ground::GeneralClause1027,
    })
}

fn limb(faults: &mut Faults, number: i32) -> Option<CareLimb> {
    let limb = CareLimb::from_number(number);
    if limb.is_none() {
        let reason = if number == 0 {
            Reason::LegalGroundIncomplete
        } else {
            Reason::ValueUnknown
        };
        faults.add(Demand::CareLimb.field(), reason);
    }
    limb
}

fn consent(faults: &mut Faults, consent: Option<&v1::Consent>) -> Option<Consent> {
    let Some(consent) = consent else {
        faults.add("legal_ground.consent", Reason::LegalGroundIncomplete);
        return None;
    };
    let received_by = &consent.received_by;
    faults.text(Demand::ReceivedBy.field(), received_by, 1, 64);
    let minor_alone = &consent.minor_alone;
    faults.free_text(Demand::MinorAlone.field(), minor_alone, 0, 4000);
    let given_on = faults.date(Demand::GivenOn.field(), &consent.given_on);
    let form = ConsentForm::from_number(consent.form);
    if form.is_none() {
        faults.add(Demand::Form.field(), Reason::LegalGroundIncomplete);
    }
    let mut scopes = BTreeSet::new();
    for number in &consent.scopes {
        match Scope::from_number(*number) {
            Some(scope) => {
                scopes.insert(scope);
            }
            None => faults.add(Demand::Scopes.field(), Reason::ValueUnknown),
        }
    }
    Some(Consent {
        scopes,
        given_on: given_on?,
        form: form?,
        received_by: consent.received_by.clone(),
        guardians_consent: consent.guardians_consent,
        minor_alone: consent.minor_alone.clone(),
    })
}
