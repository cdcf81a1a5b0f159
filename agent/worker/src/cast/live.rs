//! Agents' files that change while calls go on: for whoever writes them, not for production.

use std::{sync::Arc, time::Duration};

use config_schema::Config;
use tokio::{sync::watch, time::sleep};
use tracing::{error, info};

use super::{Cast, TeamSource};

/// Builds a new cast whenever the agents' files have changed, and puts it in the place of the present one. Files that
/// are wrong are told to the log, and the agents stay as they are. Never ends.
pub async fn keep_current(
    source: TeamSource,
    config: Arc<Config>,
    cast: &watch::Sender<Option<Arc<Cast>>>,
) -> ! {
    let mut current = source.version();
    loop {
        sleep(POLL).await;
        let found = source.version();
        if found == current {
            continue;
        }
        // A file is not written at once: it has to stay so for a moment.
        sleep(POLL).await;
        if source.version() != found {
            continue;
        }
        current = found;
        let before = cast.borrow().clone();
        let (source, config) = (source.clone(), config.clone());
        let built = tokio::task::spawn_blocking(move || {
            let team = source.read().map_err(|error| error.to_string())?;
            Cast::build(&config, Some(&team), before.as_deref()).map_err(|error| error.to_string())
        });
        match built.await {
            Ok(Ok(newer)) => {
                newer.prewarm();
                cast.send_replace(Some(Arc::new(newer)));
                info!("the agents' files have changed: new answers follow them");
            }
            Ok(Err(error)) => error!("the agents stay as they were: {error}"),
            Err(panic) => error!(%panic, "the agents stay as they were"),
        }
    }
}

/// How often files are looked at: quicker than a person begins to speak again.
const POLL: Duration = Duration::from_millis(300);
