#[cfg(target_os = "linux")]
use std::process::Command;

#[cfg(target_os = "linux")]
use connect_core::snapshot::Language;
use serde_json::Value;

use super::*;

const HOSTILE: &[&str] = &[
    "=HYPERLINK(\"http://evil.test\")",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "  =1",
    "＝1",
    "a, \"quoted\", and\r\na new line",
    "</STMTTRN><TRNAMT>9 & <b>",
    "Adébáyọ̀ ₦ 1",
];

fn row(number: u32, amount: &str, direction: Direction) -> HistoryRow {
    HistoryRow {
        id: Some(format!("id-{number}")),
        at: Some(1_709_296_200_000 + i64::from(number) * 1000),
        amount: Some(amount.parse().unwrap()),
        currency: Some("NGN".into()),
        direction,
        status: TransactionStatus::Done,
        narration: Some(format!("Line {number}")),
        reference: Some(format!("TX-{number}")),
    }
}

fn hostile() -> Vec<HistoryRow> {
    let rows = HOSTILE.iter().enumerate().map(|(number, text)| HistoryRow {
        narration: Some((*text).to_owned()),
        ..row(u32::try_from(number).unwrap(), "9007199254740993.105", Direction::Out)
    });
    let bare = HistoryRow { id: None, reference: None, narration: None, ..row(50, "0.000000000000000001", Direction::In) };
    let token = HistoryRow { currency: Some("ETH".into()), ..bare.clone() };
    let pending = HistoryRow { status: TransactionStatus::Pending, ..row(51, "5", Direction::In) };
    let untold = HistoryRow { at: None, amount: None, currency: None, ..row(52, "5", Direction::Unknown) };
    rows.chain([token.clone(), token, bare, pending, untold]).collect()
}

fn rendered(format: Format, rows: &[HistoryRow]) -> Rendered {
    let made_at = Timestamp::from_second(1_767_225_600).unwrap();
    format.render(&Statement { account: "0123456789abcdef", name: "Shop", made_at, rows }).unwrap()
}

/// Runs a Python program of Debian's with the file as its argument, and reads what it prints.
#[cfg(target_os = "linux")]
fn python(program: &str, text: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    replace(&path, text).unwrap();
    let ran = Command::new("/usr/bin/python3").args(["-c", program]).arg(&path).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn a_csv_file_is_read_back_by_python_and_no_cell_is_a_formula() {
    let rows = hostile();
    let read = python(
        "import csv, json, sys; print(json.dumps(list(csv.DictReader(open(sys.argv[1], newline='', encoding='utf-8')))))",
        &rendered(Format::Csv, &rows).text,
    );
    let read = read.as_array().unwrap();
    assert_eq!(read.len(), rows.len());
    for (line, row) in read.iter().zip(&rows) {
        for cell in ["currency", "description", "reference"] {
            let text = line[cell].as_str().unwrap();
            assert!(!text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']), "{text:?}");
        }
        let description = line["description"].as_str().unwrap();
        assert_eq!(description.strip_prefix('\'').unwrap_or(description), row.narration.as_deref().unwrap_or_default());
    }
    assert_eq!((&read[0]["amount"], &read[0]["direction"]), (&Value::from("-9007199254740993.105"), &Value::from("out")));
    assert_eq!((&read[10]["amount"], &read[10]["currency"]), (&Value::from("0.000000000000000001"), &Value::from("ETH")));
    assert_eq!(read[0]["date"], "2024-03-01T12:30:00Z");
    assert_eq!((&read[14]["date"], &read[14]["amount"], &read[14]["direction"]), (&"".into(), &"".into(), &"".into()));
}

/// A spreadsheet in French separates cells at semicolons, even inside quotation marks, and would run a formula that follows one.
#[test]
fn no_part_of_a_cell_is_a_formula_whatever_separator_a_spreadsheet_uses() {
    for (text, wanted) in [
        ("rent;=1+1", "rent;'=1+1"),
        (";=1", ";'=1"),
        ("a; \"=HYPERLINK(1)\"", "a;' \"=HYPERLINK(1)\""),
        ("\u{feff}=1", "'\u{feff}=1"),
        ("\u{200b}\u{202e}@SUM(1)", "'\u{200b}\u{202e}@SUM(1)"),
        ("\"=1\"", "'\"=1\""),
        ("a\n+1", "a\n'+1"),
        ("1-2; 3-4", "1-2; 3-4"),
        ("a=b", "a=b"),
    ] {
        assert_eq!(super::csv::plain(text), wanted, "{text:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn odd_texts_and_no_transaction_at_all_leave_an_ofx_file_readable() {
    let told = |number: u32, id: &str, narration: &str| HistoryRow {
        id: Some(id.into()),
        reference: None,
        narration: Some(narration.into()),
        ..row(number, "0", Direction::Out)
    };
    let long = "👩\u{200d}👩\u{200d}👧 ".repeat(200);
    let rows = [
        told(0, "a", "b\u{ffff}\u{fffe}c\u{b}"),
        told(1, "\u{ffff}", "\u{ffff}"),
        told(2, " ", "\u{202e}dlog\u{2066}"),
        told(3, "d", &long),
        told(4, "e", "]]> &#xFFFF; <!-- &amp;"),
    ];
    let read = |text: &str| {
        python(
            "import json, sys\nimport xml.etree.ElementTree as tree\nfrom ofxparse import OfxParser\ntree.parse(sys.argv[1])\n\
             ofx = OfxParser.parse(open(sys.argv[1], 'rb'))\n\
             print(json.dumps([[t.id, t.payee, t.memo, str(t.amount)] for a in ofx.accounts for t in a.statement.transactions]))",
            text,
        )
    };
    let lines = read(&rendered(Format::Ofx, &rows).text);
    assert_eq!(lines[0], serde_json::json!(["a", "bc", "bc", "0"]));
    assert!(lines[1][0].as_str().unwrap().starts_with("1709296201000/") && lines[1][1] == "Money in", "{lines}");
    assert_eq!(lines[2][1], "\u{202e}dlog\u{2066}");
    assert!(long.starts_with(lines[3][2].as_str().unwrap()), "{lines}");
    assert_eq!(lines[4][2], "]]> &#xFFFF; <!-- &amp;");
    assert_eq!(read(&rendered(Format::Ofx, &[]).text), serde_json::json!([]));
}

#[test]
#[cfg(target_os = "linux")]
fn an_ofx_file_is_read_back_by_ofxparse_with_exact_amounts_and_one_statement_a_currency() {
    let file = rendered(Format::Ofx, &hostile());
    assert_eq!((file.written, file.left_out), (13, 2));
    let read = python(
        "import json, sys\nfrom ofxparse import OfxParser\nofx = OfxParser.parse(open(sys.argv[1], 'rb'))\nprint(json.dumps([{'account': a.account_id, \
         'currency': a.statement.currency, 'lines': [[t.id, t.type, str(t.amount), t.date.isoformat(), t.memo] for t in a.statement.transactions]} \
         for a in ofx.accounts]))",
        &file.text,
    );
    assert_eq!((&read[0]["currency"], &read[1]["currency"], read[2].is_null()), (&"eth".into(), &"ngn".into(), true), "{read}");
    assert!(read.as_array().unwrap().iter().all(|statement| statement["account"] == "0123456789abcdef"));
    let [eth, ngn] = [0, 1].map(|number| read[number]["lines"].as_array().unwrap().clone());
    assert_eq!((eth.len(), ngn.len()), (2, 11));
    // Two without an id of their own are two.
    assert_ne!(eth[0][0], eth[1][0]);
    assert_eq!(eth[0][2].as_str().unwrap().parse::<Decimal>().unwrap(), "0.000000000000000001".parse().unwrap());
    assert_eq!(ngn[0].as_array().unwrap()[..4], ["id-0", "debit", "-9007199254740993.105", "2024-03-01T12:30:00"].map(Value::from));
    assert_eq!(ngn[8][4], "</STMTTRN><TRNAMT>9 & <b>");
    assert_eq!(ngn[9][4], "Adébáyọ̀ ₦ 1");
}

#[test]
fn a_json_file_has_amounts_as_strings_and_what_is_not_told_as_null() {
    let read: Value = serde_json::from_str(&rendered(Format::Json, &hostile()).text).unwrap();
    assert_eq!((&read["account"], &read["made_at"]), (&"Shop".into(), &"2026-01-01T00:00:00Z".into()));
    let line = |number: usize| &read["transactions"][number];
    assert_eq!((&line(0)["amount"], &line(0)["description"]), (&"-9007199254740993.105".into(), &HOSTILE[0].into()));
    assert!(["at", "amount", "currency", "direction"].iter().all(|field| line(14)[field].is_null()), "{}", line(14));
}

#[test]
fn a_new_file_takes_the_place_of_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    create(&path, "first").unwrap();
    assert_eq!(create(&path, "second").unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "first");
    #[cfg(unix)]
    {
        let link = folder.path().join("link.csv");
        std::os::unix::fs::symlink(folder.path().join("nowhere"), &link).unwrap();
        assert_eq!(create(&link, "text").unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
    }
    let names = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(names, if cfg!(unix) { 2 } else { 1 }, "nothing is left beside it");
}

#[test]
fn a_file_is_for_this_user_alone_replaces_what_is_there_and_leaves_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, "before").unwrap();
    replace(&path, "after").unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "after");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);
    assert_eq!(new_in(folder.path(), "a", "csv", "x").unwrap(), folder.path().join("a-2.csv"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "after");
    // An error is about the file that was named, not about one beside it.
    for refused in [replace(&folder.path().join("gone/a.csv"), "x"), create(&folder.path().join("a.csv/b.csv"), "x")] {
        let said = refused.unwrap_err().to_string();
        assert!(!said.contains(".tmp") && !said.contains("gone"), "{said}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_happened_is_read_back_from_both_formats_and_no_cell_is_a_formula() {
    use connect_core::snapshot::{ActivityEvent, ActivityItem};
    let events = HOSTILE.iter().map(|text| ActivityEvent::AppAllowed { app: (*text).to_owned(), scopes: vec!["wallet:read".into()] });
    let others = [
        ActivityEvent::Connected { granted: vec!["profile:read".into(), "wallet:read".into()], declined: vec!["kyc:read".into()] },
        ActivityEvent::Failed { code: "timed_out".into() },
        ActivityEvent::Failed { code: "=of_tomorrow".into() },
        ActivityEvent::Disconnected { confirmed: false, by: None },
        ActivityEvent::Unknown,
    ];
    let item = |event| ActivityItem { at: 1_709_296_200_000, account: None, account_name: Some("=Shop".to_owned()), event };
    let items: Vec<ActivityItem> = events.chain(others).map(item).collect();
    let read = python(
        "import csv, json, sys; print(json.dumps(list(csv.DictReader(open(sys.argv[1], newline='', encoding='utf-8')))))",
        &ActivityFormat::Csv.render(Language::English, &items).unwrap(),
    );
    let read = read.as_array().unwrap();
    assert_eq!(read.len(), items.len());
    for (line, item) in read.iter().zip(&items) {
        for (name, cell) in line.as_object().unwrap() {
            let text = cell.as_str().unwrap();
            assert!(!text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']), "{name}: {text:?}");
        }
        let app = line["app"].as_str().unwrap();
        assert_eq!(app.strip_prefix('\'').unwrap_or(app), item.event.app().unwrap_or_default());
        assert_eq!(line["account"], "'=Shop");
        assert_eq!(line["date"], "2024-03-01T12:30:00Z");
    }
    let json: Value = serde_json::from_str(&ActivityFormat::Json.render(Language::English, &items).unwrap()).unwrap();
    let connected = &json[HOSTILE.len()];
    assert_eq!((&connected["kind"], &connected["permissions"][1]), (&"connected".into(), &"wallet:read".into()));
    assert_eq!((&connected["not_allowed"][0], &connected["account"]), (&"kyc:read".into(), &"=Shop".into()));
}

#[test]
fn a_kind_has_the_word_that_programs_know() {
    use connect_core::PaymentOutcome;
    use connect_core::snapshot::{ActivityEvent as E, ActivityItem, Language};
    let (app, scopes, by) = (String::from("Till"), vec![String::from("wallet:read")], String::from("window"));
    let payment = |outcome| E::Payment { app: app.clone(), amount: None, currency: None, to: None, reference: None, outcome };
    let words = [
        (E::Connected { granted: scopes.clone(), declined: Vec::new() }, "connected"),
        (E::Reconnected { granted: scopes.clone(), declined: Vec::new() }, "reconnected"),
        (E::Refreshed, "refreshed"),
        (E::Revoked { scopes: scopes.clone() }, "revoked"),
        (E::TakenBack { scopes: scopes.clone(), along: Vec::new(), by: None }, "taken_back"),
        (E::SetAside { scopes: scopes.clone(), by: by.clone() }, "set_aside"),
        (E::SwitchedOn { scopes: scopes.clone(), by }, "switched_on"),
        (E::Contradicted { scopes: scopes.clone() }, "contradicted"),
        (E::Disconnected { confirmed: true, by: None }, "disconnected"),
        (E::Failed { code: "timed_out".into() }, "failed"),
        (E::BackendChanged { address: "https://backend.example".into() }, "backend_changed"),
        (E::AppAllowed { app: app.clone(), scopes: scopes.clone() }, "app_allowed"),
        (E::AppNarrowed { app: app.clone(), scopes: scopes.clone() }, "app_narrowed"),
        (E::AppExtended { app: app.clone(), scopes }, "app_extended"),
        (E::AppTakenBack { app: app.clone() }, "app_taken_back"),
        (payment(PaymentOutcome::Done), "payment_done"),
        (payment(PaymentOutcome::Refused), "payment_refused"),
        (payment(PaymentOutcome::NotSent), "payment_not_sent"),
        (payment(PaymentOutcome::Unknown), "payment_unknown"),
        (E::Unknown, "unknown"),
    ];
    let (events, words): (Vec<_>, Vec<_>) = words.into_iter().unzip();
    let items: Vec<_> = events.into_iter().map(|event| ActivityItem { at: 0, account: None, account_name: None, event }).collect();
    let json: Vec<Value> = serde_json::from_str(&ActivityFormat::Json.render(Language::English, &items).unwrap()).unwrap();
    assert_eq!(json.iter().map(|line| line["kind"].as_str().unwrap()).collect::<Vec<_>>(), words);
}
