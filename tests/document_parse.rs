//! What is JSON and what is not, what the errors say, and what of a text is kept.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

use std::thread;

use ultrawave::document::{
    Grain, Method, ParseError, Path, Source, Style, Value, parse, parse_reporting, save,
};
use ultrawave::limits;

/// Accepted texts, and what they say written compactly.
const ACCEPTED: &[(&str, &str)] = &[
    ("null", "null"),
    ("true", "true"),
    (" false ", "false"),
    ("\u{feff}1", "1"),
    ("\u{feff}\r\n [ ] \t", "[]"),
    ("{}", "{}"),
    ("[\n1\r\n,\t2 ]", "[1,2]"),
    ("{\"a\" : 1 , \"b\" : [ { } ] }", "{\"a\":1,\"b\":[{}]}"),
    ("0", "0"),
    ("-0", "-0"),
    ("-0.0e-0", "-0.0e-0"),
    ("1E+2", "1E+2"),
    ("1e400", "1e400"),
    ("9007199254740993", "9007199254740993"),
    ("0.10000000000000000000000000000000000001", "0.10000000000000000000000000000000000001"),
    ("123456789012345678901234567890", "123456789012345678901234567890"),
    ("\"\"", "\"\""),
    ("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
    ("\"\\u0041\\u00e9\\uD83D\\uDE00\"", "\"\\u0041\\u00e9\\uD83D\\uDE00\""),
    ("\"\\u0000\"", "\"\\u0000\""),
    ("\"\\ud800\"", "\"\\ud800\""),
    ("\"\\udc00\\ud800x\"", "\"\\udc00\\ud800x\""),
    ("\"\u{7f}\u{2028}\u{10ffff}\u{feff}😀\"", "\"\u{7f}\u{2028}\u{10ffff}\u{feff}😀\""),
    ("{\"\":{\"\\n\":0}}", "{\"\":{\"\\n\":0}}"),
    ("{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}"),
    ("{\"A\":1,\"\\u0041\":2}", "{\"A\":2}"),
    ("[[[[[[]]]],{},[{}]]]", "[[[[[[]]]],{},[{}]]]"),
];

/// Refused texts, and what the error says.
const REFUSED: &[(&str, &str)] = &[
    ("", "line 1, column 1: expected a JSON value, found nothing: the text is empty"),
    ("\u{feff} \n", "line 2, column 1: expected a JSON value, found nothing: the text is empty"),
    ("\u{feff}\u{feff}1", "line 1, column 1: expected a value, found a byte order mark (U+FEFF)"),
    (
        "[",
        "line 1, column 2: expected a value, found the end of the text: the array that begins at line 1, column 1 is never closed",
    ),
    (
        "[1",
        "line 1, column 3: expected `,` or `]` after the value, found the end of the text: the array that begins at line 1, column 1 is never closed",
    ),
    (
        "\n {\"a\":",
        "line 2, column 7: expected a value, found the end of the text: the map that begins at line 2, column 2 is never closed",
    ),
    (
        "{\"a\"",
        "line 1, column 5: expected `:` after the key, found the end of the text: the map that begins at line 1, column 1 is never closed",
    ),
    (
        "{",
        "line 1, column 2: expected a key in double quotes or `}`, found the end of the text: the map that begins at line 1, column 1 is never closed",
    ),
    ("]", "line 1, column 1: expected a value, found `]`"),
    ("[1}", "line 1, column 3: expected `,` or `]` after the value, found `}`"),
    ("{\"a\":1]", "line 1, column 7: expected `,` or `}` after the value, found `]`"),
    ("{]", "line 1, column 2: expected a key in double quotes or `}`, found `]`"),
    ("[}", "line 1, column 2: expected a value, found `}`"),
    ("[1,]", "line 1, column 3: expected another element after this comma, found `]`: remove the comma"),
    ("[1\n,\n]", "line 2, column 1: expected another element after this comma, found `]`: remove the comma"),
    ("{\"a\":1,}", "line 1, column 7: expected another entry after this comma, found `}`: remove the comma"),
    ("[,1]", "line 1, column 2: expected a value, found `,`"),
    ("[1,,2]", "line 1, column 4: expected a value between two commas"),
    ("[1,\n,2]", "line 2, column 1: expected a value between two commas (the first is on line 1)"),
    ("[1 2]", "line 1, column 4: expected `,` or `]` after the value, found `2`: is a comma missing?"),
    (
        "{\"a\":1 \"b\":2}",
        "line 1, column 8: expected `,` or `}` after the value, found `\"`: is a comma missing?",
    ),
    ("{\"a\" 1}", "line 1, column 6: expected `:` after the key, found `1`"),
    ("{\"a\"=1}", "line 1, column 5: expected `:` after the key, found `=`"),
    ("{a:1}", "line 1, column 2: expected a key in double quotes, found `a`: put quotes around it"),
    (
        "{'a':1}",
        "line 1, column 2: expected a key in double quotes or `}`, found `'`: JSON takes double quotes",
    ),
    ("{1:1}", "line 1, column 2: expected a key in double quotes, found `1`: put quotes around it"),
    ("{null:1}", "line 1, column 2: expected a key in double quotes, found `null`: put quotes around it"),
    ("{\"a\":1,,}", "line 1, column 8: expected a key in double quotes, found `,`"),
    ("{\"a\"}", "line 1, column 5: expected `:` after the key, found `}`"),
    ("{\"a\":}", "line 1, column 6: expected a value, found `}`"),
    ("1 2", "line 1, column 3: expected nothing more after the document's value, found `2`"),
    ("{} {}", "line 1, column 4: expected nothing more after the document's value, found `{`"),
    ("[] ,", "line 1, column 4: expected nothing more after the document's value, found `,`"),
    ("nul", "line 1, column 1: expected a value, found `nul`: a string takes double quotes"),
    ("nullx", "line 1, column 5: expected nothing more after the document's value, found `x`"),
    ("True", "line 1, column 1: expected a value, found `True`: write `true`"),
    ("[None]", "line 1, column 2: expected a value, found `None`: write `null`"),
    ("undefined", "line 1, column 1: expected a value, found `undefined`: write `null`"),
    ("NaN", "line 1, column 1: expected a value, found `NaN`: JSON has no such number"),
    (
        "-Infinity",
        "line 1, column 2: expected a digit in the number, found `Infinity`: JSON has no such number",
    ),
    ("abc", "line 1, column 1: expected a value, found `abc`: a string takes double quotes"),
    ("'a'", "line 1, column 1: expected a value, found `'`: JSON takes double quotes"),
    ("“a”", "line 1, column 1: expected a value, found `“`: JSON takes straight double quotes (\")"),
    ("[1, // one\n2]", "line 1, column 5: expected a value, found `/`: JSON has no comments"),
    (
        "1 # one",
        "line 1, column 3: expected nothing more after the document's value, found `#`: JSON has no comments",
    ),
    ("\u{a0}1", "line 1, column 1: expected a value, found the character U+00A0"),
    ("[1\u{c}]", "line 1, column 3: expected `,` or `]` after the value, found the character U+000C"),
    ("+1", "line 1, column 1: expected a value, found `+`: a number takes no plus sign"),
    (".5", "line 1, column 1: expected a value, found `.`: a number needs a digit before its decimal point"),
    (
        "-.5",
        "line 1, column 2: expected a digit in the number, found `.`: a number needs a digit before its decimal point",
    ),
    ("-", "line 1, column 2: expected a digit in the number, found the end of the text"),
    ("--1", "line 1, column 2: expected a digit in the number, found `-`: JSON has no such number"),
    (
        "01",
        "line 1, column 2: expected the end of the number after its leading 0, found another digit: remove the 0",
    ),
    (
        "-012",
        "line 1, column 3: expected the end of the number after its leading 0, found another digit: remove the 0",
    ),
    ("1.", "line 1, column 3: expected a digit after the decimal point, found the end of the text"),
    ("[1.]", "line 1, column 4: expected a digit after the decimal point, found `]`"),
    ("1.e5", "line 1, column 3: expected a digit after the decimal point, found `e5`"),
    ("1e", "line 1, column 3: expected a digit in the exponent, found the end of the text"),
    ("1e+", "line 1, column 4: expected a digit in the exponent, found the end of the text"),
    ("1eE2", "line 1, column 3: expected a digit in the exponent, found `E2`"),
    ("0x1F", "line 1, column 2: expected nothing more after the document's value, found `x1F`"),
    ("1_000", "line 1, column 2: expected nothing more after the document's value, found `_`"),
    ("\u{661}", "line 1, column 1: expected a value, found `\u{661}`"),
    (
        "\"",
        "line 1, column 1: expected a closing `\"`, found the end of the text: the string that begins here is never closed",
    ),
    (
        "[\"a, 1]",
        "line 1, column 2: expected a closing `\"`, found the end of the text: the string that begins here is never closed",
    ),
    (
        "\"a\\",
        "line 1, column 1: expected a closing `\"`, found the end of the text: the string that begins here is never closed",
    ),
    (
        "\"a\nb\"",
        "line 1, column 1: expected a closing `\"`, found the end of the line: close the string that begins here, or write a line break in it as `\\n`",
    ),
    (
        "\"a\tb\"",
        "line 1, column 3: expected an escape, found the control character U+0009 in a string: write it as `\\t`",
    ),
    (
        "\"a\u{0}b\"",
        "line 1, column 3: expected an escape, found the control character U+0000 in a string: write it as `\\u0000`",
    ),
    (
        "\"\\x41\"",
        "line 1, column 2: expected one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX, found `\\x`: write a backslash itself as `\\\\`",
    ),
    ("\"\\u12G4\"", "line 1, column 2: expected four hexadecimal digits after `\\u`, found 2"),
    ("\"\\u\"", "line 1, column 2: expected four hexadecimal digits after `\\u`, found 0"),
    ("\"\\u00A", "line 1, column 2: expected four hexadecimal digits after `\\u`, found 3"),
    (
        "\"\\é\"",
        "line 1, column 2: expected one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX, found `\\é`: write a backslash itself as `\\\\`",
    ),
];

#[test]
fn what_is_json_is_read_and_keeps_its_texts() {
    for (text, expected) in ACCEPTED {
        assert_eq!(parse(text).map(|value| value.to_string()).as_deref(), Ok(*expected), "{text:?}");
    }
}

#[test]
fn what_is_no_json_is_refused_with_its_place_and_a_remedy() {
    for (text, expected) in REFUSED {
        let error = parse(text).map(|value| value.to_string()).unwrap_err();
        assert_eq!(&error.to_string(), expected, "{text:?}");
    }
}

#[test]
fn every_control_character_in_a_string_is_refused() {
    for code in 0..0x20_u8 {
        let text = format!("\"{}\"", char::from(code));
        assert!(parse(&text).is_err(), "{text:?}");
    }
}

#[test]
fn every_beginning_of_a_text_is_refused() {
    let text = "{\"a\":[1.5e+3,\"\\u00e9😀\",{\"b\":null}],\"c\":[true,false,-0]}";
    for (end, _) in text.char_indices() {
        assert!(parse(&text[..end]).is_err(), "{:?} is not whole", &text[..end]);
    }
    assert!(parse(text).is_ok());
}

fn nested(levels: usize) -> String {
    format!("{}{}", "[{\"a\":".repeat(levels / 2), "}]".repeat(levels / 2)).replace(":}", ":0}")
}

#[test]
fn nesting_ends_at_the_limit() {
    assert!(parse(&nested(limits::DEPTH)).is_ok());
    let error = parse(&nested(limits::DEPTH + 2)).unwrap_err();
    assert_eq!(error.reason, "arrays and maps are nested deeper than the limit of 10000 levels");
    assert!(parse(&"[".repeat(10_000_000)).is_err());
}

/// Runs work on a stack far smaller than threads usually get.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(256 << 10).spawn(work).unwrap().join().unwrap();
}

fn deepest_path() -> Path {
    (0..limits::DEPTH).map(|level| if level % 2 == 0 { 0.into() } else { "a".into() }).collect()
}

#[test]
fn the_deepest_document_fits_the_smallest_stack() {
    on_a_small_stack(|| {
        let text = nested(limits::DEPTH);
        let value = parse(&text).unwrap();
        let mut copy = parse(&text).unwrap();
        assert_eq!(value.depth(), limits::DEPTH);
        assert_eq!(value, copy);
        assert_eq!(value.to_string(), text);
        assert_eq!(format!("{value:?}"), text);
        copy.apply(&deepest_path(), &Method::Set(Value::NULL)).unwrap();
        assert_ne!(value, copy);
        assert_eq!(save(&text, &copy), text.replace('0', "null"));
        assert_eq!(parse(&value.pretty(&Style::default())), Ok(value));
    });
}

#[test]
fn the_deepest_merge_fits_the_smallest_stack() {
    on_a_small_stack(|| {
        let map = |leaf: &str| {
            parse(&format!("{}{leaf}{}", "{\"a\":".repeat(limits::DEPTH), "}".repeat(limits::DEPTH))).unwrap()
        };
        let mut value = map("0");
        value.apply(&Path::ROOT, &Method::Merge(map("1"))).unwrap();
        assert_eq!(value, map("1"));
    });
}

#[test]
fn saving_the_deepest_lists_fits_the_smallest_stack() {
    on_a_small_stack(|| {
        // Deep enough to need more than this stack; what moves is looked for on every level.
        let levels = 1_000;
        let list = |middle: &str| format!("{}{middle}{}", "[0,".repeat(levels), ",1]".repeat(levels));
        let all = |middles: &[&str]| {
            format!("[{}]", middles.iter().map(|middle| list(middle)).collect::<Vec<_>>().join(","))
        };
        let source = all(&["[1,2,3]", "[4]", "[5,6]"]);
        let moved = all(&["[5,6]", "[2,1]", "[4,4]", "[1,2,3]"]);
        assert_eq!(save(&source, &parse(&moved).unwrap()), moved);
    });
}

#[test]
fn duplicate_keys_are_counted() {
    let parsed = parse_reporting("{\"a\":[0,{\"k\":1,\"k\":2,\"\\u006b\":3}],\"a\":4}").unwrap();
    assert_eq!(parsed.value.to_string(), "{\"a\":4}");
    assert_eq!(parsed.duplicate_keys, 3);
    assert_eq!(parsed.first_duplicate.unwrap().to_pointer(), "/a/1/k");
    let parsed = parse_reporting("[{\"k\":1},{\"k\":1}]").unwrap();
    assert_eq!((parsed.duplicate_keys, parsed.first_duplicate), (0, None));
}

fn picture(text: &str) -> String {
    parse(text).unwrap_err().render("orders.json", text)
}

#[test]
fn errors_show_the_line_with_a_caret() {
    assert_eq!(
        picture("{\r\n\t\"ä\": 1\r\n\t\"b\": 2\r\n}"),
        "orders.json:3:2: expected `,` or `}` after the value, found `\"`: is a comma missing?\n  |\n3 |  \"b\": 2\n  |  ^"
    );
    assert_eq!(
        picture("\u{feff}[1,\u{1b}[31m"),
        "orders.json:1:4: expected a value, found the character U+001B\n  |\n1 | [1,\\u001b[31m\n  |    ^"
    );
    let wide = picture("[\"日本\", x]");
    assert!(wide.ends_with("\n1 | [\"日本\", x]\n  |          ^"), "columns, not characters: {wide}");
    assert_eq!(
        picture(""),
        "orders.json:1:1: expected a JSON value, found nothing: the text is empty\n  |\n1 | \n  | ^"
    );
}

#[test]
fn a_long_line_is_shown_around_the_fault() {
    let text = format!("[{}x{}]", "1,".repeat(200), ",1".repeat(200));
    let shown = picture(&text);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[2], format!("1 | …{}x{},…", "1,".repeat(25), ",1".repeat(24)));
    assert_eq!(lines[3], format!("  | {}^", " ".repeat(51)));
}

#[test]
fn the_place_is_counted_in_characters_and_in_bytes() {
    let error: ParseError = parse("[\"é😀\", x]").unwrap_err();
    assert_eq!((error.offset, error.line, error.column), (11, 1, 8));
}

/// `ULTRAWAVE_JSON_SUITE=FOLDER cargo test --test document_parse -- --ignored`: the files of
/// nst/JSONTestSuite's `test_parsing`. `y_` is to be taken and kept byte for byte, `n_` refused; of
/// `i_` either will do, as long as nothing ends.
#[test]
#[ignore = "needs the files of nst/JSONTestSuite in the folder ULTRAWAVE_JSON_SUITE"]
fn the_public_parsing_suite_is_judged_right() {
    let folder = std::env::var_os("ULTRAWAVE_JSON_SUITE").expect("ULTRAWAVE_JSON_SUITE names the folder");
    let mut judged = [0, 0, 0];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = String::from_utf8(std::fs::read(&path).unwrap());
        let value = text.as_ref().ok().and_then(|text| parse(text).ok());
        let source = text.as_ref().ok().map(|text| Source::with_grain(text, Grain { span: 2, page: 2 }));
        let read = source.as_ref().and_then(|source| source.read().ok());
        assert_eq!(read.map(|read| read.value), value, "{name}");
        match name.get(..2) {
            Some("y_") => {
                let value = value.expect(&name);
                let text = text.unwrap();
                assert_eq!(save(&text, &value), text, "{name}");
                judged[0] += 1;
            }
            Some("n_") => {
                assert!(value.is_none(), "{name} is taken");
                judged[1] += 1;
            }
            _ => judged[2] += 1,
        }
    }
    assert!(judged[0] > 90 && judged[1] > 180, "the suite is not whole: {judged:?}");
}
