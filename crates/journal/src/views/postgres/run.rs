//! A run of entries as the rows that it makes and changes, table by table, so that each table is written once
//! however long the run is.

use std::collections::BTreeMap;

use daemon::postgres::{Link, LinkError};
use domain::definition::Definition;
use domain::entry::{Entry, Event};
use domain::municipality::MunicipalityCode;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::code;
use crate::postgres::place;
use crate::views::Change;

/// What a run writes: new rows, and the last state of old and new ones.
#[derive(Debug, Default)]
pub(super) struct Run {
    relocations: Made,
    arrivals: Made,
    alerts: Made,
    definitions: Vec<(i64, Definition)>,
    /// Municipalities, and up to which number each has confirmed.
    connected: BTreeMap<i32, i64>,
    alert_of_arrival: BTreeMap<Uuid, Uuid>,
    relocation_states: BTreeMap<Uuid, i32>,
    arrival_states: BTreeMap<Uuid, i32>,
    /// Municipalities, and the entry that is each one's own.
    owners: (Vec<i32>, Vec<i64>),
    /// With the position of the change.
    alert_states: BTreeMap<Uuid, (i32, i64)>,
}

/// New rows of one table, with two municipalities each.
#[derive(Debug, Default)]
struct Made {
    positions: Vec<i64>,
    ids: Vec<Uuid>,
    ones: Vec<i32>,
    others: Vec<i32>,
}

impl Made {
    fn push(&mut self, entry: &Entry, one: MunicipalityCode, other: MunicipalityCode) {
        self.positions.push(place(entry.position));
        self.ids.push(entry.subject.id);
        self.ones.push(code(one));
        self.others.push(code(other));
    }
}

impl Run {
    pub(super) fn of(entries: &[(&Entry, Vec<Change>)]) -> Self {
        let mut run = Self::default();
        for (entry, changes) in entries {
            run.make(entry);
            for change in changes {
                run.change(entry, change);
            }
        }
        run
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only entries that begin something make a row"
    )]
    fn make(&mut self, entry: &Entry) {
        match &entry.event {
            Event::RelocationRegistered {
                sender, recipient, ..
            } => self.relocations.push(entry, *sender, *recipient),
            Event::ArrivalReported {
                municipality,
                previous,
                ..
            } => self.arrivals.push(entry, *municipality, *previous),
            Event::AlertRaised {
                asking,
                asked,
                arrival,
                ..
            } => {
                self.alerts.push(entry, *asking, *asked);
                if let Some(arrival) = arrival {
                    self.alert_of_arrival.insert(*arrival, entry.subject.id);
                }
            }
            Event::DefinitionSet(set) => self.definitions.push((place(entry.position), *set)),
            Event::NoticesConfirmed {
                recipient,
                number,
                agrees: true,
            } => {
                let known = self.connected.entry(code(*recipient)).or_default();
                *known = (*known).max(number.0.cast_signed());
            }
            _ => {}
        }
    }

    fn change(&mut self, entry: &Entry, change: &Change) {
        let id = entry.subject.id;
        match change {
            Change::Relocation { state } => {
                self.relocation_states.insert(id, *state);
            }
            Change::Arrival { arrival, state } => {
                self.arrival_states.insert(arrival.id, *state);
            }
            Change::Alert { state } => {
                self.alert_states
                    .insert(id, (*state, place(entry.position)));
            }
            Change::Own(municipality) => {
                self.owners.0.push(code(*municipality));
                self.owners.1.push(place(entry.position));
            }
        }
    }

    /// Writes it, within a transaction that others begin and commit.
    pub(super) async fn write(&self, link: &mut Link) -> Result<(), LinkError> {
        self.write_made(link).await?;
        self.write_owners(link).await?;
        self.write_rare(link).await?;
        self.write_states(link).await
    }

    async fn write_made(&self, link: &mut Link) -> Result<(), LinkError> {
        for (made, sql) in [
            (
                &self.relocations,
                "INSERT INTO flyttbud.relocations (position, id, sender, recipient, state) \
                 SELECT m.*, 1 FROM unnest($1::int8[], $2::uuid[], $3::int4[], $4::int4[]) AS m \
                 ON CONFLICT DO NOTHING",
            ),
            (
                &self.arrivals,
                "INSERT INTO flyttbud.arrivals (position, id, municipality, state) \
                 SELECT position, id, municipality, 1 \
                 FROM unnest($1::int8[], $2::uuid[], $3::int4[], $4::int4[]) \
                     AS m (position, id, municipality, previous) \
                 ON CONFLICT DO NOTHING",
            ),
            (
                &self.alerts,
                "INSERT INTO flyttbud.alerts (position, changed, id, asking, asked, state) \
                 SELECT position, position, id, asking, asked, 1 \
                 FROM unnest($1::int8[], $2::uuid[], $3::int4[], $4::int4[]) \
                     AS m (position, id, asking, asked) \
                 ON CONFLICT DO NOTHING",
            ),
        ] {
            if !made.ids.is_empty() {
                link.rows(sql, &[&made.positions, &made.ids, &made.ones, &made.others])
                    .await?;
            }
        }
        Ok(())
    }

    async fn write_owners(&self, link: &mut Link) -> Result<(), LinkError> {
        let (municipalities, positions) = &self.owners;
        if !positions.is_empty() {
            let sql = "INSERT INTO flyttbud.own (municipality, position) \
                 SELECT * FROM unnest($1::int4[], $2::int8[]) ON CONFLICT DO NOTHING";
            link.rows(sql, &[municipalities, positions]).await?;
        }
        Ok(())
    }

    async fn write_rare(&self, link: &mut Link) -> Result<(), LinkError> {
        if !self.connected.is_empty() {
            let (municipalities, numbers): (Vec<i32>, Vec<i64>) = self.connected.iter().unzip();
            let sql = "INSERT INTO flyttbud.connected AS known (municipality, number) \
                 SELECT * FROM unnest($1::int4[], $2::int8[]) ON CONFLICT (municipality) \
                 DO UPDATE SET number = greatest(known.number, excluded.number)";
            link.rows(sql, &[&municipalities, &numbers]).await?;
        }
        for (position, set) in &self.definitions {
            let [grace, early, late, not_arrived, answer, expiry] = [
                set.grace_days,
                set.early_months,
                set.late_months,
                set.not_arrived_months,
                set.answer_days,
                set.expiry_days,
            ]
            .map(i64::from);
            let version = i64::from(set.version);
            let sql = "INSERT INTO flyttbud.definitions VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
                 ON CONFLICT DO NOTHING";
            let values: [&(dyn ToSql + Sync); 9] = [
                position,
                &version,
                &grace,
                &early,
                &late,
                &not_arrived,
                &answer,
                &expiry,
                &set.drills,
            ];
            link.rows(sql, &values).await?;
        }
        Ok(())
    }

    async fn write_states(&self, link: &mut Link) -> Result<(), LinkError> {
        for (states, sql) in [
            (
                &self.relocation_states,
                "UPDATE flyttbud.relocations AS r SET state = c.state \
                 FROM unnest($1::uuid[], $2::int4[]) AS c (id, state) WHERE r.id = c.id",
            ),
            (
                &self.arrival_states,
                "UPDATE flyttbud.arrivals AS a SET state = c.state \
                 FROM unnest($1::uuid[], $2::int4[]) AS c (id, state) WHERE a.id = c.id",
            ),
        ] {
            if !states.is_empty() {
                let (ids, states): (Vec<Uuid>, Vec<i32>) = states.iter().unzip();
                link.rows(sql, &[&ids, &states]).await?;
            }
        }
        if !self.alert_of_arrival.is_empty() {
            let (ids, alerts): (Vec<Uuid>, Vec<Uuid>) = self.alert_of_arrival.iter().unzip();
            let sql = "UPDATE flyttbud.arrivals AS a SET alert = c.alert \
                 FROM unnest($1::uuid[], $2::uuid[]) AS c (id, alert) WHERE a.id = c.id";
            link.rows(sql, &[&ids, &alerts]).await?;
        }
        if !self.alert_states.is_empty() {
            let ids: Vec<&Uuid> = self.alert_states.keys().collect();
            let (states, changes): (Vec<i32>, Vec<i64>) =
                self.alert_states.values().copied().unzip();
            let sql = "UPDATE flyttbud.alerts AS a SET state = c.state, changed = c.changed \
                 FROM unnest($1::uuid[], $2::int4[], $3::int8[]) AS c (id, state, changed) \
                 WHERE a.id = c.id";
            link.rows(sql, &[&ids, &states, &changes]).await?;
        }
        Ok(())
    }
}
