//! Other programs at work for the editor: the person's own editor, jq filters, and checks of large
//! documents.

use std::io::{self, Write as _};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::schema::{Schema, Violation};
use crate::document::{Value, parse};

/// How long a jq filter may run.
const JQ_WITHIN: Duration = Duration::from_secs(10);

/// Bytes of outputs that are taken in.
const OUTPUT_BYTES: u64 = 32 << 20;

/// Outputs of a filter that are shown.
const JQ_OUTPUTS: usize = 100_000;

/// Runs a jq filter over a value in a process of its own, which ends when this is dropped.
/// Second: whether that is not all.
///
/// # Errors
/// What is wrong, in words.
pub(super) async fn jq(filter: &str, value: &Value) -> Result<(Vec<Value>, bool), String> {
    let json = written(value).await;
    let (arguments, input) = (["jq-view", "--", filter], [json.as_str()]);
    let (text, is_cut) = match timeout(JQ_WITHIN, run(&arguments, "the filter", &input)).await {
        Ok(ran) => ran?,
        Err(_) => {
            return Err(format!("the filter did not end within {} s and was stopped", JQ_WITHIN.as_secs()));
        }
    };
    let mut lines = text.lines();
    let read =
        |line| parse(line).map_err(|error| format!("the filter's output is not JSON: {}", error.reason));
    let values: Result<Vec<_>, _> = lines.by_ref().take(JQ_OUTPUTS).map(read).collect();
    Ok((values?, is_cut || lines.next().is_some()))
}

/// Holds a value against a schema in a process of its own, which ends when this is dropped: that
/// takes many times the memory of a large document.
///
/// # Errors
/// What is wrong, in words.
pub(super) async fn violations(schema: &Schema, value: &Value) -> Result<Vec<Violation>, String> {
    let (schema, json) = (schema.to_string(), written(value).await);
    let (text, _) = run(&["schema-view"], "the check", &[&schema, "\n", &json]).await?;
    drop(json);
    let read = |line: &str| {
        let (pointer, told): (String, String) = serde_json::from_str(line).ok()?;
        Some(Violation::new(&pointer, told, value))
    };
    Ok(text.lines().filter_map(read).collect())
}

/// A value as text, made beside: that takes a moment for a large document.
async fn written(value: &Value) -> String {
    let value = value.clone();
    tokio::task::spawn_blocking(move || value.to_string()).await.unwrap_or_default()
}

/// Runs this program beside with some input: what it writes, and whether that is not all.
async fn run(arguments: &[&str], what: &str, input: &[&str]) -> Result<(String, bool), String> {
    let told = |error: io::Error| format!("{what} cannot be run: {error}");
    let program = std::env::current_exe().map_err(told)?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(told)?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async {
        let Some(mut stdin) = stdin else { return };
        for part in input {
            // What is wrong ends before it has read all.
            let _ = stdin.write_all(part.as_bytes()).await;
        }
    };
    let read = async {
        let mut text = String::new();
        if let Some(stdout) = stdout {
            stdout.take(OUTPUT_BYTES + 1).read_to_string(&mut text).await?;
        }
        let mut error = String::new();
        if text.len() as u64 <= OUTPUT_BYTES
            && let Some(stderr) = stderr
        {
            stderr.take(1 << 16).read_to_string(&mut error).await?;
        }
        Ok::<_, io::Error>((text, error))
    };
    let ((), read) = tokio::join!(write, read);
    let (mut text, error) = read.map_err(told)?;
    let is_cut = text.len() as u64 > OUTPUT_BYTES;
    if is_cut {
        text.truncate(text.rfind('\n').unwrap_or(0));
    } else if !child.wait().await.map_err(told)?.success() {
        let said = error.lines().next().unwrap_or_default();
        let said = said.strip_prefix("ultrawave: ").unwrap_or(said);
        return Err(if said.is_empty() {
            format!("{what} took too much memory or went too deep")
        } else {
            said.to_owned()
        });
    }
    Ok((text, is_cut))
}

/// A text in the hands of the person's own editor.
pub(super) struct External {
    file: tempfile::NamedTempFile,
    /// What was handed over.
    text: String,
    child: Child,
    program: String,
}

impl External {
    /// Opens a text in `$VISUAL`, `$EDITOR` or vi. The terminal must have been given back.
    pub(super) fn open(text: &str) -> io::Result<Self> {
        let mut file = tempfile::Builder::new().prefix("ultrawave-").suffix(".json").tempfile()?;
        file.write_all(text.as_bytes())?;
        file.flush()?;
        let set = |name| std::env::var(name).ok().filter(|value: &String| !value.trim().is_empty());
        let program = set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| "vi".to_owned());
        // By a shell, since these variables hold arguments too.
        let child = Command::new("sh")
            .args(["-c", &format!("{program} \"$1\""), "sh"])
            .arg(file.path())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self { file, text: text.to_owned(), child, program })
    }

    /// Waits for the editor to end: the text as it left it.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub(super) async fn wait(&mut self) -> Result<String, String> {
        let status = self.child.wait().await.map_err(|error| format!("{}: {error}", self.program))?;
        if !status.success() {
            let kept = self.kept();
            return Err(format!("{} ended with {status}{kept}", self.program));
        }
        // Editors replace the file, so it is read by its name.
        std::fs::read_to_string(self.file.path()).map_err(|error| format!("its text cannot be read: {error}"))
    }

    /// Keeps what was written, if anything was: where it is, in words.
    fn kept(&mut self) -> String {
        let is_written = std::fs::read_to_string(self.file.path()).is_ok_and(|text| text != self.text);
        self.file.disable_cleanup(is_written);
        if is_written {
            format!("; the draft is kept: {}", self.file.path().display())
        } else {
            String::new()
        }
    }
}
