//! A broker that wants to know who comes, and is asked who it is.

use std::fs;
use std::path::Path;
use std::process::Command;

use uuid::Uuid;

use super::{Outcome, settings};
use platform_conformance::broker::{message, text, topic};
use platform_kafka::{KafkaBroker, Mechanism, Sasl, Settings};
use platform_ports::broker::{Broker, BrokerError, PublishOutcome};
use platform_support::kafka::{Server, free_port};
use platform_testing::consuming::Reader;

const USER: &str = "somebody";
const PLAIN: &str = "a-plain-secret";
const SCRAM: &str = "a-scrambled-secret";

/// A key and a certificate for 127.0.0.1, for the server and for those who have to trust it.
fn certificate(folder: &Path) {
    let store = folder.join("server.p12");
    let keytool = |arguments: &[&str]| {
        let mut command = Command::new("keytool");
        command.args(arguments).arg("-keystore").arg(&store);
        command.args([
            "-storetype",
            "PKCS12",
            "-storepass",
            "for-tests",
            "-alias",
            "server",
        ]);
        let output = command.output().expect("keytool");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        output.stdout
    };
    let names = [
        "-dname",
        "CN=127.0.0.1",
        "-ext",
        "SAN=IP:127.0.0.1",
        "-validity",
        "2",
    ];
    keytool(
        &[
            &["-genkeypair", "-keyalg", "RSA", "-keysize", "2048"],
            &names[..],
        ]
        .concat(),
    );
    let pem = keytool(&["-exportcert", "-rfc"]);
    fs::write(folder.join("ca.pem"), pem).expect("a certificate");
}

/// Adds a listener that lets in who has a password, over TLS.
fn secure(server: &Server, port: u16) {
    let folder = server.folder.path();
    certificate(folder);
    let (open, controller, folder_name) = (server.port, free_port(), folder.display());
    let module = "org.apache.kafka.common.security";
    let extra = format!(
        r#"listeners=PLAINTEXT://127.0.0.1:{open},SECURE://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{open},SECURE://127.0.0.1:{port}
controller.quorum.voters=1@127.0.0.1:{controller}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
ssl.keystore.location={folder_name}/server.p12
ssl.keystore.type=PKCS12
ssl.keystore.password=for-tests
ssl.key.password=for-tests
listener.name.secure.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.secure.plain.sasl.jaas.config={module}.plain.PlainLoginModule required user_{USER}="{PLAIN}";
listener.name.secure.scram-sha-256.sasl.jaas.config={module}.scram.ScramLoginModule required;
listener.name.secure.scram-sha-512.sasl.jaas.config={module}.scram.ScramLoginModule required;
"#
    );
    fs::write(folder.join("extra.properties"), extra).expect("its settings");
    server.run("up");
    for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let known = format!("{mechanism}=[password={SCRAM}]");
        let at = [
            "kafka.admin.ConfigCommand",
            "--bootstrap-server",
            &server.brokers(),
        ];
        let whose = ["--entity-type", "users", "--entity-name", USER];
        let what = ["--alter", "--add-config", &known];
        server.tool(&[&at[..], &whose, &what].concat());
    }
}

/// What goes wrong when these settings are used; no secret may be in it.
async fn failure(settings: &Settings) -> BrokerError {
    let broker = KafkaBroker::open(settings.clone()).expect("settings");
    let error = topic(&broker, "kept").await.expect_err("a closed door");
    let said = format!("{error} {error:?} {settings:?}");
    assert!(!said.contains("secret"), "{said}");
    error
}

#[tokio::test]
async fn who_has_a_password_comes_in_over_tls() -> Outcome {
    let Some(server) = Server::prepare() else {
        return Ok(());
    };
    let port = free_port();
    secure(&server, port);
    let mut settings = settings(&format!("127.0.0.1:{port}"));
    settings.tls = true;
    settings.ca_file = Some(server.folder.path().join("ca.pem"));
    for (mechanism, password) in [
        (Mechanism::Plain, PLAIN),
        (Mechanism::ScramSha256, SCRAM),
        (Mechanism::ScramSha512, SCRAM),
    ] {
        settings.sasl = Some(Sasl {
            mechanism,
            user: USER.to_owned(),
            password: password.to_owned(),
        });
        let broker = KafkaBroker::open(settings.clone())?;
        topic(&broker, "kept").await?;
        let outcomes = broker
            .publish(&[message("kept", Uuid::now_v7(), "x")])
            .await?;
        assert_eq!(outcomes, [PublishOutcome::Acknowledged], "{mechanism:?}");
        let mut reader = Reader::join(&broker, mechanism.as_str(), &["kept"]).await?;
        let came = reader.until(|_, came| !came.is_empty()).await?;
        assert_eq!(text(&came[0]), "x");
    }

    let mut wrong = settings.clone();
    if let Some(sasl) = &mut wrong.sasl {
        "another-secret".clone_into(&mut sasl.password);
    }
    let error = failure(&wrong).await;
    assert!(
        matches!(&error, BrokerError::Unusable(why) if why.contains("check user and password")),
        "{error}"
    );
    println!("{error}");
    let mut untrusted = settings.clone();
    untrusted.ca_file = None;
    let error = failure(&untrusted).await;
    assert!(
        matches!(&error, BrokerError::Unusable(why) if why.contains("check the certificates")),
        "{error}"
    );
    println!("{error}");
    Ok(())
}
