//! Cut and flipped anywhere: never a panic, and a cut package never passes.

use proptest::prelude::*;

use super::super::testing::{Archive, GZIP, PLAIN, Package, blockers, encrypt, inspect_bytes};

fn stored() -> Vec<u8> {
    Package::good().with("data", PLAIN).stored().zip()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_cut_package_is_always_blocked(at in any::<prop::sample::Index>(), deflated in any::<bool>()) {
        let zip = if deflated { Package::good().zip() } else { stored() };
        let cut = &zip[..at.index(zip.len())];
        prop_assert!(inspect_bytes(cut, None).is_blocked());
    }

    #[test]
    fn a_cut_dump_is_always_blocked(at in any::<prop::sample::Index>(), compressed in any::<bool>()) {
        let dump = if compressed { GZIP } else { PLAIN };
        let cut = &dump[..at.index(dump.len())];
        let inspection = inspect_bytes(&Package::good().with("data", cut).zip(), None);
        prop_assert!(inspection.is_blocked());
    }

    #[test]
    fn flipped_bytes_never_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        deflated in any::<bool>(),
    ) {
        let mut zip = if deflated { Package::good().zip() } else { stored() };
        for (at, byte) in flips {
            let at = at.index(zip.len());
            zip[at] = byte;
        }
        inspect_bytes(&zip, None);
    }

    #[test]
    fn a_dump_with_flipped_bytes_never_panics(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        kind in 0..3,
    ) {
        let mut dump = match kind {
            0 => GZIP.to_vec(),
            1 => PLAIN.to_vec(),
            _ => Archive::nocobase().bytes(),
        };
        for (at, byte) in flips {
            let at = at.index(dump.len());
            dump[at] = byte;
        }
        inspect_bytes(&Package::good().with("data", dump).zip(), None);
    }

    #[test]
    fn arbitrary_bytes_never_pass(bytes in prop::collection::vec(any::<u8>(), 0..2000), head in 0..4_usize) {
        let head: &[u8] = [b"".as_slice(), b"PGDMP\x01\x0e\x00\x04\x08\x01", b"PK\x03\x04", b"PK\x05\x06"][head];
        let bytes = [head, &bytes].concat();
        prop_assert!(inspect_bytes(&bytes, None).is_blocked());
        prop_assert!(inspect_bytes(&Package::good().with("data", bytes).zip(), None).is_blocked());
    }

    #[test]
    fn one_flipped_bit_of_a_member_never_passes(at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let mut zip = stored();
        let start = zip.windows(5).position(|window| window == b"PGDMP").unwrap();
        zip[start + at.index(PLAIN.len())] ^= 1_u8 << bit;
        let inspection = inspect_bytes(&zip, None);
        prop_assert!(blockers(&inspection).contains(&"entry_damaged"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_cut_or_flipped_encrypted_package_never_passes_unseen(
        cut in any::<prop::sample::Index>(),
        flip in any::<prop::sample::Index>(),
    ) {
        let whole = encrypt(&Package::good().zip(), "secret");
        let piece = &whole[..cut.index(whole.len())];
        prop_assert!(inspect_bytes(piece, Some("secret")).is_blocked());
        let mut flipped = whole;
        let at = flip.index(flipped.len());
        flipped[at] ^= 1;
        inspect_bytes(&flipped, Some("secret"));
    }
}

#[test]
fn a_small_dump_cut_anywhere_is_blocked_and_named() {
    let dump = Archive::nocobase().bytes();
    for length in 5..dump.len() {
        let cut = &dump[..length];
        let inspection = inspect_bytes(&Package::good().with("data", cut).stored().zip(), None);
        assert_eq!(
            blockers(&inspection),
            ["data_truncated"],
            "{length} of {} bytes",
            dump.len()
        );
    }
}
