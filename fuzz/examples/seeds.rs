//! Writes the seeds of each target to `corpus/TARGET/`, for libFuzzer to start from.

use std::fs;

fn main() -> std::io::Result<()> {
    for (target, _) in ultrawave_fuzz::TARGETS {
        let folder = format!("corpus/{target}");
        fs::create_dir_all(&folder)?;
        for (number, seed) in ultrawave_fuzz::seeds(target).into_iter().enumerate() {
            fs::write(format!("{folder}/seed-{number}"), seed)?;
        }
    }
    Ok(())
}
