//! What is not edited keeps its bytes; what is new is written in the file's own style.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

use ultrawave::document::{Method, Path, Source, Style, Value, parse, save};

/// The text after edits, each `set PATH VALUE`, `delete PATH`, `merge PATH MAP` or
/// `splice PATH START COUNT ITEMS`; and that it says what the edited value says.
fn edited(source: &str, edits: &[&str]) -> String {
    let mut value = parse(source).unwrap();
    for edit in edits {
        let mut words = edit.splitn(3, ' ');
        let (name, path) = (words.next().unwrap(), words.next().unwrap());
        let rest = words.next().unwrap_or_default();
        let method = match name {
            "set" => Method::Set(parse(rest).unwrap()),
            "delete" => Method::Delete,
            "merge" => Method::Merge(parse(rest).unwrap()),
            "splice" => {
                let words: Vec<&str> = rest.splitn(3, ' ').collect();
                let items = parse(words[2]).unwrap().elements().cloned().collect();
                Method::Splice { start: words[0].parse().unwrap(), count: words[1].parse().unwrap(), items }
            }
            other => panic!("{other} is no edit"),
        };
        value.apply(&Path::read(path, &value).unwrap(), &method).unwrap();
    }
    let saved = save(source, &value);
    assert_eq!(parse(&saved).as_ref(), Ok(&value), "{saved}");
    saved
}

#[test]
fn an_edited_scalar_replaces_its_own_text_only() {
    let source =
        "\u{feff}{\r\n\t\"a\" :  1e400,\r\n\r\n\t\"b\\u0062\": [ 1.0,-0 , \"\\u00e9\\/\" ] }  \r\n\r\n";
    assert_eq!(edited(source, &[]), source);
    assert_eq!(edited(source, &["set .bb[1] 7"]), source.replace("-0", "7"));
    assert_eq!(edited(source, &["set .a \"x\""]), source.replace("1e400", "\"x\""));
    assert_eq!(edited(source, &["set .bb[2] \"é/\""]), source, "the same string is no change");
    assert_eq!(
        edited(source, &["set .bb[0] 1"]),
        source.replace("1.0", "1"),
        "another spelling of a number is one"
    );
}

#[test]
fn keys_come_and_go_with_their_separators() {
    let source = "{\n    \"a\": 1,\n\n    \"b\": {\"x\": 1, \"y\": 2},\n    \"c\": 3\n}\n";
    assert_eq!(edited(source, &["delete .a"]), "{\n    \"b\": {\"x\": 1, \"y\": 2},\n    \"c\": 3\n}\n");
    assert_eq!(edited(source, &["delete .b"]), "{\n    \"a\": 1,\n    \"c\": 3\n}\n");
    assert_eq!(edited(source, &["delete .c"]), "{\n    \"a\": 1,\n\n    \"b\": {\"x\": 1, \"y\": 2}\n}\n");
    assert_eq!(edited(source, &["delete .a", "delete .b", "delete .c"]), "{}\n");
    assert_eq!(edited(source, &["set .b.z 3"]), source.replace("2}", "2, \"z\": 3}"));
    assert_eq!(edited(source, &["delete .b.x"]), source.replace("\"x\": 1, ", ""));
    assert_eq!(edited(source, &["delete .b.y"]), source.replace(", \"y\": 2", ""));
    assert_eq!(
        edited(source, &["set .d [1,{\"k\":{}}]"]),
        source.replace(
            "3\n}",
            "3,\n    \"d\": [\n        1,\n        {\n            \"k\": {}\n        }\n    ]\n}"
        )
    );
    assert_eq!(
        edited(source, &["set .b.z {\"p\":[1,2]}"]),
        source.replace("2}", "2, \"z\": {\"p\": [1, 2]}}"),
        "in a map on one line what is new stays on it"
    );
}

#[test]
fn a_new_key_is_separated_as_its_siblings_are() {
    let source = "{\"a\": {\"x\" : 1, \"y\" : 2}, \"b\": {\"x\":1}, \"c\":   {\"x\":1, \"y\"  :2}}";
    assert_eq!(edited(source, &["set .a.z 3"]), source.replace("\"y\" : 2", "\"y\" : 2, \"z\" : 3"));
    assert_eq!(edited(source, &["set .b.z 3"]), source.replace("{\"x\":1}", "{\"x\":1, \"z\":3}"));
    assert_eq!(
        edited(source, &["set .c.z 3"]),
        source.replace("\"y\"  :2", "\"y\"  :2, \"z\": 3"),
        "where they differ, as at the first key of the file"
    );
}

#[test]
fn elements_come_and_go_with_their_separators() {
    assert_eq!(edited("[1, 2, 3]", &["splice . 0 1 []"]), "[2, 3]");
    assert_eq!(edited("[1, 2, 3]", &["splice . 1 1 []"]), "[1, 3]");
    assert_eq!(edited("[1, 2, 3]", &["splice . 2 1 []"]), "[1, 2]");
    assert_eq!(edited("[1, 2, 3]", &["splice . 0 0 [0]"]), "[0, 1, 2, 3]");
    assert_eq!(edited("[1]", &["splice . 0 0 [0]"]), "[0,1]");
    assert_eq!(edited("{\"a\": [1], \"b\": 2}", &["splice .a 1 0 [0]"]), "{\"a\": [1, 0], \"b\": 2}");
    assert_eq!(edited("[ 1,2 ]", &["splice . 2 0 [3,4]"]), "[ 1,2,3,4 ]");
    let source = "[\n  1,\n  2,\n  3\n]";
    assert_eq!(edited(source, &["splice . 3 0 [[4]]"]), "[\n  1,\n  2,\n  3,\n  [\n    4\n  ]\n]");
    assert_eq!(edited(source, &["splice . 0 2 [9]"]), "[\n  9,\n  3\n]");
    let commas_first = "[ 1\n, 2\n, 3 ]";
    assert_eq!(edited(commas_first, &["splice . 0 1 []", "splice . 2 0 [4]"]), "[ 2\n, 3\n, 4 ]");
    let wrapped = "[\n  1, 2, 3,\n  4, 5, 6\n]";
    assert_eq!(edited(wrapped, &["splice . 6 0 [7]"]), "[\n  1, 2, 3,\n  4, 5, 6, 7\n]");
    let rows = "[\n  {\"id\": 1, \"t\": []},\n  {\"id\": 2, \"t\": [\"x\"]}\n]\n";
    assert_eq!(
        edited(rows, &["splice . 2 0 [{\"id\":3,\"t\":[]}]", "splice .[0].t 0 0 [\"y\"]"]),
        "[\n  {\"id\": 1, \"t\": [\"y\"]},\n  {\"id\": 2, \"t\": [\"x\"]},\n  {\"id\": 3, \"t\": []}\n]\n"
    );
    let hugging = "[{\n  \"a\": 1\n}, {\n  \"a\": 2\n}]";
    assert_eq!(
        edited(hugging, &["splice . 2 0 [{\"a\":3}]"]),
        "[{\n  \"a\": 1\n}, {\n  \"a\": 2\n}, {\n  \"a\": 3\n}]"
    );
}

#[test]
fn an_empty_container_opens_in_the_style_of_the_file() {
    assert_eq!(
        edited("{\n\t\"a\": {},\n\t\"b\": [ ]\n}", &["set .a.x 1", "splice .b 0 0 [1,2]"]),
        "{\n\t\"a\": {\n\t\t\"x\": 1\n\t},\n\t\"b\": [\n\t\t1,\n\t\t2\n\t]\n}"
    );
    assert_eq!(
        edited("{\n  \"a\": [1, 2],\n  \"b\": []\n}", &["splice .b 0 0 [3]"]),
        "{\n  \"a\": [1, 2],\n  \"b\": [3]\n}",
        "a file that writes lists of scalars on one line goes on so"
    );
    assert_eq!(edited("{\"a\":{}}", &["set .a.x [1]"]), "{\"a\":{\"x\":[1]}}");
    assert_eq!(edited("{ \"a\": 1, \"b\": {} }", &["set .b.x 1"]), "{ \"a\": 1, \"b\": { \"x\": 1 } }");
    let opened = "{\n  \"a\": {\n    \"b\": 1\n  }\n}";
    assert_eq!(edited("{}", &["set .a {\"b\":1}"]), opened, "nothing says that it is to be one line");
    assert_eq!(edited("{\r\n}\r\n", &["set .a 1"]), "{\r\n  \"a\": 1\r\n}\r\n");
}

#[test]
fn a_replaced_container_stays_as_wide_as_it_was() {
    let source = "{\n  \"a\": {\"x\": 1},\n  \"b\": {\n    \"y\": 2\n  },\n  \"c\": 3\n}";
    assert_eq!(edited(source, &["set .a [1,2]"]), source.replace("{\"x\": 1}", "[1, 2]"));
    assert_eq!(edited(source, &["set .b [1]"]), source.replace("{\n    \"y\": 2\n  }", "[\n    1\n  ]"));
    assert_eq!(edited(source, &["set .c {\"z\":0}"]), source.replace('3', "{\n    \"z\": 0\n  }"));
    assert_eq!(edited(source, &["set .a {\"z\":0}"]), source.replace("\"x\": 1", "\"z\": 0"));
    assert_eq!(edited(source, &["set . 1"]), "1");
}

#[test]
fn entries_in_another_order_bring_their_own_text() {
    let source = "{\n  \"a\": [ 1 ],\n\n  \"b\":2,\n  \"c\" : 3\n}";
    let value = parse("{\"c\":3,\"n\":0,\"a\":[1],\"b\":2}").unwrap();
    let saved = save(source, &value);
    assert_eq!(parse(&saved), Ok(value));
    assert_eq!(saved, "{\n  \"c\" : 3,\n  \"n\": 0,\n  \"a\": [ 1 ],\n\n  \"b\":2\n}");
}

#[test]
fn new_keys_stand_where_the_value_has_them() {
    let source = "{\"a\": 1, \"b\": 2}";
    let value = parse("{\"x\":0,\"a\":1,\"y\":0,\"b\":2,\"z\":0}").unwrap();
    assert_eq!(save(source, &value), "{\"x\": 0, \"a\": 1, \"y\": 0, \"b\": 2, \"z\": 0}");
}

#[test]
fn duplicate_keys_are_kept_until_they_are_edited() {
    let source = "{\"a\": 1, \"b\": 2, \"a\": 3, \"c\": 4}";
    assert_eq!(edited(source, &[]), source);
    assert_eq!(edited(source, &["set .b 9"]), source.replace('2', "9"));
    assert_eq!(edited(source, &["set .a 9"]), source.replace('3', "9"));
    assert_eq!(edited(source, &["delete .a"]), "{\"b\": 2, \"c\": 4}");
    assert_eq!(edited(source, &["set .d 5"]), source.replace("4}", "4, \"d\": 5}"));
    assert_eq!(
        edited(source, &["delete .a", "set .a 5"]),
        "{\"b\": 2, \"c\": 4, \"a\": 1, \"a\": 5}",
        "in a new place all of them move"
    );
}

#[test]
fn a_moved_element_brings_its_own_text() {
    let source = "[\n  {\"id\":1},\n  { \"id\": 2 },\n  {\"id\" :3}\n]";
    let value = parse("[{\"id\":3},{\"id\":1},{\"id\":2}]").unwrap();
    assert_eq!(save(source, &value), "[\n  {\"id\" :3},\n  {\"id\":1},\n  { \"id\": 2 }\n]");
}

#[test]
fn an_edit_beside_an_insertion_changes_only_its_own_span() {
    let source =
        "[\n  {\"id\": 1,  \"n\": \"a\"},\n  {\"id\": 2,  \"n\": \"b\"},\n  {\"id\": 3,  \"n\": \"c\"}\n]";
    assert_eq!(
        edited(source, &["set .[1].n \"B\"", "splice . 1 0 [{\"id\":7,\"n\":\"x\"}]"]),
        source
            .replace("\"b\"", "\"B\"")
            .replace("  {\"id\": 2", "  {\"id\": 7, \"n\": \"x\"},\n  {\"id\": 2")
    );
}

#[test]
fn a_new_document_gets_two_spaces_and_a_final_newline() {
    let value = parse("{\"a\":[1,{}],\"b\":\"c\"}").unwrap();
    let pretty = "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": \"c\"\n}\n";
    assert_eq!(save("", &value), pretty);
    assert_eq!(save(" \n\t", &value), pretty);
    assert_eq!(save("\u{feff}", &value), format!("\u{feff}{pretty}"));
    assert_eq!(value.pretty(&Style::default()), pretty);
    assert_eq!(Value::NULL.pretty(&Style::default()), "null\n");
}

#[test]
fn the_style_of_a_file_is_detected() {
    let style = |text: &str| {
        let style = Style::detect(text);
        (style.indent, style.newline, style.final_newline, style.byte_order_mark)
    };
    let spaces = |count: usize| Some(" ".repeat(count));
    assert_eq!(style(""), (spaces(2), "\n", true, false));
    assert_eq!(style("{\n    \"a\": 1\n}\n"), (spaces(4), "\n", true, false));
    assert_eq!(style("\u{feff}{\r\n\t\"a\": 1\r\n}"), (Some("\t".to_owned()), "\r\n", false, true));
    assert_eq!(style("{}"), (spaces(2), "\n", false, false));
    assert_eq!(style("{\"a\": 1}\n"), (None, "\n", true, false));
    assert_eq!(style("[{\n   \"a\": 1\n}]"), (spaces(3), "\n", false, false));
    assert_eq!(style("{\n\"a\": 1\n}"), (Some(String::new()), "\n", false, false));
    assert_eq!(style("{\n\"a\": {\n \"b\": 1\n}}"), (spaces(1), "\n", false, false));
}

#[test]
fn the_example_documents_survive_edits() {
    let read = |name: &str| {
        std::fs::read_to_string(format!("{}/examples/{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap()
    };
    let config = read("service-config");
    assert_eq!(edited(&config, &[]), config);
    assert_eq!(
        edited(&config, &["set /feature_flags/beta~1express-lane/rollout 2e-3"]),
        config.replace("1e-3", "2e-3")
    );
    assert_eq!(
        edited(
            &config,
            &["splice .database.replicas 0 0 [{\"host\":\"new.internal\",\"port\":5432,\"weight\":1}]"]
        ),
        config.replace(
            "\"replicas\": [\n      {",
            "\"replicas\": [\n      {\"host\": \"new.internal\", \"port\": 5432, \"weight\": 1},\n      {"
        )
    );
    let customers = read("customers");
    assert_eq!(edited(&customers, &[]), customers);
    assert_eq!(
        edited(&customers, &["set .customers[0].id 9007199254740995"]),
        customers.replace("9007199254740993", "9007199254740995")
    );
    assert_eq!(
        edited(&customers, &["splice .customers[0].tags 0 0 [\"vip\"]"]),
        customers.replacen("\"tags\": []", "\"tags\": [\"vip\"]", 1),
        "an empty list fills up on its line, as the other lists of the file are"
    );
    let translations = read("translations");
    assert_eq!(edited(&translations, &[]), translations);
    assert_eq!(
        edited(&translations, &["splice .locales.de.messages.notice.shipped 0 1 [\"🚚\"]"]),
        translations.replace("🎉 Ihre", "🚚 Ihre")
    );
}

/// The file that comes of a file of lines after edits, given as for [`edited`].
fn edited_lines(file: &str, edits: &[(&str, Method)]) -> String {
    let source = Source::lines(file).0;
    let mut value = source.read().unwrap().value;
    for (path, method) in edits {
        value.apply(&Path::read(path, &value).unwrap(), method).unwrap();
    }
    save(&source, &value)
}

#[test]
fn files_of_lines_keep_every_byte() {
    for file in [
        "",
        "\n",
        "1",
        "1\n",
        "1\n2\n",
        "1\r\n 2 \r\n\r\n3",
        "\u{feff}{\"a\": 1.0}\n[1, 2]\n",
        "\n\n1\n\n",
        "{\"a\":1}\nno JSON, \"here\" \\ \u{1}\n[1,]\n2 3\n\"x\"\n,\n]\n\u{feff}1\n",
        "oops\n\"oops\"\n\"oop\\u0073\"\n\"oop\\u0073 \"\noops\n\u{1F389}\n\"\\ud83c\\udf89\"\n\"\\ud800\"\n",
    ] {
        let (source, _) = Source::lines(file);
        assert_eq!(source.file(), file);
        assert_eq!(edited_lines(file, &[]), file);
        let again = Source::of_lines(source.text(), source.bad_lines().unwrap().clone());
        assert_eq!((again.file(), &again), (file.into(), &source));
    }
}

#[test]
fn lines_come_and_go_as_lines() {
    let set = |text: &str| Method::Set(parse(text).unwrap());
    let add = |start, text: &str| Method::Splice { start, count: 0, items: vec![parse(text).unwrap()] };
    for (file, path, method, expected) in [
        ("{\"a\": 1}\n[2]\n", "/0/a", set("[1,{\"b\":[]}]"), "{\"a\": [1, {\"b\": []}]}\n[2]\n"),
        ("1\n2\n", "", add(2, "{\"a\":{\"b\":1}}"), "1\n2\n{\"a\": {\"b\": 1}}\n"),
        ("1\r\n2", "", add(2, "3"), "1\r\n2\r\n3"),
        ("1\n2\n", "", add(0, "[0]"), "[0]\n1\n2\n"),
        ("1\n", "", add(1, "2"), "1\n2\n"),
        ("1\n", "", add(0, "0"), "0\n1\n"),
        ("", "", add(0, "1"), "1\n"),
        ("1\n2\n3\n", "/1", Method::Delete, "1\n3\n"),
        ("1\noops\n3\n", "/0", set("0"), "0\noops\n3\n"),
        ("1\noops\n3\n", "/1", set("2"), "1\n2\n3\n"),
        ("1\noops\n", "/1", Method::Delete, "1\n"),
        ("1\n", "", set("{}"), "{}\n"),
        // A string that says what a line says that is no JSON is another one.
        ("oops\n\"oops\"\n", "/0", Method::Delete, "\"oops\"\n"),
        ("oops\n\"oops\"\n", "/1", Method::Delete, "oops\n"),
        ("oops\n", "/0", set("\"oops\""), "\"oops\"\n"),
        ("oops\n", "", add(0, "\"oops\""), "\"oops\"\noops\n"),
        ("oops\n", "", add(1, "\"oops\""), "oops\n\"oops\"\n"),
        ("\"oop\\u0073\"\noops\n", "/0", Method::Delete, "oops\n"),
        ("\"oop\\u0073\"\noops\n", "/1", Method::Delete, "\"oop\\u0073\"\n"),
    ] {
        assert_eq!(edited_lines(file, &[(path, method)]), expected, "{file:?}");
    }
}

#[test]
fn a_line_that_is_no_json_is_told_of_and_shown() {
    let (source, bad) = Source::lines("1\n {\"a\":}\n2\nx\n");
    assert_eq!(source.read().unwrap().value.to_string(), r#"[1,"{\"\u0061\":}",2,"\u0078"]"#);
    let places: Vec<(usize, usize)> = bad.iter().map(|bad| (bad.number, bad.column)).collect();
    assert_eq!(places, [(2, 7), (4, 1)]);
}
