//! Versions as packages carry them; pure.
//!
//! NocoBase 2.2.15 compares only `x.y.z` at the beginning and ignores what follows.

/// `x.y.z` of a NocoBase version, where there is one.
pub(super) fn release(text: &str) -> Option<[u64; 3]> {
    let mut rest = text.strip_prefix('v').unwrap_or(text);
    let mut numbers = [0_u64; 3];
    for (place, number) in numbers.iter_mut().enumerate() {
        if place > 0 {
            rest = rest.strip_prefix('.')?;
        }
        let digits = rest
            .find(|character: char| !character.is_ascii_digit())
            .unwrap_or(rest.len());
        let (front, back) = rest.split_at(digits);
        let has_leading_zero = front.len() > 1 && front.starts_with('0');
        if front.len() > 15 || has_leading_zero {
            return None;
        }
        *number = front.parse().ok()?;
        rest = back;
    }
    (rest.is_empty() || rest.starts_with(['-', '+', '.'])).then_some(numbers)
}

/// The first number in a text such as `PostgreSQL 15.18 (Debian)` or `pg_dump (PostgreSQL) 17.2`.
pub(super) fn major(text: &str) -> Option<u64> {
    let digits: String = text
        .chars()
        .skip_while(|character| !character.is_ascii_digit())
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_release_counts() {
        assert_eq!(release("2.2.15"), Some([2, 2, 15]));
        assert_eq!(release("3.0.0-beta.1"), Some([3, 0, 0]));
        assert_eq!(release("v1.9.74"), Some([1, 9, 74]));
        for unreadable in [
            "latest",
            "2.2",
            "",
            "2.2.x",
            "2..1",
            "2.2.15abc",
            "02.1.1",
            "99999999999999999999.0.0",
        ] {
            assert_eq!(release(unreadable), None, "{unreadable:?}");
        }
    }

    #[test]
    fn the_major_version_is_the_first_number() {
        assert_eq!(
            major("PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64"),
            Some(15)
        );
        assert_eq!(major("pg_dump (PostgreSQL) 17.2"), Some(17));
        assert_eq!(major("8.0.36"), Some(8));
        assert_eq!(major("none"), None);
    }
}
