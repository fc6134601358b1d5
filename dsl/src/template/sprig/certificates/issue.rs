//! Private keys and certificates that are signed by themselves or by another one.

use std::net::IpAddr;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use p256::elliptic_curve::Generate as _;
use rsa::PrivateKey;
use rsa::pkcs1::{DecodeRsaPrivateKey as _, EncodeRsaPrivateKey as _};
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::LineEnding;
use sha2::Sha256;
use x509_cert::Certificate;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder as _, CertificateBuilder};
use x509_cert::certificate::TbsCertificate;
use x509_cert::der::asn1::{Ia5String, ObjectIdentifier, PrintableStringRef, Utf8StringRef};
use x509_cert::der::{DecodePem as _, Encode as _, EncodePem as _};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
    SubjectKeyIdentifier,
};
use x509_cert::ext::{Extension, ToExtension as _};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};
use x509_cert::time::{Time, Validity};

use super::CERTIFICATE;
use crate::template::function::{Arguments, Context, Stop};
use crate::template::value::Structure;
use crate::template::{Value, base64};

/// Bits of the keys of certificates.
const CERTIFICATE_BITS: usize = 2048;
/// Bits of keys that are asked for by themselves.
const KEY_BITS: usize = 4096;
/// Steps that searching for a key costs for each of its bits.
const STEPS_PER_BIT: usize = 200;
/// Seconds of a day.
const DAY: i64 = 24 * 3600;

fn failed(what: &str) -> impl Fn() -> Stop {
    let reason = format!("error {what}");
    move || Stop::because(reason.clone())
}

fn generate(context: &mut Context<'_, '_>, bits: usize) -> Result<PrivateKey, Stop> {
    context.meter.spend(bits * STEPS_PER_BIT)?;
    PrivateKey::new(&mut *context.settings.random, bits)
        .map_err(|_error| Stop::because("failed to generate private key"))
}

fn pem(key: &PrivateKey) -> Result<String, Stop> {
    let pem = key
        .to_pkcs1_pem(LineEnding::LF)
        .map_err(|_error| failed("pem-encoding key")())?;
    Ok((*pem).clone())
}

/// A private key of RSA.
pub(super) fn rsa_key(context: &mut Context<'_, '_>, _: Arguments<'_>) -> Result<Value, Stop> {
    Ok(Value::text(pem(&generate(context, KEY_BITS)?)?))
}

/// A private key on the curve P-256.
pub(super) fn ecdsa_key(context: &mut Context<'_, '_>, _: Arguments<'_>) -> Result<Value, Stop> {
    let key = p256::SecretKey::try_generate_from_rng(&mut *context.settings.random)
        .map_err(|_error| Stop::because("failed to generate private key"))?;
    let pem = key
        .to_sec1_pem(LineEnding::LF)
        .map_err(|_error| failed("pem-encoding key")())?;
    Ok(Value::text(pem.as_bytes()))
}

/// A certificate and its key as a value.
fn value(certificate: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Value {
    let fields = vec![Value::text(certificate), Value::text(key)];
    Value::Struct(Arc::new(Structure {
        kind: &CERTIFICATE,
        fields,
    }))
}

/// A certificate and key that exist already, both in base64, if they can be read.
pub(super) fn custom(_: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Value, Stop> {
    let unreadable = |what: &str| Stop::because(format!("unable to decode {what}"));
    let certificate =
        base64::decode(arguments.text(0)).map_err(|_corrupt| unreadable("base64 certificate"))?;
    let key = base64::decode(arguments.text(1)).map_err(|_corrupt| unreadable("base64 private key"))?;
    read_certificate(&certificate)?;
    read_key(&key)?;
    Ok(value(certificate, key))
}

fn read_certificate(pem: &[u8]) -> Result<Certificate, Stop> {
    Certificate::from_pem(pem).map_err(|_error| Stop::because("unable to decode certificate"))
}

fn read_key(pem: &[u8]) -> Result<PrivateKey, Stop> {
    let text = std::str::from_utf8(pem).ok();
    text.and_then(|text| PrivateKey::from_pkcs1_pem(text).ok())
        .ok_or_else(|| Stop::because("unable to decode key"))
}

/// What a certificate is to say.
struct Subject {
    name: Name,
    alternatives: Vec<GeneralName>,
    days: i64,
    is_authority: bool,
}

/// Who signs it.
struct Issuer {
    name: Name,
    key: PrivateKey,
    /// The identifier of its key, unless it signs itself.
    identifier: Option<AuthorityKeyIdentifier>,
}

/// A certificate authority that is signed by itself.
pub(super) fn authority(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Value, Stop> {
    let subject = Subject {
        name: common_name(&arguments.lossy(0))?,
        alternatives: Vec::new(),
        days: arguments.int(1),
        is_authority: true,
    };
    issue(context, subject, None)
}

/// A certificate for names and addresses that is signed by itself.
pub(super) fn self_signed(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Value, Stop> {
    issue(context, subject(arguments)?, None)
}

/// A certificate for names and addresses that another one signs.
pub(super) fn signed(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Value, Stop> {
    let Value::Struct(given) = arguments.any(4) else {
        return Err(Stop::because("unable to decode certificate"));
    };
    let text = |name: &str| {
        given
            .field(name)
            .and_then(|value| value.as_text().map(<[u8]>::to_vec))
    };
    let certificate = read_certificate(&text("Cert").unwrap_or_default())?;
    let key = read_key(&text("Key").unwrap_or_default())?;
    let tbs = certificate.tbs_certificate();
    let identifier = tbs.get_extension::<SubjectKeyIdentifier>().ok().flatten();
    let issuer = Issuer {
        name: tbs.subject().clone(),
        key,
        identifier: identifier.map(|(_, identifier)| AuthorityKeyIdentifier {
            key_identifier: Some(identifier.0),
            ..AuthorityKeyIdentifier::default()
        }),
    };
    issue(context, subject(arguments)?, Some(issuer))
}

fn subject(arguments: Arguments<'_>) -> Result<Subject, Stop> {
    let mut alternatives = Vec::new();
    for name in arguments.any(2).elements().unwrap_or_default() {
        let problem = "error processing alternate dns name: it is no string";
        let text = name.as_text().and_then(|text| std::str::from_utf8(text).ok());
        let name = text
            .and_then(|text| Ia5String::new(text).ok())
            .ok_or_else(|| Stop::because(problem))?;
        alternatives.push(GeneralName::DnsName(name));
    }
    for address in arguments.any(1).elements().unwrap_or_default() {
        let text = address.as_text().and_then(|text| std::str::from_utf8(text).ok());
        let address: Option<IpAddr> = text.and_then(|text| text.parse().ok());
        let problem = || Stop::because("error parsing ip: one of them is no address");
        alternatives.push(GeneralName::from(address.ok_or_else(problem)?));
    }
    Ok(Subject {
        name: common_name(&arguments.lossy(0))?,
        alternatives,
        days: arguments.int(3),
        is_authority: false,
    })
}

/// A name that consists of a common name, or of nothing.
fn common_name(text: &str) -> Result<Name, Stop> {
    if text.is_empty() {
        return Ok(Name::default());
    }
    let encoded = match PrintableStringRef::new(text) {
        Ok(printable) => printable.to_der(),
        Err(_) => Utf8StringRef::new(text).and_then(|text| text.to_der()),
    };
    // In hexadecimal nothing of the text can be taken for syntax.
    let encoded = encoded.map_err(|_error| failed("creating certificate")())?;
    let name = Name::from_str(&format!("CN=#{}", data_encoding::HEXLOWER.encode(&encoded)));
    name.map_err(|_error| failed("creating certificate")())
}

/// Makes a key and a certificate for it.
fn issue(context: &mut Context<'_, '_>, subject: Subject, issuer: Option<Issuer>) -> Result<Value, Stop> {
    let unmade = failed("creating certificate");
    let key = generate(context, CERTIFICATE_BITS)?;
    let public = SubjectPublicKeyInfo::from_key(&key.to_public_key()).map_err(|_error| unmade())?;
    let validity = validity(context.settings.now, subject.days).ok_or_else(&unmade)?;
    let serial = SerialNumber::generate(&mut *context.settings.random);
    let (signer, issuer_name, identifier) = match issuer {
        Some(issuer) => (issuer.key, issuer.name, issuer.identifier),
        None => (key.clone(), subject.name.clone(), None),
    };
    let profile = Profile {
        subject,
        issuer: issuer_name,
        identifier,
    };
    let builder = CertificateBuilder::new(profile, serial, validity, public).map_err(|_error| unmade())?;
    let certificate: Certificate = builder
        .build::<_, rsa::pkcs1v15::Signature>(&SigningKey::<Sha256>::new(signer))
        .map_err(|_error| unmade())?;
    let text = certificate
        .to_pem(LineEnding::LF)
        .map_err(|_error| failed("pem-encoding certificate")())?;
    Ok(value(text, pem(&key)?))
}

/// From now on for so many days, which may be none and less.
fn validity(now: jiff::Timestamp, days: i64) -> Option<Validity> {
    let at = |seconds: i64| {
        let since = Duration::from_secs(u64::try_from(seconds).ok()?);
        Some(Time::from(
            x509_cert::der::DateTime::from_unix_duration(since).ok()?,
        ))
    };
    let start = now.as_second();
    let end = days
        .checked_mul(DAY)
        .and_then(|length| start.checked_add(length))?;
    Some(Validity::new(at(start)?, at(end)?))
}

/// What Sprig puts into every certificate, and Go with it.
struct Profile {
    subject: Subject,
    issuer: Name,
    identifier: Option<AuthorityKeyIdentifier>,
}

impl BuilderProfile for Profile {
    fn get_issuer(&self, _: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.name.clone()
    }

    fn build_extensions(
        &self,
        key: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        let name = tbs.subject();
        let mut usages = KeyUsages::KeyEncipherment | KeyUsages::DigitalSignature;
        if self.subject.is_authority {
            usages |= KeyUsages::KeyCertSign;
        }
        let purposes = vec![SERVER_AUTHENTICATION, CLIENT_AUTHENTICATION];
        let constraints = BasicConstraints {
            ca: self.subject.is_authority,
            path_len_constraint: None,
        };
        let mut extensions = vec![
            (&KeyUsage(usages)).to_extension(name, &[])?,
            (&ExtendedKeyUsage(purposes)).to_extension(name, &[])?,
            (&constraints).to_extension(name, &[])?,
        ];
        if self.subject.is_authority {
            extensions.push((&SubjectKeyIdentifier::try_from(key)?).to_extension(name, &[])?);
        }
        if let Some(identifier) = &self.identifier {
            extensions.push(identifier.to_extension(name, &[])?);
        }
        if !self.subject.alternatives.is_empty() {
            let alternatives = SubjectAltName(self.subject.alternatives.clone());
            extensions.push((&alternatives).to_extension(name, &[])?);
        }
        Ok(extensions)
    }
}

const SERVER_AUTHENTICATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
const CLIENT_AUTHENTICATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
