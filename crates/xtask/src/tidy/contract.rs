//! The public contract: whoever reads a field finds the Swedish term in its comment, in parentheses.

/// Where the contract stands.
const FOLDER: &str = "proto/flyttbud/";

/// The fields of a file whose comments name no Swedish term.
pub(super) fn check(path: &str, text: &str) -> Vec<String> {
    if !path.starts_with(FOLDER) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut comment = String::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(said) = line.strip_prefix("//") {
            comment.push_str(said);
            continue;
        }
        if let Some(name) = field(line)
            && !names_a_term(&comment)
        {
            findings.push(format!(
                "{}: `{name}` has no Swedish term in its comment",
                index + 1
            ));
        }
        comment.clear();
    }
    findings
}

/// The name of the field that a line declares: `repeated string name = 1;`. Values of enumerations are no fields.
fn field(line: &str) -> Option<&str> {
    let (declared, number) = line.split_once(" = ")?;
    let (_kind, name) = declared.rsplit_once(' ')?;
    let is_number = number.starts_with(|sign: char| sign.is_ascii_digit());
    let is_option = ["option ", "syntax "]
        .iter()
        .any(|word| line.starts_with(word));
    (is_number && !is_option).then_some(name)
}

fn names_a_term(comment: &str) -> bool {
    let within = comment.split('(').skip(1);
    within
        .filter_map(|rest| rest.split_once(')'))
        .any(|(term, _rest)| term.chars().any(char::is_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_without_its_swedish_term_is_found() {
        let text = "message A {\n  // When it ends (slutdag).\n  string ends_on = 1;\n  // The\n  // rent.\n  \
                    optional int32 rent = 2;\n}\nenum B {\n  // Nothing.\n  B_NONE = 0;\n}\n";
        let found = check("proto/flyttbud/v1/a.proto", text);
        assert_eq!(found, ["6: `rent` has no Swedish term in its comment"]);
        assert_eq!(
            check("proto/journal/v1/a.proto", text),
            Vec::<String>::new()
        );
    }
}
