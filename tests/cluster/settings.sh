# shellcheck shell=bash
# Sourced by the scripts of this folder: names and places of the one cluster that a machine can have.
# shellcheck disable=SC2034 # each script uses some of them
cluster=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$cluster/../.." && pwd)
kept=${OUTRIGGER_CACHE:-$HOME/.cache/outrigger}/cluster # images, and containerd's store while the cluster is up
run=/run/outrigger-cluster                              # one cluster's state, gone with it
node_name=node
node_ips=(10.99.0.1 fd00:99::1)
pod_ranges=(10.244.0.0/24 fd00:244::/112)
service_ranges=(10.96.0.0/16 fd00:96::/112)
dns_ip=10.96.0.10
app_image=outrigger.test/app:test
coredns_image=outrigger.test/coredns:test
outrigger_image=outrigger.test/outrigger:test
# containerd's store is made anew by each `up`: nothing of a cluster that was killed is in the way of the next.
store=$kept/containerd

say() { printf '%s\n' "$*" >&2; }
die() {
  say "cluster: $*"
  exit 1
}

# When a process started, in clock ticks: that tells it from a later one with the same PID.
started() { # started PID
  local stat
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  read -ra stat <<<"${stat##*) }"
  printf '%s' "${stat[19]}"
}

# Sets node_pid to the PID of the node's first process; fails if there is none.
find_node() {
  local start
  { read -r node_pid start <"$run/node"; } 2>/dev/null && [[ $(started "$node_pid") == "$start" ]]
}

# each_cgroup COMMAND...: with the cgroup of the cluster in every hierarchy, there or not, as the last argument.
each_cgroup() {
  local hierarchy
  for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
    [[ ! -e $hierarchy/cgroup.procs ]] || "$@" "$hierarchy/outrigger-cluster"
  done
}

# Runs a command on the node, in the folder $folder.
on_node() {
  nsenter --target "$node_pid" --mount --net --pid --uts --ipc --root --wdns="${folder:-/}" -- "$@"
}

# A script of this folder in namespaces of its own; `inside` says how the machine looks from there. It begins with:
own_mounts=(unshare --mount)
# In a chroot "/" may be no mount; then it is `inside` that ends propagation.
mountpoint -q / || own_mounts+=(--propagation unchanged)
own_namespaces=("${own_mounts[@]}" --fork --kill-child --pid --net --uts --ipc -- "$cluster/inside")
own_mounts+=(-- "$cluster/inside")

# Ends every process of the node and removes its traces.
remove_node() {
  if find_node; then
    # The first process of a PID namespace takes all others with it, and with these go the namespaces and their mounts.
    kill -KILL "$node_pid"
    while [[ -e /proc/$node_pid ]]; do sleep 0.05; done
  fi
  "${own_namespaces[@]}" "$cluster/remove-cgroups"
  rm -rf --one-file-system "$run" "$store"
}

# Not on every file system: not on an overlay, which the root of a container often is.
overlays_work_in() { # overlays_work_in FOLDER
  local try works=1
  try=$(mktemp -d "$1/try.XXXXXX")
  mkdir "$try"/{lower,upper,work,merged}
  if mount -t overlay overlay "$try/merged" -o "lowerdir=$try/lower,upperdir=$try/upper,workdir=$try/work" 2>/dev/null; then
    umount "$try/merged"
    works=0
  fi
  rm -rf "$try"
  return "$works"
}

# wait_for SECONDS WHAT COMMAND...: until the command succeeds. WHAT is for people, and names the log.
wait_for() {
  local what=$2 deadline=$((SECONDS + $1))
  shift 2
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || die "$what is not there in time; logs are in $run/logs"
    find_node || die "the node has ended; its log: $(cat "$run/logs/node.log")"
    sleep 0.1
  done
}
