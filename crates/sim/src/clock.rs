//! Times and identifiers as NocoBase writes them. The only place that reads the clock or random numbers.

use jiff::Timestamp;

/// `2026-11-22T17:46:05.573Z`.
pub(crate) fn iso_now() -> String {
    iso(Timestamp::now())
}

/// The same for a given time.
pub(crate) fn iso(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// `2026-11-22 17:46:05`, at the head of a log line.
pub(crate) fn log_stamp() -> String {
    Timestamp::now().strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `backup_YYYYMMDD_HHmmss_RRRR.nbdata`.
pub(crate) fn backup_name() -> String {
    let stamp = Timestamp::now().strftime("%Y%m%d_%H%M%S");
    format!("backup_{stamp}_{:04}.nbdata", 1000 + random_number() % 9000)
}

/// Seconds since 1970.
pub(crate) fn unix_seconds() -> i64 {
    Timestamp::now().as_second()
}

/// Milliseconds since 1970.
pub(crate) fn unix_milliseconds() -> i64 {
    Timestamp::now().as_millisecond()
}

/// A random UUID of version 4.
pub(crate) fn uuid() -> String {
    let mut bytes = [0_u8; 16];
    fill(&mut bytes);
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = (*version & 0x0f) | 0x40;
    *variant = (*variant & 0x3f) | 0x80;
    let text = hex(&bytes);
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default().to_owned();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Random digits, as in the names of the server's working folders.
pub(crate) fn random_number() -> u64 {
    let mut bytes = [0_u8; 8];
    fill(&mut bytes);
    u64::from_le_bytes(bytes) >> 4
}

/// Fills with random bytes; with zeros where the system has none, which a simulation survives.
pub(crate) fn fill(bytes: &mut [u8]) {
    if getrandom::fill(bytes).is_err() {
        bytes.fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_shape_of_the_real_ones() {
        let name = backup_name();
        assert_eq!(name.len(), "backup_20261122_180813_6029.nbdata".len());
        assert!(name.starts_with("backup_2") && name.ends_with(".nbdata"));
        assert_eq!(uuid().len(), 36);
        assert_eq!(iso(Timestamp::UNIX_EPOCH), "1970-01-01T00:00:00.000Z");
    }
}
