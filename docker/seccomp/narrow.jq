# Narrows the engine's default profile to ours: jq -f narrow.jq default.json > profile.json
# README.md says why. A comparison sees 64 bits of an argument and the kernel takes 32 of them, so what is allowed stands as a
# whole number (SCMP_CMP_EQ), or below one whose high bits are zero (SCMP_CMP_LT).

def equal($index; $value): {index: $index, value: $value, op: "SCMP_CMP_EQ"};
def below($index; $value): {index: $index, value: $value, op: "SCMP_CMP_LT"};
def allow($names; $args): {names: $names, action: "SCMP_ACT_ALLOW", args: $args};

["io_setup", "io_destroy", "io_submit", "io_cancel", "io_getevents", "io_pgetevents", "io_pgetevents_time64"] as $aio
| ["kill", "tkill", "rt_sigqueueinfo", "pidfd_send_signal"] as $signals_second
| ["tgkill", "rt_tgsigqueueinfo"] as $signals_third
| ["fcntl", "fcntl64"] as $files
| ["process_vm_readv", "process_vm_writev", "ptrace"] as $traces
| (["socket", "socketpair", "socketcall", "modify_ldt", "memfd_secret"]
    + $aio + $signals_second + $signals_third + $files + $traces) as $replaced
| .syscalls |= (
    [.[] | .names -= $replaced | select(.names != [])]
    # Every rule of `socket` names family and protocol: libseccomp 2.5 lets in too much where one names the family alone.
    + [allow(["socket", "socketpair"]; [equal(0; 1), equal(2; 0)]) + {comment: "AF_UNIX"}]
    + [([2, "AF_INET"], [10, "AF_INET6"]) as [$family, $name]
        | ([0, "any"], [6, "TCP"], [17, "UDP"]) as [$protocol, $kind]
        | allow(["socket"]; [equal(0; $family), equal(2; $protocol)]) + {comment: "\($name), \($kind)"}]
    + [allow(["socket"]; [equal(0; 16), equal(2; 0)]) + {comment: "AF_NETLINK, NETLINK_ROUTE"}]
    + [{names: ["socket"], action: "SCMP_ACT_ERRNO", errnoRet: 93, args: [equal(0; 16), equal(2; 9)], comment: "AF_NETLINK, NETLINK_AUDIT: EPROTONOSUPPORT"}]
    + [([$signals_second, 1], [$signals_third, 2]) as [$names, $index]
        | allow($names; [below($index; 19)]), (range(23; 65) as $signal | allow($names; [equal($index; $signal)]))]
    + [allow($files; [below(1; 10)]) + {comment: "commands below F_SETSIG"}]
    + [(range(11; 18), range(36; 39), range(1024; 1043)) as $command | allow($files; [equal(1; $command)])]
  )
