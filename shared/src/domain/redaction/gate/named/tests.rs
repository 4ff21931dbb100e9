use proptest::prelude::*;
use proptest::sample::select;
use proptest::string::string_regex;
use regex_syntax::hir::{Class, HirKind};

use super::super::super::forms;
use super::super::super::named::rules;
use super::*;
use crate::domain::Work;

/// A name in one of its spellings.
fn name() -> impl Strategy<Value = String> {
    let names = vec![
        "password",
        "Passwort",
        "DB_PASS",
        "pw",
        "API key",
        "accessToken",
        "X-Api-Key",
        "myDatabaseConnection string",
        "connection stringForTheWarehouse",
        "clave secreta",
        "ПАРОЛЬ",
        "ключ api",
        "mot de passe",
        "Schlüssel",
        "密码",
        "パスワード",
        "비밀번호",
        "to\u{212a}en",
        "\u{17f}ecret",
        "session",
    ];
    select(names).prop_map(str::to_owned)
}

/// Text between a name and its value.
fn lead() -> impl Strategy<Value = String> {
    let leads = vec![
        "=",
        ": ",
        " = ",
        "\": \"",
        "\\\":\\\"",
        "', '",
        " is ",
        " ist: ",
        "は",
        "是",
        " → ",
        "->",
        "\n",
        "** `",
        "</b><i>",
        " | ",
        " (VPN): ",
        " für das Portal: ",
        " for the office door of the branch is ",
        " of Acme, ",
        " ",
        "\u{a0}",
        "\u{2028}",
        "\" value=\"",
        ": \"two words ",
    ];
    select(leads).prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-zA-Z0-9!?@#$%^*+=_./:-]{4,24}",
        2 => "[a-zA-ZäöüÄÖÜдаДА]{12,30}",
        1 => "[a-z]{3,8}[!?]{1,2}[a-z.,]{0,4}",
        1 => "[a-z]{4} [a-z]{4} [a-z]{4} [a-z]{4}",
        1 => "\\PC{4,16}",
        1 => select(vec!["hunter22", "letmein", "Winter2026!", "aBcDeFgHiJkLmNoPqRsTu", "abcd-ef12-34gh", "p@sswurd"]).prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    /// In tests, a search fails where a closed gate hides a finding.
    #[test]
    fn a_closed_gate_hides_nothing(
        before in select(vec!["", " ", "the ", " --", "\"", "name=\"", "x", "ü", "deep in a Text with CAPITALS and 24 "]),
        name in name(), lead in lead(), value in value(),
        behind in select(vec!["", " ", "\"", "\\\"", "\n", "</b>", ".", "', 1", " and so on"]),
    ) {
        let text = format!("{before}{name}{lead}{value}{behind}");
        forms::find(&text, &mut Vec::new(), &Work::unlimited()).unwrap();
    }
}

/// An expression without what no text can be generated for: names of groups, places.
fn generated(expression: &str) -> String {
    let bare = ["(?<secret>", "(?<gap>", "(?<separator>", "(?<qualifier>"]
        .iter()
        .fold(expression.to_owned(), |expression, group| expression.replace(group, "(?:"));
    format!("(?i){}", bare.replace(r"\b", "").replace("(?m:$)", "\n"))
}

#[test]
fn the_image_of_an_expression_matches_the_image_of_what_it_matches() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for rule in named() {
        let all = format!("{}(?:{}){}", rule.before, rule.name, rule.tail);
        let relaxed = all.replace("[a-zà-žа-я]{1,14}", r"\w+").replace("{1,40}", "+").replace("{1,24}", "+");
        let image_of_all = compiled_image(&expression(&unnamed(relaxed).replace("(?<secret>", "(?:")));
        runner
            .run(&string_regex(&generated(&all)).unwrap(), |text| {
                prop_assert!(image_of_all.is_match(&image(&text)), "{text:?}");
                Ok(())
            })
            .unwrap();
    }
}

#[test]
fn the_forms_of_a_letter_have_one_image() {
    let patterns: String = named().into_iter().map(|rule| rule.before.to_owned() + &rule.name + &rule.tail).collect();
    let letters: std::collections::BTreeSet<char> = patterns.chars().filter(|c| c.is_alphabetic()).collect();
    assert!(letters.len() > 80, "{}", letters.len());
    for letter in letters {
        let image_of_it = compiled_image(&format!("^(?:{})$", expression(&letter.to_string())));
        let hir = regex_syntax::parse(&format!("(?i){letter}")).unwrap();
        let forms: Vec<char> = match hir.kind() {
            HirKind::Class(Class::Unicode(class)) => class.iter().flat_map(|it| it.start()..=it.end()).collect(),
            _ => vec![letter],
        };
        for form in forms {
            assert!(image_of_it.is_match(&image(&form.to_string())), "{letter} {form}");
        }
    }
}

#[test]
fn an_ordinary_text_opens_no_gate_and_a_secret_few() {
    for text in [
        "Your password is required.",
        "Sign in: https://acme.example/start",
        "KEY FEATURES: none",
        "Schlüssel für größere Räume",
        "the key to 24 hours, inside twenty minutes, both sides look good",
        "# Key facts\n- founded 2019\n- a session with LinkedIn and Pat",
        "Token {{organizationName}} and key={{key}}",
        "<rule name=\"short\">Authors pass 3 keys.</rule>",
    ] {
        assert!(opened(text).is_empty(), "{text}");
    }
    for text in ["password: hunter22!", "\"apiKey\": \"letmein\"", "pass=Winter2026!", "run --token abcdef"] {
        assert!((1..=4).contains(&opened(text).len()), "{text} {:?}", opened(text));
    }
    assert_eq!(rules().count(), named().len());
}
