//! The program: everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything else: from here on a secret may be in memory.
    modelquay::base::guard::shut();
    // OpenSSH starts this program again to ask its questions. That comes before everything else, so
    // that nothing of the program's own start can come between a question and its answer.
    if let Some(code) = modelquay::transport::askpass::askpass_branch() {
        return code;
    }
    modelquay::cli::main()
}
