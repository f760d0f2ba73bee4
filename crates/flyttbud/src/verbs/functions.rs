//! Verbs about functions of municipalities.

use api::v1;
use clap::{Args, Subcommand};

use super::{Session, call, code, code_of, submit, word};
use crate::cli::Write;
use crate::failure::Failure;
use crate::output;

/// What to do with functions.
#[derive(Debug, Subcommand)]
pub(crate) enum Functions {
    /// List a municipality's functions
    List {
        /// The municipality's code; your own when missing
        municipality: Option<String>,
        /// Also those that are closed
        #[arg(long)]
        closed: bool,
    },
    /// Read one
    Get {
        /// municipalities/…/functions/…
        name: String,
    },
    /// Describe one of your own, new or known; what is left out is empty from now on
    Set(Box<Described>),
}

/// A function's whole description.
#[derive(Debug, Args)]
pub(crate) struct Described {
    /// Its id: small letters a to z, digits, hyphens
    id: String,
    /// Its name in Swedish
    #[arg(long)]
    name: String,
    /// Telephone of the first contact
    #[arg(long, default_value = "")]
    phone: String,
    /// Mailbox of the first contact, the function's, never a person's
    #[arg(long, default_value = "")]
    email: String,
    /// Telephone of the second contact, who is told when the first is silent
    #[arg(long, default_value = "")]
    second_phone: String,
    /// Mailbox of the second contact
    #[arg(long, default_value = "")]
    second_email: String,
    /// Its address in Säker digital kommunikation
    #[arg(long, default_value = "")]
    sdk: String,
    /// It may open what is marked as secret
    #[arg(long)]
    secrecy_marked: bool,
    /// A kind that goes there unless the sender says otherwise, for example placement; may stand several times
    #[arg(long)]
    kind: Vec<String>,
    /// It is closed: nothing new goes there
    #[arg(long)]
    closed: bool,
    /// The etag you saw
    #[arg(long, default_value = "")]
    etag: String,
    #[command(flatten)]
    write: Write,
}

const COLUMNS: [&str; 7] = ["id", "function", "phone", "mail", "SDK", "kinds", "is"];

impl Session {
    pub(super) async fn functions(&self, verb: Functions) -> Result<(), Failure> {
        match verb {
            Functions::List {
                municipality,
                closed,
            } => self.list_functions(municipality, closed).await,
            Functions::Get { name } => {
                let request = v1::GetFunctionRequest { name };
                let answer = call!(self, directory.get_function(request))?;
                self.show_function(answer.function)
            }
            Functions::Set(verb) => self.set_function(verb).await,
        }
    }

    async fn list_functions(&self, of: Option<String>, closed: bool) -> Result<(), Failure> {
        let parent = match of {
            Some(code) => format!("municipalities/{code}"),
            None => self.profile.municipality()?,
        };
        let mut request = v1::ListFunctionsRequest {
            parent,
            page_size: 500,
            page_token: String::new(),
            include_closed: closed,
        };
        let mut rows = Vec::new();
        loop {
            let answer = call!(self, directory.list_functions(request.clone()))?;
            if self.json {
                for function in &answer.functions {
                    output::say_json("Function", function)?;
                }
            }
            rows.extend(answer.functions.iter().map(row));
            request.page_token = answer.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        if !self.json {
            output::table(&COLUMNS, rows);
        }
        Ok(())
    }

    async fn set_function(&self, verb: Box<Described>) -> Result<(), Failure> {
        let verb = *verb;
        let municipality = self.profile.municipality()?;
        let contact = |phone: String, email: String| v1::FunctionContact { phone, email };
        let has_second = !(verb.second_phone.is_empty() && verb.second_email.is_empty());
        let function = v1::Function {
            name: format!("{municipality}/functions/{}", verb.id),
            display_name: verb.name,
            first_contact: Some(contact(verb.phone, verb.email)),
            second_contact: has_second.then(|| contact(verb.second_phone, verb.second_email)),
            sdk_address: verb.sdk,
            handles_secrecy_marked: verb.secrecy_marked,
            kinds: verb.kind.iter().map(|kind| number(kind)).collect(),
            closed: verb.closed,
            etag: verb.etag,
        };
        let request = v1::SetFunctionRequest {
            municipality,
            actor: Some(self.profile.actor("beskriva funktion", "")),
            request_id: verb.write.id(),
            validate_only: verb.write.dry_run,
            function: Some(function),
        };
        let answer = submit!(self, directory.set_function(request))?;
        self.show_function(answer.function)
    }

    fn show_function(&self, function: Option<v1::Function>) -> Result<(), Failure> {
        let Some(function) = function else {
            output::talk("nothing was changed");
            return Ok(());
        };
        if self.json {
            return output::say_json("Function", &function);
        }
        output::table(&COLUMNS, vec![row(&function)]);
        Ok(())
    }
}

/// A kind's number by its word; what is no kind is refused by the service.
pub(super) fn number(kind: &str) -> i32 {
    let known = v1::RelocationKind::from_str_name(&code_of(kind, "RELOCATION_KIND_"));
    known.unwrap_or_default().into()
}

/// Kinds in words.
pub(super) fn kinds(kinds: impl Iterator<Item = v1::RelocationKind>) -> String {
    let words: Vec<String> = kinds
        .map(|kind| word(kind.as_str_name(), "RELOCATION_KIND_"))
        .collect();
    words.join(", ")
}

fn row(function: &v1::Function) -> Vec<String> {
    let first = function.first_contact.clone().unwrap_or_default();
    let mut is = Vec::new();
    is.extend(function.closed.then_some("closed"));
    is.extend(
        function
            .handles_secrecy_marked
            .then_some("for secrecy marked"),
    );
    vec![
        code(&function.name),
        function.display_name.clone(),
        first.phone,
        first.email,
        function.sdk_address.clone(),
        kinds(function.kinds()),
        is.join(", "),
    ]
}
