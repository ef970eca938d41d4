//! What to start from. It is made here, so that none of it need be kept.

/// Some inputs for a target that get far.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let protocol = include_str!("../../docs/protocol.md");
    let lines: Vec<&str> = protocol.lines().filter(|line| line.starts_with("[\"")).collect();
    let documents = [
        r#"{"a":{"b":[1,{"c":2},"x"]},"t":"go on","0":null}"#,
        "{\n  \"port\": 8080,\n  \"users\": [\n    {\"id\": 1, \"n\": \"Ana\"},\n    {\"id\": 2}\n  ]\n}\n",
        "[1.0,-0,1e400,\"\\u0041\\ud83d\\ude00\",true,[[]]]",
        "{\"port\":1,\"users\":[{\"id\":2},{\"id\":1,\"n\":\"Bo\"},[]]}",
    ];
    let pairs = || documents.iter().flat_map(|one| documents.iter().map(move |other| (one, other)));
    let texts: Vec<String> = match target {
        "change" | "message" | "signal" => lines.iter().map(|&line| line.to_owned()).collect(),
        "session" => vec![lines.join("\n"), lines.iter().rev().copied().collect::<Vec<_>>().join("\n")],
        "document" | "lines" => documents.iter().map(|&document| document.to_owned()).collect(),
        "path" => {
            let paths = ["/a/b/1/c", ".a.b[1].c", "", ".", ".users[0].n", "/users/0", ".[\"0\"]", "/a~1b~0"];
            let with = |document: &&str| paths.map(|path| format!("{document}\0{path}"));
            documents.iter().flat_map(with).collect()
        }
        "patch" => {
            let patches = [
                r#"[{"op":"add","path":"/a/b/1","value":{"c":1}},{"op":"remove","path":"/t"}]"#,
                r#"[{"op":"move","from":"/a","path":"/users/0"},{"op":"test","path":"/0","value":null}]"#,
                r#"[{"op":"copy","from":"/users","path":"/u"},{"op":"replace","path":"","value":[]}]"#,
                r#"{"a":null,"t":{"x":1},"users":[1]}"#,
            ];
            let with = |document: &&str| patches.map(|patch| format!("{document}\0{patch}"));
            documents.iter().flat_map(with).collect()
        }
        "save" | "diff" => pairs().map(|(one, other)| format!("{one}\0{other}")).collect(),
        // Bytes without a form of their own.
        _ => documents.iter().chain(&lines).map(|&text| text.to_owned()).collect(),
    };
    texts.into_iter().map(String::into_bytes).chain(crate::trust::seeds(target)).collect()
}
