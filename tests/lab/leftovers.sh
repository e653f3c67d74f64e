# What a lab that is down may not have left. Sourced by labctl.

leftovers() {
    local found=
    found+=$(ip netns list | sed -n 's/^\(mq-[^ ]*\).*/ namespace \1/p')
    found+=$(findmnt -rno TARGET | sed -n "s|^$run/hosts/| mount &|p")
    found+=$(losetup -nO NAME,BACK-FILE | awk -v under="$cache/hosts/" 'index($2, under) == 1 {print " loop device", $1}')
    found+=$(find /sys/fs/cgroup -maxdepth 2 -name 'mqlab-*' -printf ' control group %p\n')
    found+=$(ip -o link show | sed -n "s/^[0-9]*: \(mqv[0-9]*\|$bridge\)[@:].*/ interface \1/p")
    # The hosts' processes end with their control groups; the lab's own are two.
    found+=$(pgrep -af "^[^ ]*(docker-registry serve|depot-[0-9a-f]+ -root|systemd-nspawn) .*($run|$cache)" | sed 's/^/ process /' || true)
    [ -z "$found" ] || die "left behind:$found"
}
