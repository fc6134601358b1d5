//! Certificates: an authority and what it vouches for, all on the curve P-256.
//! Must not know where they are written or who uses them.

use std::fmt;
use std::net::IpAddr;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};
use snafu::{ResultExt, Snafu};

/// A certificate could not be made.
#[derive(Debug, Snafu)]
pub enum Error {
    /// The key or the signature.
    #[snafu(display("failed to make the certificate of {subject}"))]
    Make {
        /// Who it was for.
        subject: String,
        /// Why.
        source: rcgen::Error,
    },
}

/// A certificate and its key, both PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Identity").finish_non_exhaustive()
    }
}

/// Who a certificate is for. Kubernetes takes the name for the user and the organisations for the groups.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Subject<'a> {
    pub(crate) name: &'a str,
    pub(crate) organisation: Option<&'a str>,
    /// Names and addresses under which it serves; a subject without any is only a client.
    pub(crate) names: &'a [&'a str],
    pub(crate) addresses: &'a [IpAddr],
}

/// What signs certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    identity: Identity,
}

impl fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl Authority {
    /// Makes an authority that vouches for itself.
    pub(crate) fn new(name: &str) -> Result<Self, Error> {
        let context = MakeSnafu { subject: name };
        let key = KeyPair::generate().context(context)?;
        let mut parameters = parameters(&Subject {
            name,
            ..Subject::default()
        })
        .context(context)?;
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = Vec::new();
        let certificate = parameters.self_signed(&key).context(context)?;
        let identity = Identity {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        };
        Ok(Self {
            issuer: Issuer::new(parameters, key),
            identity,
        })
    }

    /// The authority's own certificate and key.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Makes a key and vouches for it.
    pub(crate) fn issue(&self, subject: &Subject<'_>) -> Result<Identity, Error> {
        let context = MakeSnafu {
            subject: subject.name,
        };
        let key = KeyPair::generate().context(context)?;
        let parameters = parameters(subject).context(context)?;
        let certificate = parameters.signed_by(&key, &self.issuer).context(context)?;
        Ok(Identity {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }
}

fn parameters(subject: &Subject<'_>) -> Result<CertificateParams, rcgen::Error> {
    let names: Vec<String> = subject.names.iter().map(|name| (*name).to_owned()).collect();
    let mut parameters = CertificateParams::new(names)?;
    parameters
        .subject_alt_names
        .extend(subject.addresses.iter().copied().map(SanType::IpAddress));
    // Without a clock: a test bed lives for hours, its certificates for a century.
    parameters.not_before = date_time_ymd(2020, 1, 1);
    parameters.not_after = date_time_ymd(2120, 1, 1);
    parameters
        .distinguished_name
        .push(DnType::CommonName, subject.name);
    if let Some(organisation) = subject.organisation {
        parameters
            .distinguished_name
            .push(DnType::OrganizationName, organisation);
    }
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    if !subject.names.is_empty() || !subject.addresses.is_empty() {
        parameters
            .extended_key_usages
            .push(ExtendedKeyUsagePurpose::ServerAuth);
    }
    Ok(parameters)
}

/// A key without a certificate, for signing the tokens of service accounts: private and public part, PEM.
pub(crate) fn token_key() -> Result<(String, String), Error> {
    let key = KeyPair::generate().context(MakeSnafu {
        subject: "service accounts",
    })?;
    Ok((key.serialize_pem(), key.public_key_pem()))
}
