//! Orders to a run under way, from outside.
//! Must not know what a run makes of them.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::run::event::What;

/// Gives orders to one run. Clones speak to the same run.
#[derive(Clone, Debug)]
pub struct Control {
    orders: mpsc::UnboundedSender<What>,
    stop: CancellationToken,
}

/// Takes the orders of one run.
#[derive(Debug)]
pub struct Orders {
    orders: mpsc::UnboundedReceiver<What>,
    stop: CancellationToken,
}

/// Both ends. `stop` is what stops this run and may be shared by all runs of a program.
pub fn control(stop: CancellationToken) -> (Control, Orders) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let control = Control {
        orders: sender,
        stop: stop.clone(),
    };
    let orders = Orders {
        orders: receiver,
        stop,
    };
    (control, orders)
}

impl Control {
    /// Cancels the run: calls are asked to end, deferred phases run, the status says `reason`.
    pub fn cancel(&self, reason: impl Into<String>) {
        self.order(What::Cancelled {
            reason: reason.into(),
        });
    }

    /// Ends the deferred phases of a cancelled run as well.
    pub fn abandon(&self) {
        self.order(What::Abandoned);
    }

    /// Stops driving, without a trace in the run: whoever comes next resumes it. Calls are dropped, not asked
    /// to end, so that what they made is still there to be found again.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    fn order(&self, order: What) {
        if self.orders.send(order).is_err() {
            tracing::debug!("an order came after the end of its run");
        }
    }
}

impl Orders {
    pub(super) fn stopped(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// The next order; nothing when the run is to stop.
    pub(super) async fn next(&mut self) -> Option<What> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            // Once nobody can give orders any more, only a stop is left to wait for.
            Some(order) = self.orders.recv() => Some(order),
        }
    }
}
