//! What the program counts: names, labels and meaning of every metric.
//! Must not know who reads them.

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// Every metric.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    resolutions: Family<Resolution, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Resolution {
    resolution: Outcome,
}

/// How an action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
#[expect(non_camel_case_types, reason = "the variants are the values of the label")]
pub enum Outcome {
    /// Well.
    success,
    /// Not well, or it could not be started.
    failure,
}

impl Metrics {
    /// All metrics at zero.
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let resolutions = Family::default();
        registry.register(
            "kanister_action_set_resolutions",
            "Actions that have ended, by how they ended",
            resolutions.clone(),
        );
        for resolution in [Outcome::success, Outcome::failure] {
            drop(resolutions.get_or_create(&Resolution { resolution }));
        }
        Self {
            registry,
            resolutions,
        }
    }

    /// Counts an action that has ended.
    pub fn count(&self, resolution: Outcome) {
        self.resolutions.get_or_create(&Resolution { resolution }).inc();
    }

    /// All metrics as `OpenMetrics` text.
    pub fn text(&self) -> Result<String, std::fmt::Error> {
        let mut page = String::new();
        text::encode(&mut page, &self.registry)?;
        Ok(page)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_series_begin_at_zero() {
        let page = Metrics::new().text().unwrap();
        // The library writes the series of a family in no particular order.
        let mut series: Vec<_> = page.lines().collect();
        series.sort_unstable();
        insta::assert_snapshot!(series.join("\n"));
    }

    #[test]
    fn an_ended_action_is_counted_once() {
        let metrics = Metrics::new();
        metrics.count(Outcome::failure);
        let page = metrics.text().unwrap();
        let failures = page.lines().find(|line| line.contains("failure"));
        assert_eq!(
            failures,
            Some("kanister_action_set_resolutions_total{resolution=\"failure\"} 1")
        );
    }
}
