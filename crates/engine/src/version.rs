//! Comparing NocoBase versions as NocoBase itself does: three numbers, the pre-release tail ignored.

/// Whether `one` is newer than `other`; false when either is no version at all.
pub(crate) fn is_newer(one: &str, other: &str) -> bool {
    matches!((numbers(one), numbers(other)), (Some(one), Some(other)) if one > other)
}

fn numbers(version: &str) -> Option<[u64; 3]> {
    let core = version.trim().trim_start_matches('v').split(['-', '+']).next()?;
    let mut parts = core.split('.').map(|part| part.parse::<u64>().ok());
    Some([parts.next()??, parts.next()??, parts.next()??])
}

#[cfg(test)]
mod tests {
    use super::is_newer;

    #[test]
    fn numbers_decide_and_tails_do_not() {
        assert!(is_newer("2.2.16", "2.2.15"));
        assert!(is_newer("2.10.0", "2.9.9"));
        assert!(!is_newer("2.2.15-beta.1", "2.2.15"));
        assert!(!is_newer("2.2.15", "2.2.15"));
        assert!(!is_newer("latest", "2.2.15"));
    }
}
