use super::*;

fn profile(credential: &str) -> Result<Profile, Error> {
    Profile::from_json(&format!(
        r#"{{"Location":{{"type":"s3Compliant","bucket":"db","endpoint":"http://minio:9000///","prefix":"p","region":"r"}},"Credential":{credential},"SkipSSLVerify":true}}"#
    ))
}

fn aws_secret(kind: &str, data: &str) -> String {
    format!(
        r#"{{"Type":"secret","KeyPair":null,"Secret":{{"metadata":{{"name":"s","namespace":"ns"}},"data":{data},"type":"{kind}"}},"KopiaServerSecret":null}}"#
    )
}

#[test]
fn key_pair_as_rendered_by_to_json() {
    let profile = profile(
        r#"{"Type":"keyPair","KeyPair":{"ID":"id","Secret":"a\u003cb"},"Secret":null,"KopiaServerSecret":null}"#,
    )
    .unwrap();
    assert_eq!(
        profile,
        Profile {
            location: Location {
                kind: Kind::S3Compliant,
                bucket: "db".into(),
                endpoint: Endpoint("http://minio:9000".into()),
                prefix: "p".into(),
                region: "r".into(),
            },
            credential: Credential::KeyPair {
                id: "id".into(),
                secret: "a<b".to_owned().into()
            },
            skip_ssl_verify: true,
        }
    );
    assert!(!format!("{profile:?}").contains("a<b"));
}

#[test]
fn names_in_any_case_unknown_ones_ignored() {
    let text = r#"{"location":{"TYPE":"s3Compliant","Bucket":"b","extra":1},"credential":{"type":"keyPair","keypair":{"id":"i","secret":"s"}},"skipsslverify":null}"#;
    let profile = Profile::from_json(text).unwrap();
    assert_eq!(profile.location.bucket, "b");
    assert_eq!(
        profile.credential,
        Credential::KeyPair {
            id: "i".into(),
            secret: "s".to_owned().into()
        }
    );
    assert!(!profile.skip_ssl_verify);
}

#[test]
fn secrets_of_amazon() {
    // aWQ= is `id`, a2V5 is `key`, cm9sZQ== is `role`.
    let keys = aws_secret(
        AWS_SECRET,
        r#"{"aws_access_key_id":"aWQ=","aws_secret_access_key":"a2V5"}"#,
    );
    assert_eq!(
        profile(&keys).unwrap().credential,
        Credential::Aws {
            id: "id".into(),
            secret: "key".to_owned().into(),
            role: None
        }
    );
    let role = aws_secret(AWS_SECRET, r#"{"role":"cm9sZQ=="}"#);
    assert_eq!(
        profile(&role).unwrap().credential,
        Credential::Aws {
            id: String::new(),
            secret: Secret::default(),
            role: Some("role".into())
        }
    );
}

#[test]
fn refusals_say_which_member() {
    let cases = [
        (
            profile(&aws_secret("Opaque", "{}")),
            "Unsupported type 'Opaque' for secret 'ns:s'",
        ),
        (
            profile(&aws_secret(AWS_SECRET, r#"{"ExtraField":"aWQ="}"#)),
            "Secret has an unknown field: ExtraField in 'ns:s'",
        ),
        (
            profile(&aws_secret(AWS_SECRET, r#"{"aws_session_token":"aWQ="}"#)),
            "Secret has an unknown field: aws_session_token in 'ns:s'",
        ),
        (
            profile(&aws_secret(AWS_SECRET, r#"{"aws_access_key_id":"%"}"#)),
            "profile: aws_access_key_id of secret 'ns:s' is not a text",
        ),
        (
            profile(r#"{"Type":"token"}"#),
            r#"profile: unsupported credential type "token""#,
        ),
        (profile(r#"{"Type":1}"#), "profile.Credential.Type is not a text"),
        (Profile::from_json("null"), "no profile was given"),
        (Profile::from_json("[]"), "profile is not an object"),
        (
            Profile::from_json(r#"{"Location":{"type":"ftp"}}"#),
            r#"profile: unknown location type "ftp""#,
        ),
    ];
    for (result, expected) in cases {
        assert_eq!(result.unwrap_err().to_string(), expected);
    }
}

#[test]
fn endpoints_are_normalised() {
    let cases = [
        ("", None),
        ("/", None),
        ("endpoint", Some("https://endpoint")),
        ("endpoint/////////", Some("https://endpoint")),
        ("http://minio:9000/", Some("http://minio:9000")),
    ];
    for (given, expected) in cases {
        assert_eq!(Endpoint::new(given).url(), expected);
    }
}

#[test]
fn other_locations_decode_so_that_the_message_is_about_them() {
    let text =
        r#"{"Location":{"type":"kopia"},"Credential":{"Type":"kopia","KopiaServerSecret":{"Username":"u"}}}"#;
    let profile = Profile::from_json(text).unwrap();
    assert_eq!(
        (profile.location.kind, profile.credential),
        (Kind::Kopia, Credential::Other)
    );
}
