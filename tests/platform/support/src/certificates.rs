//! Certificates for the servers of tests, by the program `openssl`.

use std::path::Path;
use std::process::{Command, Stdio};

/// Makes an authority, `ca.pem`, and signed by it `server.pem` for this machine and `client.pem`, each
/// with its key; and `stranger.pem`, an authority that has signed nothing.
pub fn make(folder: &Path) {
    authority(folder, "ca");
    authority(folder, "stranger");
    signed(folder, "server", "subjectAltName=IP:127.0.0.1\n");
    signed(folder, "client", "extendedKeyUsage=clientAuth\n");
}

fn authority(folder: &Path, name: &str) {
    let (key, file) = (format!("{name}.key"), format!("{name}.pem"));
    let names = format!("/CN={name}");
    openssl(
        folder,
        &[
            "req", "-x509", "-newkey", "ec", "-pkeyopt", CURVE, "-nodes", "-days", "2", "-keyout",
            &key, "-out", &file, "-subj", &names,
        ],
    );
}

fn signed(folder: &Path, name: &str, extension: &str) {
    let (key, file) = (format!("{name}.key"), format!("{name}.pem"));
    let (request, extensions) = (format!("{name}.csr"), format!("{name}.ext"));
    std::fs::write(folder.join(&extensions), extension).expect("a file in the folder");
    let names = format!("/CN={name}");
    openssl(
        folder,
        &[
            "req", "-newkey", "ec", "-pkeyopt", CURVE, "-nodes", "-keyout", &key, "-out", &request,
            "-subj", &names,
        ],
    );
    openssl(
        folder,
        &[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            &extensions,
            "-out",
            &file,
        ],
    );
}

const CURVE: &str = "ec_paramgen_curve:prime256v1";

fn openssl(folder: &Path, words: &[&str]) {
    let status = Command::new("openssl")
        .args(words)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("the program `openssl`");
    assert!(status.success(), "openssl {words:?}");
}
