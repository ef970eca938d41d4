//! Every target on its seeds and on changes of them: the fuzzing that needs nothing but a compiler.
//! Without coverage to go by it sees less than libFuzzer does. `TIMES=n` tries more.

use ultrawave_fuzz::{Random, TARGETS, seeds};

#[test]
fn nothing_that_is_read_breaks_the_reader() {
    let times = std::env::var("TIMES").ok().and_then(|times| times.parse().ok()).unwrap_or(2_000);
    for (name, target) in TARGETS {
        let mut random = Random(7);
        let mut known = seeds(name);
        known.iter().for_each(|seed| target(seed));
        for _ in 0..times {
            let at = random.below(known.len());
            let data = random.change(&known[at], &known);
            target(&data);
            // Some of what was made is changed further.
            if random.below(50) == 0 && data.len() < 4_096 {
                known.push(data);
            }
        }
    }
}
