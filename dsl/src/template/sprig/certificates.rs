//! Keys, certificates and encryption with a password. Compiled in with the feature `certificates`; without it these
//! functions exist and fail, so that a blueprint that uses them is refused for the right reason.

#[cfg(feature = "certificates")]
mod cipher;
#[cfg(feature = "certificates")]
mod issue;

use crate::template::Value;
use crate::template::error::Failure;
use crate::template::function::{Arguments, Context, Function, Parameter, Stop};
use crate::template::shape::{Field, Json, StructType, TEXT, Type};

const fn field(name: &'static str) -> Field {
    Field {
        name,
        json: Json::Always(name),
        embedded: false,
        ty: TEXT,
    }
}

/// A certificate with its private key, both in PEM.
static CERTIFICATE: StructType = StructType {
    name: "sprig.certificate",
    fields: &[field("Cert"), field("Key")],
};

const CERTIFICATE_PARAMETER: Parameter = Parameter::Typed(Type::Struct(&CERTIFICATE));
const SUBJECT: &[Parameter] = &[Parameter::TEXT, Parameter::LIST, Parameter::LIST, Parameter::INT];
const SUBJECT_AND_ISSUER: &[Parameter] = &[
    Parameter::TEXT,
    Parameter::LIST,
    Parameter::LIST,
    Parameter::INT,
    CERTIFICATE_PARAMETER,
];
const TWO_TEXTS: &[Parameter] = &[Parameter::TEXT; 2];

/// The family.
pub(super) static FUNCTIONS: [Function; 8] = [
    Function::new("genPrivateKey", &[Parameter::TEXT], None, private_key),
    Function::new(
        "derivePassword",
        &[
            Parameter::UINT32,
            Parameter::TEXT,
            Parameter::TEXT,
            Parameter::TEXT,
            Parameter::TEXT,
        ],
        None,
        |_, _| Err(not_allowed("derivePassword")),
    ),
    Function::new("buildCustomCert", TWO_TEXTS, None, custom),
    Function::new("genCA", &[Parameter::TEXT, Parameter::INT], None, authority),
    Function::new("genSelfSignedCert", SUBJECT, None, self_signed),
    Function::new("genSignedCert", SUBJECT_AND_ISSUER, None, signed),
    Function::new("encryptAES", TWO_TEXTS, None, encrypt),
    Function::new("decryptAES", TWO_TEXTS, None, decrypt),
];

/// What Kanister refuses because the algorithm is not approved.
fn not_allowed(usage: &str) -> Stop {
    Stop::Failed(Failure::NotAllowed {
        usage: usage.to_owned(),
    })
}

fn private_key(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> Result<Value, Stop> {
    match &*arguments.lossy(0) {
        "rsa" => rsa_key(context, arguments),
        "ecdsa" => ecdsa_key(context, arguments),
        // Kanister lets this one pass and Sprig 2.22.0 does not know it.
        "ed25519" => Ok(Value::text("Unknown type ed25519")),
        algorithm => Err(not_allowed(&format!("genPrivateKey for {algorithm}"))),
    }
}

#[cfg(feature = "certificates")]
use cipher::{decrypt, encrypt};
#[cfg(feature = "certificates")]
use issue::{authority, custom, ecdsa_key, rsa_key, self_signed, signed};

#[cfg(not(feature = "certificates"))]
use absent as authority;
#[cfg(not(feature = "certificates"))]
use absent as custom;
#[cfg(not(feature = "certificates"))]
use absent as ecdsa_key;
#[cfg(not(feature = "certificates"))]
use absent as rsa_key;
#[cfg(not(feature = "certificates"))]
use absent as self_signed;
#[cfg(not(feature = "certificates"))]
use absent as signed;
#[cfg(not(feature = "certificates"))]
use absent as encrypt;
#[cfg(not(feature = "certificates"))]
use absent as decrypt;

#[cfg(not(feature = "certificates"))]
fn absent(_: &mut Context<'_, '_>, _: Arguments<'_>) -> Result<Value, Stop> {
    Err(Stop::because("this program was built without certificates"))
}
