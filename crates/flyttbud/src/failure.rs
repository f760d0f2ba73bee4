//! Why the program ends badly, and with which exit code (docs/operation.md).

use daemon::Exit;

/// A failure.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The service refused, with its reason.
    Refused(Box<client::Refused>),
    /// A write went out and was not answered: whether it is stored, a retry with its request id tells.
    Untold {
        /// What came in place of an answer.
        refused: Box<client::Refused>,
        /// The write's.
        request_id: String,
    },
    /// The service could not be reached.
    Unreachable(anyhow::Error),
    /// The command line, a profile or the configuration is wrong.
    Usage(anyhow::Error),
    /// The record holds what this program does not know, or contradicts itself.
    Halted(anyhow::Error),
    /// Something else failed.
    Failed(anyhow::Error),
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Refused(refused) if refused.is_unreachable() => Exit::Unreachable,
            Self::Refused(_) => Exit::Refused,
            Self::Untold { .. } | Self::Unreachable(_) => Exit::Unreachable,
            Self::Usage(_) => Exit::Usage,
            Self::Halted(_) => Exit::Halted,
            Self::Failed(_) => Exit::Failed,
        }
    }
}

/// What a write fails with. Of a trial nothing can be stored.
pub(crate) fn untold(request_id: &str, is_trial: bool) -> impl FnOnce(client::Refused) -> Failure {
    let request_id = request_id.to_owned();
    move |refused| {
        if is_trial || !refused.is_unreachable() {
            return refused.into();
        }
        Failure::Untold {
            refused: refused.into(),
            request_id,
        }
    }
}

impl From<client::Refused> for Failure {
    fn from(refused: client::Refused) -> Self {
        Self::Refused(Box::new(refused))
    }
}

impl From<client::ConnectError> for Failure {
    fn from(error: client::ConnectError) -> Self {
        if matches!(error, client::ConnectError::File { .. }) {
            Self::Usage(error.into())
        } else {
            Self::Unreachable(error.into())
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}
