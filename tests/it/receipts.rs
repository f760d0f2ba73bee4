//! Receipts of a real service, verified by two programs that share nothing; and who gets which.

mod duties;
mod golden;
mod log;
mod story;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use api::v1;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client::tonic::Code;
use client::{Refused, request_id};
use jiff::Timestamp;
use serde_json::Value;
use tests::{Organisation, Party, SOLLEFTEA, SOLNA, World, flyttbud, run, today};

use crate::access::announced;
use crate::oracle::{file, python};
use crate::recalling::withdraw;
use story::{Cast, entries, play};

/// Longer than any receipt takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A profile for the command line; its name.
pub(crate) fn profile(world: &World, who: Organisation) -> String {
    let Organisation { file, code, .. } = who;
    let text = format!(
        "url = \"{}\"\nauthority = \"authority.pem\"\ncertificate = \"{file}.pem\"\nkey = \"{file}.key\"\n\
         municipality = \"{code}\"\nofficer = \"handlaggare-7\"\nfunction = \"ekonomiskt bistånd\"\n",
        world.url()
    );
    let name = format!("{file}.toml");
    fs::write(world.folder().join(&name), text).expect("a profile");
    name
}

/// A policy that trusts the world's log and asks for no witness.
fn write_policy(world: &World) {
    trust(world.folder());
}

/// The same, for the log whose key is in a folder.
pub(crate) fn trust(folder: &Path) {
    let key = fs::read_to_string(folder.join("log.pub")).expect("a key");
    let text = format!("log {}\nquorum none\n", key.trim_end());
    fs::write(folder.join("policy"), text).expect("a policy");
}

/// What our verifier says: its exit code, and its verdicts.
fn ours(folder: &Path, arguments: &[&str]) -> (Option<i32>, Vec<Value>) {
    let output = Command::new(flyttbud())
        .args(["--json", "verify"])
        .args(arguments)
        .args(["--policy", "policy"])
        .current_dir(folder)
        .output();
    read(&output.expect("flyttbud starts"))
}

/// What the other one says.
fn theirs(folder: &Path, arguments: &[&str]) -> (Option<i32>, Vec<Value>) {
    let output = Command::new(python())
        .arg(file("python/verify_receipt.py"))
        .args(arguments)
        .args(["--policy", "policy"])
        .current_dir(folder)
        .output();
    read(&output.expect("Python starts"))
}

fn read(output: &Output) -> (Option<i32>, Vec<Value>) {
    let said = String::from_utf8_lossy(&output.stdout);
    let lines = said.lines().map(serde_json::from_str);
    let verdicts: Result<_, _> = lines.collect();
    let complained = String::from_utf8_lossy(&output.stderr);
    (
        output.status.code(),
        verdicts.unwrap_or_else(|_| panic!("{said}\n{complained}")),
    )
}

pub(crate) fn by_name(party: &Party, name: &str) -> v1::GetReceiptRequest {
    v1::GetReceiptRequest {
        municipality: party.municipality(),
        name: name.to_owned(),
        ..v1::GetReceiptRequest::default()
    }
}

pub(crate) fn by_position(party: &Party, position: i64) -> v1::GetReceiptRequest {
    v1::GetReceiptRequest {
        municipality: party.municipality(),
        position,
        ..v1::GetReceiptRequest::default()
    }
}

pub(crate) async fn receipt(
    party: &Party,
    request: &v1::GetReceiptRequest,
) -> Result<v1::Receipt, Refused> {
    party
        .client
        .wait_for_receipt(request, false, PATIENCE)
        .await
}

/// Writes a receipt and its entry as whoever verifies is given them.
pub(crate) fn write(folder: &Path, name: &str, receipt: &v1::Receipt) {
    let entry = receipt.entry.as_ref().expect("an entry");
    fs::write(folder.join(name), &receipt.proof).expect("written");
    fs::write(folder.join(format!("{name}.entry")), &entry.stored).expect("written");
}

/// Who may have the receipt of an entry, by what the documents say: parties by their codes, operators as "".
fn allowed(kind: v1::EntryKind) -> &'static [&'static str] {
    use v1::EntryKind as Kind;
    match kind {
        Kind::ArrivalReported | Kind::ArrivalMatched | Kind::ArrivalWithdrawn => &["2283"],
        // by Solna's register
        Kind::IdentityReferred => &["0184"],
        Kind::AlertRaised
        | Kind::AlertAnswered
        | Kind::AlertDisputed
        | Kind::AlertClosed
        | Kind::AlertRedacted => &["", "0191", "2283"],
        Kind::AlertAcknowledged | Kind::AlertAssigned | Kind::AlertCommented => &[""],
        Kind::NoticesConfirmed
        | Kind::FunctionSet
        | Kind::VendorGranted
        | Kind::VendorWithdrawn
        | Kind::DrillSent
        | Kind::DrillAcknowledged
        | Kind::DrillWritten => &["", "2283"],
        Kind::TimePassed | Kind::DefinitionSet | Kind::ClockAdvanced => {
            &["", "0184", "0191", "2283"]
        }
        // all of them here are from Solna to Sollefteå
        Kind::RelocationRegistered
        | Kind::RelocationAcknowledged
        | Kind::RelocationReplied
        | Kind::RelocationSupplemented
        | Kind::RelocationWithdrawn
        | Kind::RelocationArrived
        | Kind::RelocationNotArrived
        | Kind::RelocationReminded
        | Kind::RelocationReopened
        | Kind::RelocationRestricted
        | Kind::RelocationReleased
        | Kind::RelocationRedacted
        | Kind::TransferSilent
        | Kind::TransferReferred
        | Kind::TransferDecided
        | Kind::TransferDecisionOverdue => &["0184", "2283"],
        Kind::Unspecified | Kind::RulesVersionSet => &[],
    }
}

/// What everybody may have, and nobody's list but the operators' holds.
fn is_everybodys(kind: v1::EntryKind) -> bool {
    allowed(kind).len() == 4
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_entry_is_proven_to_its_own_by_two_verifiers_that_share_nothing() {
    let world = World::start().await;
    let cast = Cast::of(&world).await;
    play(&world, &cast).await;
    write_policy(&world);
    let folder = world.folder();
    let everybody = [&cast.solna, &cast.solleftea, &cast.sigtuna, &cast.operator];
    let edge = cast
        .operator
        .list_entries(v1::ListEntriesRequest::default())
        .await;
    let edge = edge.expect("a list").position;
    let mut got: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    let (mut kinds, mut files) = (BTreeSet::new(), Vec::new());
    for position in 1..=edge {
        let mut shown: Vec<(&str, v1::Receipt)> = Vec::new();
        for party in everybody {
            match receipt(party, &by_position(party, position)).await {
                Ok(receipt) => shown.push((party.code(), receipt)),
                Err(refused) => assert_eq!(refused.reason, "NOT_FOUND", "{position}"),
            }
        }
        shown.sort_by_key(|(code, _)| *code);
        let entry = shown.first().and_then(|(_, receipt)| receipt.entry.clone());
        let entry = entry.expect("everything is somebody's");
        kinds.insert(i32::from(entry.kind()));
        let codes: Vec<&str> = shown.iter().map(|(code, _)| *code).collect();
        assert_eq!(
            codes,
            allowed(entry.kind()),
            "{position} {:?}",
            entry.kind()
        );
        let name = format!("receipt-{position}");
        for (code, receipt) in &shown {
            write(folder, &name, receipt);
            let stored = &receipt.entry.as_ref().expect("an entry").stored;
            assert_eq!(stored.is_empty(), code.is_empty(), "operators get no bytes");
            if !is_everybodys(entry.kind()) || code.is_empty() {
                got.entry(code).or_default().push(position);
            }
        }
        if codes == [""] {
            believed_by_its_leaf(folder, &name, &entry);
        } else {
            files.push(name);
        }
    }
    let of_contract = |number: &i32| {
        let kind = v1::EntryKind::try_from(*number);
        kind.is_ok_and(|kind| kind != v1::EntryKind::RulesVersionSet)
    };
    let all: BTreeSet<i32> = (1..1000).filter(of_contract).collect();
    assert_eq!(kinds, all, "a switch of rules is nobody's to ask for");
    for party in everybody {
        let listed: Vec<i64> = entries(party)
            .await
            .iter()
            .map(|entry| entry.position)
            .collect();
        assert_eq!(Some(&listed), got.get(party.code()), "{}", party.code());
    }
    both_believe(folder, &files);
}

/// An operator's receipt is verified with the leaf that came beside it.
fn believed_by_its_leaf(folder: &Path, name: &str, entry: &v1::LogEntry) {
    let leaf = STANDARD.encode(&entry.leaf_hash);
    let (code, verdicts) = ours(folder, &["receipt", name, "--leaf", &leaf]);
    assert_eq!(
        (code, &verdicts[0]["proven"]),
        (Some(0), &Value::Bool(true))
    );
    assert_eq!(verdicts[0]["position"], entry.position);
}

/// Both verifiers believe all of them, and read the same out of each.
pub(crate) fn both_believe(folder: &Path, files: &[String]) {
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let (ours, theirs) = (
        ours(folder, &[&["receipt"], files.as_slice()].concat()),
        theirs(folder, &files),
    );
    assert_eq!(
        (ours.0, theirs.0),
        (Some(0), Some(0)),
        "{ours:?} {theirs:?}"
    );
    assert_eq!((ours.1.len(), theirs.1.len()), (files.len(), files.len()));
    for (ours, theirs) in ours.1.iter().zip(&theirs.1) {
        assert_eq!(
            (&ours["log"], &ours["size"]),
            (&theirs["log"], &theirs["size"])
        );
        assert_eq!(ours["position"], theirs["entry"]["position"]);
        let (ours, theirs) = (&ours["entry"], &theirs["entry"]);
        for field in ["name", "version"] {
            assert_eq!(ours[field], theirs[field]);
        }
        let kind = ours["kind"].as_str().and_then(v1::EntryKind::from_str_name);
        assert_eq!(
            kind.map(|kind| Value::from(i32::from(kind))).as_ref(),
            Some(&theirs["kind"])
        );
        let at: Timestamp = ours["recorded_at"]
            .as_str()
            .expect("text")
            .parse()
            .expect("a time");
        assert_eq!(at.as_microsecond(), theirs["recorded_at_micros"]);
    }
}

/// The numbers of the parts in a file.
fn parts(folder: &Path, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(folder.join(name)).expect("a file with parts");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    let parts = file["parts"].as_array().expect("parts");
    parts.iter().map(|part| part["part"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_proves_before_and_after_the_receivers_keys_are_erased_and_says_so() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let _solleftea = world.party(SOLLEFTEA).await;
    write_policy(&world);
    let folder = world.folder();
    let (sender, receiver) = (profile(&world, SOLNA), profile(&world, SOLLEFTEA));
    let get = |profile: &str, name: &str, rest: &[&str]| {
        let words = ["--profile", profile, "receipt", "get", name, "--out"];
        run(folder, &[words.as_slice(), rest].concat());
    };
    let name = announced(&solna, 0).await;
    get(&receiver, &name, &["before", "--with-body"]);
    get(&sender, &name, &["own", "--with-body"]);
    assert_eq!(
        (parts(folder, "before.parts"), parts(folder, "own.parts")),
        (vec![1.into()], vec![1.into(), 2.into()])
    );
    withdraw(&solna, &name, v1::WithdrawalReason::ConsentRevoked).await;
    get(&receiver, &name, &["after", "--with-body"]);
    assert_eq!(
        parts(folder, "after.parts"),
        Vec::<Value>::new(),
        "nothing opens any more"
    );
    get(&receiver, &name, &["withdrawn", "--entry-version", "2"]);
    both_believe(
        folder,
        &["before", "after", "own", "withdrawn"].map(str::to_owned),
    );

    let (_, verdicts) = ours(folder, &["receipt", "after", "withdrawn"]);
    assert_eq!(
        verdicts[0]["ended"]["at"],
        verdicts[1]["entry"]["recorded_at"]
    );
    assert_eq!(verdicts[0]["ended"]["whose"], "receivers");
    assert_eq!(verdicts[1]["ended"], Value::Null);
    // what somebody kept is still shown to be what was told
    let person = "/parts/0/body/relocation/person/familyName";
    for (receipt, kept) in [
        ("before", "before.parts"),
        ("after", "before.parts"),
        ("own", "own.parts"),
    ] {
        let (code, verdicts) = ours(folder, &["receipt", receipt, "--parts", kept]);
        assert_eq!(
            (code, verdicts[0].pointer(person)),
            (Some(0), Some(&"Provsson".into()))
        );
        let (code, verdicts) = theirs(folder, &[receipt, "--parts", kept]);
        assert_eq!((code, &verdicts[0]["parts"][0]), (Some(0), &Value::from(1)));
    }
    let text = fs::read_to_string(folder.join("own.parts")).expect("a file");
    let mut file: Value = serde_json::from_str(&text).expect("JSON");
    let other = STANDARD.encode(b"another body");
    file["parts"][0]["body"] = other.into();
    fs::write(folder.join("other.parts"), file.to_string()).expect("written");
    let fault = ours(folder, &["receipt", "own", "--parts", "other.parts"]);
    assert_eq!(
        (fault.0, &fault.1[0]["fault"]),
        (Some(1), &"other_body".into())
    );
    assert_eq!(
        theirs(folder, &["own", "--parts", "other.parts"]).0,
        Some(1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_with_another_byte_proves_nothing_to_either_verifier() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    write_policy(&world);
    let folder = world.folder();
    for person in 0..3 {
        announced(&solna, person).await;
    }
    let name = announced(&solna, 3).await;
    let right = receipt(&solna, &by_name(&solna, &name))
        .await
        .expect("a receipt");
    let stored = right.entry.as_ref().expect("an entry").stored.clone();
    let mut names = Vec::new();
    let mut change = |proof: &[u8], stored: &[u8]| {
        let name = format!("changed-{}", names.len());
        fs::write(folder.join(&name), proof).expect("written");
        fs::write(folder.join(format!("{name}.entry")), stored).expect("written");
        names.push(name);
    };
    change(right.proof.as_bytes(), &stored);
    for at in (0..right.proof.len()).step_by(13) {
        let mut proof = right.proof.clone().into_bytes();
        proof[at] ^= 1;
        change(&proof, &stored);
    }
    for at in (0..stored.len()).step_by(stored.len() / 12) {
        let mut stored = stored.clone();
        stored[at] ^= 1;
        change(right.proof.as_bytes(), &stored);
    }
    let files: Vec<&str> = names.iter().map(String::as_str).collect();
    assert!(files.len() > 30, "{}", files.len());
    let (_, theirs) = theirs(folder, &files);
    for (name, verdict) in files.iter().zip(&theirs) {
        let is_right = *name == "changed-0";
        assert_eq!(verdict["proven"], is_right, "{verdict}");
        let code = ours(folder, &["receipt", name]).0;
        assert_eq!(code == Some(0), is_right, "{name}");
        assert!(matches!(code, Some(0 | 1 | 64)), "{code:?}");
    }
    assert_eq!(theirs.len(), files.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_another_record_does_not_exist_by_name_or_by_position() {
    let world = World::start().await;
    let cast = Cast::of(&world).await;
    let name = announced(&cast.solna, 0).await;
    let shown = receipt(&cast.solna, &by_name(&cast.solna, &name))
        .await
        .expect("its own");
    let entry = shown.entry.expect("an entry");
    let sigtuna = &cast.sigtuna;
    let nobodys = format!("relocations/{}", request_id());
    let solnas = |request: v1::GetReceiptRequest| (&cast.solna, request);
    let requests = [
        (sigtuna, by_name(sigtuna, &name)),
        (sigtuna, by_position(sigtuna, entry.position)),
        (sigtuna, by_position(sigtuna, i64::MAX)),
        (sigtuna, by_name(sigtuna, &nobodys)),
        (&cast.operator, by_name(&cast.operator, &name)),
        (&cast.operator, by_position(&cast.operator, entry.position)),
        solnas(by_name(&cast.solna, &nobodys)),
        solnas(v1::GetReceiptRequest {
            version: 2,
            ..by_name(&cast.solna, &name)
        }),
        solnas(v1::GetReceiptRequest {
            position: entry.position - 1,
            ..by_name(&cast.solna, &name)
        }),
    ];
    let mut refusals = BTreeSet::new();
    for (party, request) in requests {
        let refused = party
            .get_receipt(request.clone())
            .await
            .expect_err("nothing");
        assert_eq!(refused.code, Code::NotFound, "{request:?}");
        let Refused {
            reason,
            message,
            localized,
            ..
        } = refused;
        refusals.insert((reason, message, localized));
    }
    assert_eq!(refusals.len(), 1, "all in the same words");
    assert_eq!(entries(sigtuna).await, []);
    let given = v1::GetReceiptRequest {
        position: entry.position,
        version: 1,
        ..by_name(&cast.solna, &name)
    };
    cast.solna
        .get_receipt(given)
        .await
        .expect("all of it agrees");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_on_the_command_line_waits_for_its_receipt() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    write_policy(&world);
    let profile = profile(&world, SOLNA);
    let folder = world.folder();
    let request = r#"{"receivingMunicipality": "municipalities/2283", "kind": "RELOCATION_KIND_PLACEMENT",
        "legalGround": {"code": "LEGAL_GROUND_CODE_CONSENT", "consent": {"scopes": ["CONSENT_SCOPE_ALL"],
            "givenOn": "2026-01-01", "form": "CONSENT_FORM_WRITTEN", "receivedBy": "h-7"}},
        "content": {"person": {"identityNumber": "19900101-2385", "givenName": "Robin",
            "familyName": "Provsson", "birthDate": "1990-01-01", "protection": "PROTECTION_LEVEL_NONE"},
            "expectedOn": "TODAY", "wish": "EXPRESSED_WISH_NOT_CLEAR", "caseNumber": "1",
            "contact": {"function": "Mottagningsenheten", "phone": "08-123 456"}}}"#;
    let request = request.replace("TODAY", &today());
    fs::write(folder.join("request.json"), request).expect("written");
    let words = [
        "--profile",
        &profile,
        "register",
        "request.json",
        "--receipt",
        "receipt",
    ];
    let output = run(folder, &words);
    both_believe(folder, &["receipt".to_owned()]);
    let listed = entries(&solna).await;
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains(&listed[0].name), "{said}");
}
