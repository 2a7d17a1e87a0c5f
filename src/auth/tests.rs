mod attributes;
mod credentials;
mod jwt;
mod keyset;
mod policy;

use std::sync::LazyLock;

/// A pair of keys of one kind.
pub(super) struct Pair {
    pub(super) private: String,
    pub(super) public: String,
}

impl Pair {
    fn new(algorithm: &'static rcgen::SignatureAlgorithm) -> Self {
        let pair = rcgen::KeyPair::generate_for(algorithm).unwrap();
        Self { private: pair.serialize_pem(), public: pair.public_key_pem() }
    }
}

pub(super) static RSA: LazyLock<Pair> = LazyLock::new(|| Pair::new(&rcgen::PKCS_RSA_SHA256));
pub(super) static EC: LazyLock<Pair> = LazyLock::new(|| Pair::new(&rcgen::PKCS_ECDSA_P256_SHA256));
pub(super) static ED: LazyLock<Pair> = LazyLock::new(|| Pair::new(&rcgen::PKCS_ED25519));
