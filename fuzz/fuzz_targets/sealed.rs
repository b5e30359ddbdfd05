//! Any bytes, sealed as NocoBase seals a package, then cut, flipped or opened with another password.
//!
//! The first three bytes say what is done to the file and where. Sealed as it is, a package must be judged as the same
//! package is judged when it is plain. scrypt is cheap under a fuzzer (see the engine's `encryption`), so that thousands
//! of packages can be opened in a second; everything else is as in the product.

#![no_main]

use std::io::Write as _;
use std::sync::LazyLock;

use aes::Aes256;
use cbc::cipher::{Array, BlockModeEncrypt as _, KeyIvInit as _, block_padding::Pkcs7};
use libfuzzer_sys::fuzz_target;
use nocobase_client::Secret;
use release_engine::package::{Inspection, Limits, inspect};

const PASSWORD: &str = "open sesame";
/// The smallest file that is taken for a sealed package.
const SMALLEST: usize = 128;

static KEY: LazyLock<[u8; 32]> = LazyLock::new(|| {
    let mut key = [0; 32];
    let parameters = scrypt::Params::new(1, 8, 1).expect("parameters");
    scrypt::scrypt(PASSWORD.as_bytes(), b"backup salt", &parameters, &mut key).expect("a key");
    key
});

fuzz_target!(|input: &[u8]| {
    let [edit, high, low, plain @ ..] = input else {
        return;
    };
    let mut sealed = seal(plain);
    let at = usize::from(u16::from_be_bytes([*high, *low])) % sealed.len();
    match edit % 4 {
        0 => {
            let opened = open(&sealed, Some(PASSWORD));
            if plain.starts_with(b"PK\x03\x04") && sealed.len() >= SMALLEST {
                assert!(opened.encrypted, "not seen as sealed");
                let bare = open(plain, None);
                assert_eq!(
                    codes(&opened),
                    codes(&bare),
                    "sealed and plain are judged differently"
                );
                assert_eq!(opened.content, bare.content);
                assert_eq!(opened.metadata, bare.metadata);
            } else if !plain.starts_with(b"PK") {
                assert!(opened.is_blocked(), "no package, and nothing stands against it");
            }
        }
        1 => {
            sealed.truncate(at);
            open(&sealed, Some(PASSWORD));
        }
        2 => {
            sealed[at] ^= 1 << (low % 8);
            open(&sealed, Some(PASSWORD));
        }
        _ => {
            let password = if low % 2 == 0 { Some("another") } else { None };
            assert!(open(&sealed, password).is_blocked(), "opened with {password:?}");
        }
    }
});

fn seal(plain: &[u8]) -> Vec<u8> {
    let iv = [0x5a; 16];
    let mut buffer = plain.to_vec();
    buffer.resize(plain.len() + 16, 0);
    let cipher = cbc::Encryptor::<Aes256>::new(&Array(*KEY), &Array(iv));
    let sealed = cipher
        .encrypt_padded::<Pkcs7>(&mut buffer, plain.len())
        .expect("room for the padding");
    [iv.as_slice(), sealed].concat()
}

fn open(bytes: &[u8], password: Option<&str>) -> Inspection {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(bytes).expect("its content");
    let password = password.map(Secret::new);
    inspect(file.path(), password.as_ref(), &Limits::default()).expect("a file that can be read")
}

fn codes(inspection: &Inspection) -> Vec<&str> {
    inspection
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect()
}
