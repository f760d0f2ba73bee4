//! Functions of municipalities: described, listed, routed to; what was answered once is answered again.

use api::v1;
use client::{Refused, request_id};
use tests::{Party, SIGTUNA, SOLLEFTEA, SOLNA, World, announcement, function};

const PLACEMENT: v1::RelocationKind = v1::RelocationKind::Placement;
const INVOLVEMENT: v1::RelocationKind = v1::RelocationKind::ActiveInvolvement;

fn description(by: &Party, function: v1::Function) -> v1::SetFunctionRequest {
    v1::SetFunctionRequest {
        municipality: by.municipality(),
        actor: by.actor(),
        request_id: request_id(),
        validate_only: false,
        function: Some(function),
    }
}

pub(crate) async fn set(by: &Party, function: v1::Function) -> Result<v1::Function, Refused> {
    let answer = by.set_function(description(by, function)).await?;
    Ok(answer.function.expect("an answer holds the function"))
}

async fn ids(by: &Party, page_size: i32, include_closed: bool) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = v1::ListFunctionsRequest {
            parent: "municipalities/2283".to_owned(),
            page_size,
            page_token,
            include_closed,
        };
        let page = by.list_functions(request).await.expect("a list");
        let id = |it: &v1::Function| it.name.rsplit('/').next().map(str::to_owned);
        pages.push(page.functions.iter().filter_map(id).collect());
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return pages;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_reads_the_functions_that_a_municipality_describes() {
    let world = World::start().await;
    let solleftea = world.party(SOLLEFTEA).await;
    let sigtuna = world.party(SIGTUNA).await;
    assert_eq!(ids(&sigtuna, 2, true).await, [Vec::<String>::new()]);
    let given = function(&solleftea, "barn", &[PLACEMENT]);
    let described = set(&solleftea, given.clone()).await.expect("accepted");
    let etag = described.etag.clone();
    let given = v1::Function {
        etag: etag.clone(),
        ..given
    };
    assert_eq!(described, given);
    for (id, closed) in [("arbete", false), ("vuxna", true)] {
        let function = v1::Function {
            closed,
            ..function(&solleftea, id, &[])
        };
        set(&solleftea, function).await.expect("accepted");
    }
    assert_eq!(ids(&sigtuna, 2, false).await, [["arbete", "barn"]]);
    let all = ids(&sigtuna, 2, true).await;
    assert_eq!(all, [vec!["arbete", "barn"], vec!["vuxna"]]);
    let get = |name: &str| {
        sigtuna.get_function(v1::GetFunctionRequest {
            name: format!("municipalities/2283/functions/{name}"),
        })
    };
    let read = get("barn").await.expect("read").function.expect("one");
    assert_ne!(read.etag, etag, "two more were described");
    let same = v1::Function {
        etag,
        ..read.clone()
    };
    assert_eq!(same, given);
    let unknown = get("barnen").await.expect_err("unknown");
    let open = ("functions".to_owned(), "arbete, barn".to_owned());
    assert_eq!(unknown.reason, "FUNCTION_UNKNOWN");
    assert!(unknown.metadata.contains(&open), "{unknown:?}");
    // who saw an older one does not overwrite a newer one
    let stale = set(&solleftea, given).await.expect_err("stale");
    assert_eq!(stale.reason, "ETAG_MISMATCH");
    let changed = v1::Function {
        display_name: "Barn".to_owned(),
        ..read
    };
    let changed = set(&solleftea, changed).await.expect("accepted");
    assert_eq!(changed.display_name, "Barn");
    // nobody describes another's
    let theirs = function(&solleftea, "barn", &[]);
    let refused = set(&sigtuna, theirs).await.expect_err("another's");
    assert_eq!(refused.reason, "NAME_INVALID");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_and_a_retry_of_a_description_change_nothing() {
    let world = World::start().await;
    let solleftea = world.party(SOLLEFTEA).await;
    let mut request = description(&solleftea, function(&solleftea, "barn", &[]));
    request.validate_only = true;
    let dry = solleftea.set_function(request.clone()).await;
    assert_eq!(dry.expect("right").function, None, "not there yet");
    assert_eq!(ids(&solleftea, 0, true).await, [Vec::<String>::new()]);
    request.validate_only = false;
    let first = solleftea.set_function(request.clone()).await;
    let first = first.expect("accepted").function.expect("one");
    let closed = v1::Function {
        closed: true,
        ..first.clone()
    };
    set(&solleftea, closed).await.expect("accepted");
    let again = solleftea.set_function(request).await.expect("answered");
    assert_eq!(again.function, Some(first), "the answer of then");
    assert_eq!(ids(&solleftea, 0, false).await, [Vec::<String>::new()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_to_a_function_that_closed_since_is_answered_as_before() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let described = function(&solleftea, "arbete", &[INVOLVEMENT]);
    set(&solleftea, described.clone()).await.expect("accepted");
    let mut request = announcement(&solna, "2283", 0);
    request.receiving_function = described.name.clone();
    let dry = v1::RegisterRelocationRequest {
        validate_only: true,
        receiving_function: String::new(),
        ..request.clone()
    };
    let dry = solna.register(dry).await.expect("right").dry_run;
    let dry = dry.expect("a dry run").receiving_function;
    assert_eq!(dry, described.name, "its kind goes there");
    let first = solna.register(request.clone()).await.expect("accepted");
    let relocation = first.relocation.clone().expect("one");
    assert_eq!(relocation.receiving_function, described.name);
    let closed = v1::Function {
        closed: true,
        ..described.clone()
    };
    set(&solleftea, closed).await.expect("accepted");
    let again = solna.register(request.clone()).await.expect("answered");
    assert_eq!(again.relocation, first.relocation);
    request.request_id = request_id();
    let refused = solna.register(request).await.expect_err("closed");
    assert_eq!(refused.reason, "FUNCTION_CLOSED");
    // what came before stays where it is, for both
    for party in [&solna, &solleftea] {
        let read = party.read(&relocation.name).await.expect("a party reads");
        assert_eq!(read.receiving_function, described.name);
    }
}
