# What the lab's scripts share: networks made of namespaces, and the programs in them. Sourced, from
# the root of the repository, with `set -euo pipefail`.

BIN=${ULTRAWAVE_BIN:-${CARGO_TARGET_DIR:-target}/debug}
BIN=$(realpath "$BIN")
P=uwlab$$        # what every namespace of this run begins with
SCENARIO=lab
SERVER=10.99.0.1
SIGNAL=ws://$SERVER:4747

skip() {
    echo "SKIPPED: the network lab: $*" >&2
    [ -z "${CI:-}${LAB_REQUIRED:-}" ] || exit 1
    exit 0
}
[ "$(id -u)" -eq 0 ] || skip "it needs root"
for tool in ip nft turnserver jq; do
    command -v "$tool" >/dev/null || skip "$tool is not installed"
done
ip netns add "$P-try" 2>/dev/null || skip "no network namespace can be made here"
ip netns del "$P-try"
[ -x "$BIN/ultrawave" ] && [ -x "$BIN/ultrawave-signal" ] || { echo "no programs in $BIN; build first" >&2; exit 1; }

WORK=$(mktemp -d)
PIDS=()
clean() {
    for pid in "${PIDS[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
    for pid in "${PIDS[@]}"; do wait "$pid" 2>/dev/null || true; done
    PIDS=()
    local namespace
    { findmnt -rno TARGET | grep "^$WORK/" || true; } | xargs -r umount
    rm -rf /etc/netns/"$P"-*
    for namespace in $(ip netns list | awk '{print $1}' | grep "^$P-" || true); do ip netns del "$namespace"; done
}
# With LAB_KEEP, what a scenario that failed has left stays: homes, files, logs.
KEEP=
trap 'clean; [ -n "$KEEP" ] || rm -rf "$WORK"' EXIT

fail() {
    [ -z "${LAB_KEEP:-}" ] || { KEEP=1; echo "kept: $WORK" >&2; }
    echo "FAILED: $SCENARIO: $*" >&2
    for log in "$WORK"/*.log "$WORK"/*.err; do
        [ -s "$log" ] && { echo "--- $(basename "$log")" >&2; tail -n 25 "$log" >&2; }
    done
    exit 1
}

# --- the networks -------------------------------------------------------------------------------

in_ns() { local ns=$1; shift; ip netns exec "$P-$ns" "$@"; }

namespace() { ip netns add "$P-$1"; in_ns "$1" ip link set lo up; }

# A cable between two namespaces: near, its device there, far, its device there.
cable() {
    ip link add "$2" netns "$P-$1" type veth peer name "$4" netns "$P-$3"
    in_ns "$1" ip link set "$2" up
    in_ns "$3" ip link set "$4" up
}

# The internet: a bridge, with the signaling and the TURN server at $SERVER.
internet() {
    namespace net
    in_ns net ip link add br0 type bridge
    in_ns net ip link set br0 up
    public server "$SERVER"
}

# A machine with a public address.
public() {
    namespace "$1"
    cable "$1" eth0 net "p-$1"
    in_ns net ip link set "p-$1" master br0
    in_ns "$1" ip addr add "$2/24" dev eth0
    # What is nowhere on this internet is lost on its way, and not refused at once.
    in_ns "$1" ip link add void arp off type veth peer name hole
    in_ns "$1" ip link set void up
    in_ns "$1" ip link set hole up
    in_ns "$1" ip route add default dev void
}

# What a machine takes names for, a line each. To be said before anything runs there; may be said
# anew.
hosts() {
    mkdir -p "/etc/netns/$P-$1"
    printf '%s\n' "127.0.0.1 localhost" "$2" >"/etc/netns/$P-$1/hosts"
}

# A machine behind a router: name, the router's public address, what its NAT does.
behind() {
    public "r$1" "$2"
    namespace "$1"
    cable "$1" eth0 "r$1" lan
    in_ns "r$1" ip addr add 192.168.7.1/24 dev lan
    in_ns "$1" ip addr add 192.168.7.2/24 dev eth0
    in_ns "$1" ip route add default via 192.168.7.1
    in_ns "r$1" sysctl -qw net.ipv4.ip_forward=1
    in_ns "r$1" nft -f - <<RULES
table ip nat { chain out { type nat hook postrouting priority 100; oifname "eth0" masquerade $3; }
}
table ip gate {
    chain through { type filter hook forward priority 0; iifname "eth0" ct state new drop; }
    chain in { type filter hook input priority 0; iifname "eth0" ip protocol udp drop; }
}
RULES
}

# Rules for what a machine sends and gets.
rules() { in_ns "$1" nft -f -; }

# --- the programs -------------------------------------------------------------------------------

# Runs something in a namespace until the scenario ends. Its messages go to NAME.err.
begin() {
    local ns=$1 name=$2
    shift 2
    (exec ip netns exec "$P-$ns" "$@") >"$WORK/$name.out" 2>"$WORK/$name.err" &
    PIDS+=($!)
}

# The process itself: what was started is `ip netns exec env …`, which becomes it.
killed() {
    kill -KILL "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

wait_for() {
    local within=$1 what=$2 began=$SECONDS
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $((SECONDS - began)) -lt "$within" ] || fail "no $what within $within s"
        sleep 0.1
    done
}

signaling() {
    begin server signal "$BIN/ultrawave-signal" --bind 0.0.0.0 --settle "${SETTLE:-0}" "$@"
    wait_for 5 "signaling server" grep -q listening "$WORK/signal.out"
}

# coturn as docs/network.md has it.
turn() {
    cat >"$WORK/turnserver.conf" <<CONF
listening-ip=$SERVER
relay-ip=$SERVER
use-auth-secret
static-auth-secret=north
realm=lab
no-tls
no-dtls
no-cli
pidfile=$WORK/turnserver.pid
log-file=$WORK/turnserver.log
userdb=$WORK/turndb
simple-log
CONF
    begin server turn turnserver -c "$WORK/turnserver.conf"
    wait_for 5 "TURN server" grep -q "SQLite DB connection success" "$WORK/turnserver.log"
}

# Becomes a member's program, with a home of its own: the process that calls this is that one.
member() {
    local ns=$1
    shift
    mkdir -p "$WORK/home-$ns"
    exec ip netns exec "$P-$ns" env HOME="$WORK/home-$ns" XDG_CONFIG_HOME="$WORK/home-$ns" XDG_STATE_HOME="$WORK/home-$ns" \
        XDG_DATA_HOME="$WORK/home-$ns" ULTRAWAVE_SIGNAL="$SIGNAL" RUST_LOG=ultrawave=debug "$@"
}

# A machine that holds the room open, with the document in NAME.json.
serve() {
    local ns=$1
    shift
    # The words of one that was there before are not taken for this one's.
    rm -f "$WORK/serve-$ns.err"
    (member "$ns" "$BIN/ultrawave" serve room "$WORK/$ns.json" --open --name "$ns" --log-file "$WORK/$ns.log" "$@") \
        >"$WORK/serve-$ns.out" 2>"$WORK/serve-$ns.err" &
    PIDS+=($!)
    wait_for 25 "room on $ns" grep -q "serving room" "$WORK/serve-$ns.err"
    wait_for 5 "file on $ns" test -s "$WORK/$ns.json"
}

# A verb on a machine.
verb() {
    local ns=$1
    shift
    (member "$ns" timeout 40 "$BIN/ultrawave" "$@" --name "verb-$ns") 2>>"$WORK/verb-$ns.err" ||
        fail "$ns: ultrawave $*"
}

# Writes into the document by editing the file that a machine keeps in step: how the edit gets to
# the others is then the affair of that machine's connections alone.
edit() {
    local ns=$1 key=$2 value=$3
    jq --argjson value "$value" ". + {\"$key\": \$value}" "$WORK/$ns.json" >"$WORK/$ns.json.new"
    mv "$WORK/$ns.json.new" "$WORK/$ns.json"
}

has() { jq -e "has(\"$2\")" "$WORK/$1.json"; }

same() {
    local ns first=$1
    for ns in "$@"; do cmp -s <(jq -S . "$WORK/$first.json") <(jq -S . "$WORK/$ns.json") || return 1; done
}

# Each machine makes an edit, and all of them must come to have all.
edits() {
    local within=$1 tag=$2 ns other
    shift 2
    # One after the other: a file that two write at once is another matter.
    for ns in "$@"; do
        edit "$ns" "$tag-$ns" 1
        for other in "$@"; do wait_for "$within" "edit $tag-$ns on $other" has "$other" "$tag-$ns"; done
    done
    wait_for 5 "equal documents" same "$@"
}

# What the log of a machine says of a way to another one.
way() { wait_for 20 "way '$2' on $1" grep -qE "open.*$2" "$WORK/$1.log"; }

never() { ! grep -E "$2" "$WORK/$1.log" || fail "$1 says $2"; }

