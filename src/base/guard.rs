//! The memory of this process is nobody else's.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Forbids core dumps of this process, and that other programs of the same user look into its memory
/// (`PR_SET_DUMPABLE`: also its `environ`, its open files and `ptrace` are then root's alone). To be called before a
/// secret can be in memory.
///
/// Both are needed: the limit also holds for the programs that are started from here, and a core dump that is handed to
/// a program (`systemd-coredump`, `apport`) does not ask for the limit. It does not keep root out, and nothing
/// does. What a process may see of itself stays as it is: `/proc/self/exe`, `/proc/self/fd`.
pub fn shut() {
    // Lowering a limit of one's own and this flag are always allowed; where a sandbox refuses them all the same, nobody
    // would be helped by a program that does not start.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}
