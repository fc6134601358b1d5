//! Words to write the loose schemas of our kinds with: no required member, no default, no enumeration.
//! Must not know which kinds there are.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};

/// A text.
pub(crate) fn text() -> JSONSchemaProps {
    typed("string")
}

/// A time as RFC 3339 writes it.
pub(crate) fn time() -> JSONSchemaProps {
    JSONSchemaProps {
        format: Some("date-time".to_owned()),
        ..text()
    }
}

/// A whole number of 64 bits.
pub(crate) fn integer() -> JSONSchemaProps {
    JSONSchemaProps {
        format: Some("int64".to_owned()),
        ..typed("integer")
    }
}

/// A truth value.
pub(crate) fn boolean() -> JSONSchemaProps {
    typed("boolean")
}

/// A list of `items`.
pub(crate) fn list(items: JSONSchemaProps) -> JSONSchemaProps {
    JSONSchemaProps {
        items: Some(JSONSchemaPropsOrArray::Schema(Box::new(items))),
        ..typed("array")
    }
}

/// An object with any keys, all of whose values are `values`.
pub(crate) fn map(values: JSONSchemaProps) -> JSONSchemaProps {
    JSONSchemaProps {
        additional_properties: Some(JSONSchemaPropsOrBool::Schema(Box::new(values))),
        ..typed("object")
    }
}

/// An object with these members; the API server drops any other.
pub(crate) fn object<const N: usize>(members: [(&str, JSONSchemaProps); N]) -> JSONSchemaProps {
    JSONSchemaProps {
        properties: Some(
            members
                .into_iter()
                .map(|(name, schema)| (name.to_owned(), schema))
                .collect(),
        ),
        ..typed("object")
    }
}

/// An object that is stored as it is.
pub(crate) fn free_object() -> JSONSchemaProps {
    JSONSchemaProps {
        x_kubernetes_preserve_unknown_fields: Some(true),
        ..typed("object")
    }
}

/// Any value, stored as it is.
pub(crate) fn anything() -> JSONSchemaProps {
    JSONSchemaProps {
        x_kubernetes_preserve_unknown_fields: Some(true),
        ..JSONSchemaProps::default()
    }
}

/// The same schema with a sentence for `kubectl explain`.
pub(crate) fn described(description: &str, schema: JSONSchemaProps) -> JSONSchemaProps {
    JSONSchemaProps {
        description: Some(description.to_owned()),
        ..schema
    }
}

fn typed(name: &str) -> JSONSchemaProps {
    JSONSchemaProps {
        type_: Some(name.to_owned()),
        ..JSONSchemaProps::default()
    }
}
