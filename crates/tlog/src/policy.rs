//! Policies of c2sp.org/tlog-policy: which logs and which witnesses somebody trusts, and how many of these must have
//! cosigned. Stricter than the specification in one thing: the whole file is UTF-8.

use std::collections::{BTreeMap, BTreeSet};

use crate::cosignature::Witness as Cosigner;
use crate::key::{Log as Issuer, Role, Verifier};
use crate::limits::POLICY_BYTES_MAX;
use crate::{Malformed, text};

#[cfg(test)]
mod tests;

/// The quorum that asks for nobody. It is defined before the first line.
const NONE: &str = "none";

/// What is wrong with a policy, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the policy")]
pub struct Fault {
    /// From 1.
    pub line: usize,
    /// What.
    #[source]
    pub what: Malformed,
}

/// A log that is trusted; its key has the name of its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Verifies its checkpoints.
    pub key: Verifier<Issuer>,
    /// Where it is reached.
    pub url: Option<String>,
}

/// A witness that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its name in the policy, which is not that of its key.
    pub name: String,
    /// Verifies its cosignatures.
    pub key: Verifier<Cosigner>,
    /// Where it takes checkpoints.
    pub url: Option<String>,
}

/// A policy that holds together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    /// Witnesses and groups in the order of their lines, so that a group follows its members.
    rules: Vec<Rule>,
    /// The rule that decides.
    quorum: usize,
}

/// What makes a witness or a group count as having witnessed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    /// The witness of that name has cosigned.
    Witness(String),
    /// So many of these rules hold.
    Group {
        threshold: usize,
        members: Vec<usize>,
    },
}

impl Policy {
    /// Reads a policy. Each line must be ended, so that a file that was cut off is no weaker policy.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let fault = |line, what| Fault { line, what };
        let whole = text::read(bytes, POLICY_BYTES_MAX).map_err(|what| fault(1, what))?;
        let mut reading = Reading::start();
        let mut count = 0;
        for line in whole.split_inclusive('\n') {
            count += 1;
            reading.line(line).map_err(|what| fault(count, what))?;
        }
        let quorum = reading.quorum.ok_or(Malformed("there is no quorum"));
        Ok(Self {
            quorum: quorum.map_err(|what| fault(count.max(1), what))?,
            logs: reading.logs,
            witnesses: reading.witnesses,
            rules: reading.rules,
        })
    }

    /// The trusted logs.
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// The known witnesses.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Whether the witnesses of these names are enough.
    pub fn is_met(&self, cosigned: &BTreeSet<&str>) -> bool {
        let mut held: Vec<bool> = Vec::new();
        for rule in &self.rules {
            held.push(match rule {
                Rule::Witness(name) => cosigned.contains(name.as_str()),
                Rule::Group { threshold, members } => {
                    members.iter().filter(|rule| holds(&held, **rule)).count() >= *threshold
                }
            });
        }
        holds(&held, self.quorum)
    }
}

fn holds(held: &[bool], rule: usize) -> bool {
    held.get(rule).is_some_and(|holds| *holds)
}

/// A policy of which some lines are read.
struct Reading {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    rules: Vec<Rule>,
    names: BTreeMap<String, usize>,
    /// The rules that can be a group's member no more.
    members: BTreeSet<usize>,
    quorum: Option<usize>,
}

impl Reading {
    fn start() -> Self {
        let nobody = Rule::Group {
            threshold: 0,
            members: Vec::new(),
        };
        Self {
            logs: Vec::new(),
            witnesses: Vec::new(),
            rules: vec![nobody],
            names: BTreeMap::from([(NONE.to_owned(), 0)]),
            members: BTreeSet::from([0]),
            quorum: None,
        }
    }

    fn line(&mut self, line: &str) -> Result<(), Malformed> {
        let Some(line) = line.strip_suffix('\n') else {
            return Err(Malformed("no line feed ends the line"));
        };
        if line.contains(|sign: char| sign.is_ascii_control() && sign != '\t') {
            return Err(Malformed("a policy has no control characters"));
        }
        let words: Vec<&str> = line
            .split([' ', '\t'])
            .filter(|word| !word.is_empty())
            .collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", key, url @ ..] => self.log(key, one_url(url)?),
            ["witness", name, key, url @ ..] => self.witness(name, key, one_url(url)?),
            ["group", name, threshold, members @ ..] => self.group(name, threshold, members),
            ["quorum", name] => self.quorum(name),
            _ => Err(Malformed("not a line of a policy")),
        }
    }

    fn log(&mut self, key: &str, url: Option<String>) -> Result<(), Malformed> {
        let key = Verifier::parse(key)?;
        only_once(self.logs.iter().map(|log| &log.key), &key)?;
        self.logs.push(Log { key, url });
        Ok(())
    }

    fn witness(&mut self, name: &str, key: &str, url: Option<String>) -> Result<(), Malformed> {
        let key = Verifier::parse(key)?;
        only_once(self.witnesses.iter().map(|witness| &witness.key), &key)?;
        let name = name.to_owned();
        self.define(&name, Rule::Witness(name.clone()))?;
        self.witnesses.push(Witness { name, key, url });
        Ok(())
    }

    fn group(&mut self, name: &str, threshold: &str, members: &[&str]) -> Result<(), Malformed> {
        let threshold = match threshold {
            "any" => Some(1),
            "all" => Some(members.len()),
            number => text::decimal(number).and_then(|number| usize::try_from(number).ok()),
        };
        let threshold = threshold
            .filter(|threshold| (1..=members.len()).contains(threshold))
            .ok_or(Malformed("not a threshold of that group"))?;
        let mut rules = Vec::new();
        for member in members {
            let rule = self.named(member)?;
            if !self.members.insert(rule) {
                return Err(Malformed("a name is a member once at most"));
            }
            rules.push(rule);
        }
        self.define(
            name,
            Rule::Group {
                threshold,
                members: rules,
            },
        )
    }

    fn quorum(&mut self, name: &str) -> Result<(), Malformed> {
        if self.quorum.is_some() {
            return Err(Malformed("there is one quorum"));
        }
        self.quorum = Some(self.named(name)?);
        Ok(())
    }

    fn define(&mut self, name: &str, rule: Rule) -> Result<(), Malformed> {
        let number = self.rules.len();
        if self.names.insert(name.to_owned(), number).is_some() {
            return Err(Malformed("a name is defined once"));
        }
        self.rules.push(rule);
        Ok(())
    }

    fn named(&self, name: &str) -> Result<usize, Malformed> {
        let rule = self.names.get(name).copied();
        rule.ok_or(Malformed("a name is not defined before its use"))
    }
}

fn one_url(words: &[&str]) -> Result<Option<String>, Malformed> {
    match words {
        [] => Ok(None),
        [url] => Ok(Some((*url).to_owned())),
        _ => Err(Malformed("more than one address")),
    }
}

/// A key counts once, whatever it is called.
fn only_once<'a, R: Role + 'a>(
    mut keys: impl Iterator<Item = &'a Verifier<R>>,
    key: &Verifier<R>,
) -> Result<(), Malformed> {
    if keys.any(|other| other.public() == key.public()) {
        return Err(Malformed("a key is listed once"));
    }
    Ok(())
}
