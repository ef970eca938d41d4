#!/usr/bin/env bash
# Plants each fault of faults.txt in turn in a copy of the sources, and runs the tests of the pure
# part there, the quick ones first, until one fails: every fault must make one fail. Some seconds
# a fault; the sources themselves are not touched.
#
#   tests/planted/try.sh              all of them
#   tests/planted/try.sh --check      only whether each is still to be found, exactly once
#   tests/planted/try.sh WORD         those in whose file, text or comment the word is
set -u
cd "$(dirname "$0")/../.." || exit 2
faults=tests/planted/faults.txt
copy=target/planted/tree
# In the order in which they are tried. Of random histories a few hundred catch what many do.
suites=(scenarios undo convergence long_lists long_sessions lib sim exhaustive)
export COUNT=${COUNT:-300} SEEDS=${SEEDS:-120} CARGO_TARGET_DIR=$PWD/target/planted/target

# The faults, one a line: name, file, what stands there, what comes instead (\n and \\ escaped).
read_faults() {
    perl -00 -ne '
        my ($name, $file, $was, $now);
        for (split /\n/) {
            next if /^;/;
            if (/^# ?(.*)/) { $name = $1 }
            elsif (/^- (.*)/) { $was = defined $was ? "$was\n$1" : $1 }
            elsif (/^\+ ?(.*)/) { $now = defined $now ? "$now\n$1" : $1 }
            elsif (/\S/) { $file = $_ }
        }
        next unless defined $file;
        die "no - line: $_" unless defined $was;
        $now //= "";
        s/\\/\\\\/g, s/\n/\\n/g for $was, $now;
        print join("\t", $name // "", $file, $was, length $now ? $now : "\\0"), "\n";
    ' "$faults"
}

# Replaces what stands there once; fails when it does not stand there, or more than once.
plant() {
    FILE=$1 WAS=$2 NOW=$3 perl -e '
        my ($was, $now) = @ENV{qw(WAS NOW)};
        $now = "" if $now eq "\\0";
        s/\\(.)/$1 eq "n" ? "\n" : $1/ge for $was, $now;
        # A line of the pattern may be indented in any way.
        my $pattern = join "\n\\s*", map { quotemeta } split /\n/, $was;
        local $/; open my $in, "<", $ENV{FILE} or die "no file $ENV{FILE}\n"; my $text = <$in>;
        my $found = () = $text =~ /$pattern/g;
        die "stands there $found times: $was\n" if $found != 1;
        $text =~ s/$pattern/$now/;
        open my $out, ">", $ENV{FILE} or die; print $out $text;
    '
}

refresh() {
    mkdir -p "$copy"
    # Unchanged files keep their times, so that what is built stays built.
    for file in $(git ls-files -co --exclude-standard Cargo.toml Cargo.lock src tests signal benches examples fuzz docs README.md); do
        [[ -f $file ]] || continue
        cmp -s "$file" "$copy/$file" && continue
        mkdir -p "$copy/$(dirname "$file")"
        cp "$file" "$copy/$file"
    done
}

# The program of a suite, built from what stands in the copy.
build() {
    local target=(--test "$1")
    [[ $1 == lib ]] && target=(--lib)
    (cd "$copy" && cargo test --quiet --no-default-features -p ultrawave --no-run --message-format=json "${target[@]}" 2>"$log") |
        perl -ne 'print "$1\n" if /"executable":"([^"]+)"/'
}

# The outcome of what stands in the copy.
try() {
    local suite program
    for suite in "${suites[@]}"; do
        program=$(build "$suite")
        [[ -x $program ]] || { echo "DOES NOT COMPILE"; return; }
        # A fault that makes a test go on for ever is caught, too.
        (cd "$copy" && timeout "${PATIENCE:-240}" "$program" -q >/dev/null 2>&1) || { echo "caught by $suite"; return; }
    done
    echo SURVIVED
}

command -v perl >/dev/null || { echo "perl is needed" >&2; exit 2; }
log=$PWD/target/planted/build.log
refresh
all=$(read_faults) || exit 2
if [[ ${1:-} != --check ]]; then
    outcome=$(try)
    [[ $outcome == SURVIVED ]] || { echo "without any fault: $outcome (see $log)" >&2; exit 2; }
fi
tried=0 missed=0
while IFS=$'\t' read -r name file was now; do
    [[ ${1:-} == --check || "$name $file $was" == *"${1:-}"* ]] || continue
    tried=$((tried + 1))
    cp "$copy/$file" "$copy/planted"
    if ! problem=$(plant "$copy/$file" "$was" "$now" 2>&1); then
        missed=$((missed + 1))
        printf '%-24s %s: %s\n    %s\n' "NOT PLANTED" "$file" "$name" "$problem"
        continue
    fi
    if [[ ${1:-} != --check ]]; then
        outcome=$(try)
        [[ $outcome == caught* ]] || missed=$((missed + 1))
        printf '%-24s %s: %s\n' "$outcome" "$file" "$name"
    fi
    cp "$copy/planted" "$copy/$file"
done <<<"$all"
echo "$tried faults, $missed not caught"
((tried > 0 && missed == 0))
