//! Makes the client: endpoint, region, credential, time limits, trust. It must not know what is asked of the store.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    SharedHttpClient, StalledStreamProtectionConfig,
};
use aws_sdk_s3::operation::create_bucket::CreateBucketError;
use aws_sdk_s3::types::CreateBucketConfiguration;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::super::{Checksums, Patience, S3, Settings};
use super::fault::Faults;
use super::insecure;
use crate::error::{Error, Operation};
use crate::location::{Credential, Error as ProfileError, Profile};

const DEFAULT_REGION: &str = "us-east-1";
const AMAZON: &str = "https://s3.amazonaws.com";

/// A wrong address is a mistake more often than an outage, so the first request is repeated for less long than later ones.
const FIRST_PATIENCE: Duration = Duration::from_mins(1);

/// A client in the bucket's region. Says early that the bucket is missing or the credential wrong.
pub(super) async fn connect(address: &S3) -> Result<(Client, Faults), Error> {
    let S3 {
        profile,
        bucket,
        settings,
    } = address;
    let credentials = credentials(&profile.credential)?;
    let http = http_client(profile, settings)?;
    let configured = profile.location.region.as_str();
    let mut region = if configured.is_empty() {
        DEFAULT_REGION
    } else {
        configured
    }
    .to_owned();
    let mut faults = Faults {
        endpoint: profile.location.endpoint.url().unwrap_or(AMAZON).to_owned(),
        bucket: bucket.clone(),
        region: region.clone(),
        patience: Patience(settings.patience.0.min(FIRST_PATIENCE)),
    };
    let make = |region: &str| Client::from_conf(config(address, region, credentials.clone(), http.clone()));
    let mut client = make(&region);
    let found = match bucket_region(&client, bucket, &faults).await {
        Err(Error::Region { actual, .. }) => Some(actual),
        found => found?,
    };
    if let Some(found) = found.filter(|found| !found.is_empty() && *found != region) {
        tracing::warn!(bucket, "bucket is in {found}, profile says {region}");
        region = found;
        faults.region.clone_from(&region);
        client = make(&region);
        bucket_region(&client, bucket, &faults).await?;
    }
    faults.patience = settings.patience;
    Ok((client, faults))
}

/// Makes the bucket unless it is there.
pub(super) async fn make_bucket(address: &S3) -> Result<(), Error> {
    match connect(address).await {
        Ok(_) => return Ok(()),
        Err(Error::Bucket { .. }) => {}
        Err(fault) => return Err(fault),
    }
    let S3 {
        profile,
        bucket,
        settings,
    } = address;
    let region = match profile.location.region.as_str() {
        "" => DEFAULT_REGION,
        region => region,
    };
    let faults = Faults {
        endpoint: profile.location.endpoint.url().unwrap_or(AMAZON).to_owned(),
        bucket: bucket.clone(),
        region: region.to_owned(),
        patience: Patience(settings.patience.0.min(FIRST_PATIENCE)),
    };
    let http = http_client(profile, settings)?;
    let client = Client::from_conf(config(address, region, credentials(&profile.credential)?, http));
    // The default region must not be named, every other one must.
    let place = (region != DEFAULT_REGION).then(|| {
        CreateBucketConfiguration::builder()
            .location_constraint(region.into())
            .build()
    });
    faults
        .repeat(|| async {
            let request = client
                .create_bucket()
                .bucket(bucket)
                .set_create_bucket_configuration(place.clone());
            match request.send().await {
                Ok(_) => Ok(()),
                Err(refusal)
                    if refusal
                        .as_service_error()
                        .is_some_and(CreateBucketError::is_bucket_already_owned_by_you) =>
                {
                    Ok(())
                }
                Err(refusal) => Err(faults.of(Operation::CreateBucket, bucket, &refusal)),
            }
        })
        .await
}

/// Where the store says the bucket is. A credential that may not ask is no fault here, as it may well be allowed the rest.
async fn bucket_region(client: &Client, bucket: &str, faults: &Faults) -> Result<Option<String>, Error> {
    let asked = faults.repeat(|| async {
        let sent = client.head_bucket().bucket(bucket).send().await;
        sent.map_err(|refusal| faults.of(Operation::HeadBucket, bucket, &refusal))
    });
    match asked.await {
        Ok(answer) => Ok(answer.bucket_region().map(str::to_owned)),
        // The answer to HEAD has no body and so no code; a listing of one object says what was refused.
        Err(Error::Denied { .. } | Error::Refused { .. }) => {
            let listed = faults.repeat(|| async {
                let sent = client.list_objects_v2().bucket(bucket).max_keys(1).send().await;
                sent.map_err(|refusal| faults.of(Operation::ListObjects, bucket, &refusal))
            });
            match listed.await {
                Ok(_) | Err(Error::Denied { .. }) => Ok(None),
                Err(fault) => Err(fault),
            }
        }
        Err(fault) => Err(fault),
    }
}

fn credentials(credential: &Credential) -> Result<Credentials, Error> {
    match credential {
        Credential::KeyPair { id, secret }
        | Credential::Aws {
            id,
            secret,
            role: None,
        } if !id.is_empty() && !secret.is_empty() => {
            Ok(Credentials::new(id, secret.expose(), None, None, "profile"))
        }
        Credential::Aws { role: Some(_), .. } => Err(ProfileError::Role.into()),
        Credential::KeyPair { .. } | Credential::Aws { .. } | Credential::Other => {
            Err(ProfileError::NoKeys.into())
        }
    }
}

fn config(
    address: &S3,
    region: &str,
    credentials: Credentials,
    http: SharedHttpClient,
) -> aws_sdk_s3::Config {
    // Without patience a request is sent once.
    let attempts = if address.settings.patience.0.is_zero() {
        1
    } else {
        8
    };
    let retries = RetryConfig::standard()
        .with_max_attempts(attempts)
        .with_initial_backoff(Duration::from_millis(200))
        .with_max_backoff(Duration::from_secs(20));
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(10))
        .read_timeout(Duration::from_mins(1))
        .operation_attempt_timeout(Duration::from_mins(5))
        .build();
    let stalled = StalledStreamProtectionConfig::enabled()
        .grace_period(Duration::from_mins(1))
        .build();
    let (request, response) = match address.settings.checksums {
        Checksums::Auto => (
            RequestChecksumCalculation::WhenSupported,
            ResponseChecksumValidation::WhenSupported,
        ),
        Checksums::Required => (
            RequestChecksumCalculation::WhenRequired,
            ResponseChecksumValidation::WhenRequired,
        ),
    };
    let endpoint = address.profile.location.endpoint.url();
    let mut config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .credentials_provider(credentials)
        .http_client(http)
        .retry_config(retries)
        .timeout_config(timeouts)
        .stalled_stream_protection(stalled)
        .request_checksum_calculation(request)
        .response_checksum_validation(response);
    if let Some(endpoint) = endpoint {
        config = config.endpoint_url(endpoint).force_path_style(true);
    }
    config.build()
}

/// Whom the client believes: nobody has to be believed without TLS, everybody with `skipSSLVerify`, else public
/// authorities and the certificates of the bundle.
fn http_client(profile: &Profile, settings: &Settings) -> Result<SharedHttpClient, Error> {
    if profile.skip_ssl_verify {
        tracing::warn!("certificates are not verified, as the profile says skipSSLVerify");
        return Ok(insecure::client());
    }
    let endpoint = profile.location.endpoint.url().unwrap_or(AMAZON);
    let mut trust = if endpoint.starts_with("http://") {
        TrustStore::empty()
    } else {
        authorities()
    };
    if let Some(bundle) = &settings.ca_bundle {
        let readable = CertificateDer::pem_slice_iter(bundle.as_bytes()).collect::<Result<Vec<_>, _>>();
        if !readable.is_ok_and(|certificates| !certificates.is_empty()) {
            return Err(ProfileError::CaBundle.into());
        }
        trust = trust.with_pem_certificate(bundle.as_bytes());
    }
    let context = TlsContext::builder().with_trust_store(trust).build();
    let context = context.map_err(|cause| Error::Format {
        action: "set up TLS",
        cause: cause.to_string(),
    })?;
    let builder = aws_smithy_http_client::Builder::new().tls_provider(Provider::rustls(CryptoMode::AwsLc));
    Ok(builder.tls_context(context).build_https())
}

/// The system's certificates; the public authorities that Mozilla trusts where it has none, since the agent runs in
/// whatever image a pod has.
fn authorities() -> TrustStore {
    if !rustls_native_certs::load_native_certs().certs.is_empty() {
        return TrustStore::default();
    }
    let mut pem = String::new();
    for certificate in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        pem.push_str(&STANDARD.encode(certificate));
        pem.push_str("\n-----END CERTIFICATE-----\n");
    }
    TrustStore::empty().with_pem_certificate(pem.into_bytes())
}
