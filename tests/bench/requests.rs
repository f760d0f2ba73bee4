//! Announcements of distinct people, none of them real: every number has a serial that is never assigned.

use anyhow::Context as _;
use api::v1;
use domain::municipality::{self, MunicipalityCode};
use jiff::ToSpan as _;
use jiff::civil::Date;

/// Serials of official test numbers.
const SERIALS: [u32; 6] = [980, 981, 982, 983, 238, 239];
/// Birth dates in use, all of grown-ups.
const DATES: u32 = 33_000;
/// People there are: more than seven rounds need.
const PEOPLE: u32 = DATES * 6;
/// The first of them.
const FIRST: Date = Date::constant(1915, 1, 1);
/// Solna sends.
pub(crate) const SENDER: &str = "0184";
/// Recipients whose inboxes are watched.
const WATCHED: usize = 8;

/// To whom announcements go.
#[derive(Clone, Copy)]
pub(crate) enum To {
    /// All municipalities in turn.
    Everybody,
    /// Those alone whose inboxes are watched.
    Watched,
}

/// Makes announcements, never two of the same person to one municipality; two of the same person only when there are
/// no more people.
pub(crate) struct Requests {
    recipients: Vec<MunicipalityCode>,
    today: Date,
    next: u32,
}

impl Requests {
    pub(crate) fn new(today: Date) -> Self {
        let recipients = municipality::all()
            .iter()
            .filter(|one| one.is_open(today))
            .map(|one| one.code)
            .filter(|code| code.to_string() != SENDER)
            .collect();
        Self {
            recipients,
            today,
            next: 0,
        }
    }

    /// The recipients whose inboxes are watched.
    pub(crate) fn watched(&self) -> &[MunicipalityCode] {
        self.recipients.get(..WATCHED).unwrap_or_default()
    }

    /// So many announcements.
    pub(crate) fn take(
        &mut self,
        how_many: usize,
        to: To,
    ) -> anyhow::Result<Vec<v1::RegisterRelocationRequest>> {
        (0..how_many).map(|_| self.one(to)).collect()
    }

    fn one(&mut self, to: To) -> anyhow::Result<v1::RegisterRelocationRequest> {
        let index = self.next;
        self.next += 1;
        let among = match to {
            To::Everybody => &self.recipients,
            To::Watched => self.watched(),
        };
        let turn = usize::try_from(index)?.checked_rem(among.len());
        let recipient = turn
            .and_then(|turn| among.get(turn))
            .context("there are no recipients")?;
        let (birth_date, number) = person(index % PEOPLE).context("there are no people")?;
        let officer = format!("handlaggare-{}", index % 40);
        Ok(v1::RegisterRelocationRequest {
            open_child_inquiry: false,
            secrecy_marking_confirmed: false,
            receiving_function: String::new(),
            withheld_addresses: Vec::new(),
            municipality: format!("municipalities/{SENDER}"),
            actor: Some(v1::Actor {
                officer_id: officer.clone(),
                function: "ekonomiskt bistånd".to_owned(),
                case_number: format!("SOL-2026-{index}"),
                purpose: "avisera flytt".to_owned(),
            }),
            request_id: client::request_id(),
            validate_only: false,
            receiving_municipality: recipient.resource_name(),
            kind: v1::RelocationKind::ActiveInvolvement.into(),
            legal_ground: Some(v1::LegalGround {
                code: v1::LegalGroundCode::Consent.into(),
                consent: Some(v1::Consent {
                    scopes: vec![v1::ConsentScope::All.into()],
                    given_on: self.today.to_string(),
                    form: v1::ConsentForm::Written.into(),
                    received_by: officer,
                    guardians_consent: false,
                    minor_alone: String::new(),
                }),
                ..v1::LegalGround::default()
            }),
            content: Some(content(index, number, birth_date, self.today)),
        })
    }
}

fn content(index: u32, number: String, birth_date: Date, today: Date) -> v1::RelocationContent {
    v1::RelocationContent {
        person: Some(v1::Person {
            identity_number: number,
            given_name: "Kim".to_owned(),
            family_name: format!("Test-{index}"),
            birth_date: birth_date.to_string(),
            protection: v1::ProtectionLevel::None.into(),
            ..v1::Person::default()
        }),
        expected_on: today.to_string(),
        supports: vec![v1::Support {
            kind: v1::SupportKind::FirstRents.into(),
            actor: v1::SupportActor::Municipality.into(),
            paid_until: String::new(),
        }],
        wish: v1::ExpressedWish::NotClear.into(),
        groups: vec![v1::PersonGroup::StructurallyHomeless.into()],
        dwelling: Some(v1::Dwelling {
            tenure: v1::DwellingTenure::SecondHand.into(),
            monthly_rent_sek: 9800,
            remarks: vec![v1::DwellingRemark::ExcessiveRent.into()],
        }),
        household: Some(v1::Household {
            name: String::new(),
            adults: 1,
            children: 0,
        }),
        contact: Some(v1::Contact {
            name: "Jourtelefonen".to_owned(),
            function: "Mottagningsenheten".to_owned(),
            phone: "08-123 456".to_owned(),
            email: String::new(),
        }),
        case_number: format!("SOL-2026-{index}"),
        free_text: "Behöver en kontakt första veckan.".to_owned(),
    }
}

/// Birth date and number of a person.
fn person(index: u32) -> Option<(Date, String)> {
    let serial = SERIALS.get(usize::try_from(index / DATES).ok()?)?;
    let birth_date = FIRST.checked_add(i64::from(index % DATES).days()).ok()?;
    let date = birth_date.strftime("%Y%m%d").to_string();
    let digits = format!("{date}{serial}");
    let check = check_digit(digits.get(2..)?)?;
    Some((birth_date, format!("{date}-{serial}{check}")))
}

/// The digit that makes nine digits right (mod 10, Luhn).
fn check_digit(nine: &str) -> Option<u32> {
    let mut sum = 0;
    for (weight, digit) in [2, 1].into_iter().cycle().zip(nine.chars()) {
        let product = digit.to_digit(10)? * weight;
        sum += product / 10 + product % 10;
    }
    Some((10 - sum % 10) % 10)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::identity::IdentityNumber;

    use super::*;

    #[test]
    fn all_people_have_right_test_numbers_of_their_own() {
        let today = Date::constant(2026, 11, 25);
        let mut seen = BTreeSet::new();
        for index in (0..PEOPLE).step_by(997).chain([PEOPLE - 1]) {
            let (birth_date, number) = person(index).expect("a person");
            let parsed = IdentityNumber::parse(&number, today).expect("a right number");
            assert!(parsed.is_test() && parsed.agrees_with(birth_date));
            assert!(seen.insert(number));
        }
        assert_eq!(person(PEOPLE), None);
    }

    #[test]
    fn announcements_are_accepted_by_the_rules() {
        let today = Date::constant(2026, 11, 25);
        let context = api::parse::Context {
            today,
            production: false,
            lineage: domain::lineage::Lineage::default(),
        };
        let sender = MunicipalityCode::parse(SENDER).expect("a code");
        let mut requests = Requests::new(today);
        for to in [To::Everybody, To::Watched] {
            for request in requests.take(300, to).expect("requests") {
                api::parse::registration(&request, sender, context).expect("accepted");
            }
        }
    }
}
