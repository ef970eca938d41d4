#!/usr/bin/env bash
# Plants each fault of faults.txt in turn and runs the tests of the sync engine: every fault must
# make one fail. Needs a clean working tree, and takes some minutes.
set -u
cd "$(dirname "$0")/../.." || exit 2
git diff --quiet -- src || { echo "src has changes that are not committed" >&2; exit 2; }
survivors=0
while IFS= read -r line; do
    [[ $line == \#* || -z $line ]] && continue
    IFS=$'\t' read -r file was becomes < <(sed -E 's/ \| /\t/g; s/&#124;/|/g; s/ \|$/\t/' <<<"$line")
    FILE=$file WAS=$was BECOMES=$becomes perl -0pi -e \
        's/\Q$ENV{WAS}\E/$ENV{BECOMES}/ or die "not found: $ENV{WAS}\n"' "$file" || { survivors=$((survivors + 1)); continue; }
    outcome="DOES NOT COMPILE"
    if cargo test --quiet --no-run --test scenarios >/dev/null 2>&1; then
        outcome=SURVIVED
        for tests in scenarios undo long_lists long_sessions convergence exhaustive; do
            if ! COUNT=300 timeout 300 cargo test --quiet --test $tests >/dev/null 2>&1; then
                outcome="caught by $tests"
                break
            fi
        done
    fi
    [[ $outcome == caught* ]] || survivors=$((survivors + 1))
    printf '%-24s %s: %s\n' "$outcome" "$file" "$was"
    git checkout --quiet -- "$file"
done <tests/planted/faults.txt
echo "$survivors not caught"
((survivors == 0))
