//! Words about this computer's own disk.

/// An error of this computer's files in words that nobody takes for the host's: a full disk says whose it is.
pub fn words(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    let full = ["No space left on device", "Disk quota exceeded"].iter().any(|said| text.contains(said));
    if full { "this computer's disk is full".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_says_whose_it_is() {
        let full = std::io::Error::from_raw_os_error(rustix::io::Errno::NOSPC.raw_os_error());
        assert_eq!(words(&full), "this computer's disk is full");
        assert_eq!(words(&"Permission denied"), "Permission denied");
    }
}
