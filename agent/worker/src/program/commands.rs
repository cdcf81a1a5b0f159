//! What each command does, from checked settings to the end of the process.

mod dev;
mod signals;

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc};

use crate::{
    Calls, Consider, Health, Metrics, Request, Seat, Sound, Trust, Worker,
    cast::{Cast, TeamSource, keep_current},
    check_logging, job_kind, journals, listen,
    playground::Playground,
    protocol::{Assignment, Job, JobId, StopReason},
    providers::BuildError,
    serve, start_logging, websocket_url,
};
use agent_conversation::{CloseReason, Speaker};
use config_schema::{Config, ConfigErrors, Loaded, Team};
use livekit_token::{AccessToken, VideoGrants};
use tokio::{
    sync::{mpsc, watch},
    task::{JoinSet, LocalSet},
};
use tracing::{error, warn};

pub(super) use self::dev::dev;
use self::signals::Signals;
use super::{
    MakeAgents,
    failure::{Failure, of_beginning, of_call},
};

/// Where the agents come from.
#[derive(Clone)]
pub(super) enum Origin {
    /// From [conversation]: there is one.
    Configuration,
    /// From files, as they were read.
    Files { source: TeamSource, team: Team },
    /// From the program.
    Program(MakeAgents),
}

impl Origin {
    fn build(&self, config: &Arc<Config>) -> Result<Cast, BuildError> {
        match self {
            Self::Configuration => Cast::build(config, None, None),
            Self::Files { team, .. } => Cast::build(config, Some(team), None),
            Self::Program(agents) => Cast::of_program(config, agents.clone()),
        }
    }
}

/// Registers, and takes jobs until told to stop.
pub(super) async fn start(
    loaded: Loaded,
    origin: Origin,
    consider: Option<Consider>,
    fail_fast: bool,
    supervised: bool,
) -> Result<(), Failure> {
    loaded.require_credentials()?;
    let config = Arc::new(loaded.config);
    start_logging(&config.logging)?;
    let signals = Signals::new(supervised)?;
    let trust = Trust::read(&config.livekit)?;
    let metrics = Arc::new(Metrics::new());
    let (ready, cast) = watch::channel(None);
    let journals = journals(&config, &metrics)?;
    let calls =
        Calls::new(config.clone(), trust.clone(), cast.clone(), supervised, metrics.clone(), journals);
    let listener = match config.http.bind {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let worker = Worker::new(config.clone(), trust, fail_fast, &calls.entry(), consider, metrics.clone())?;
    // Dropped at the end of this function, and the endpoints with it.
    let mut endpoints = JoinSet::new();
    if let Some(listener) = listener {
        let health = Health {
            agent_name: config.worker.agent_name.clone(),
            kind: job_kind(config.worker.job_kind),
            status: worker.status(),
            cast,
            shards: worker.gauges(),
            metrics,
        };
        let max_connections = config.http.max_connections;
        endpoints.spawn(async move {
            if let Err(error) = serve(listener, max_connections, health).await {
                error!(%error, "the endpoints are gone");
            }
        });
    }
    let (requests, inbox) = mpsc::channel(REQUESTS);
    let source = match &origin {
        Origin::Files { source, .. } if supervised => Some(source.clone()),
        Origin::Files { .. } | Origin::Configuration | Origin::Program(_) => None,
    };
    // The registration is under way meanwhile; jobs that are offered wait for what is loaded here.
    let opener = requests.clone();
    let load = async {
        let loaded = load_cast(config.clone(), origin, &ready).await;
        let request = if loaded.is_ok() { Request::TakeJobs } else { Request::Stop };
        // Refused when the worker has ended, which it says itself.
        let _ = opener.send(request).await;
        if let (Ok(()), Some(source)) = (&loaded, source) {
            keep_current(source, config, &ready).await;
        }
        loaded
    };
    let (run, stop) = (worker.run(inbox), signals.forward(requests));
    tokio::pin!(run, load, stop);
    let mut loaded = None;
    loop {
        tokio::select! {
            // A worker that ends because nothing could be loaded ends well, and that is what is to be told.
            ended = &mut run => return loaded.unwrap_or(Ok(())).and(ended.map_err(Failure::from)),
            aborted = &mut stop => return Err(aborted),
            done = &mut load, if loaded.is_none() => loaded = Some(done),
        }
    }
}

/// Joins one room with a token of its own, and holds one call there.
pub(super) async fn connect(
    loaded: Loaded,
    origin: Origin,
    room: &str,
    identity: &str,
) -> Result<(), Failure> {
    loaded.require_credentials()?;
    let config = Arc::new(loaded.config);
    start_logging(&config.logging)?;
    let (ready, cast) = watch::channel(None);
    let id = JobId::new(&format!("connect-{:016x}", fastrand::u64(..))).expect("a word is not empty");
    let assignment = Assignment {
        job: Job::by_hand(id, room, config.worker.agent_name.clone()),
        url: None,
        token: agent_token(&config, room, identity)?,
    };
    let (seat, stop) = Seat::alone(assignment.job.id.clone());
    let trust = Trust::read(&config.livekit)?;
    let metrics = Arc::new(Metrics::new());
    let journals = journals(&config, &metrics)?;
    let calls = Calls::new(config.clone(), trust, cast, false, metrics, journals);
    let server = config.livekit.url.clone();
    let call = async move { calls.begin(assignment, seat).await };
    let mut signals = Signals::new(false)?;
    let call = async {
        tokio::pin!(call);
        let outcome = tokio::select! {
            outcome = &mut call => outcome,
            () = signals.next() => {
                stop.send_replace(Some(StopReason::Terminated));
                tokio::select! {
                    outcome = call => outcome,
                    () = signals.next() => return Err(Failure::Aborted),
                }
            }
        };
        of_call(outcome.map_err(|error| of_beginning(&server, error))?)
    };
    let local = LocalSet::new();
    local
        .run_until(async { tokio::try_join!(load_cast(config, origin, &ready), call) })
        .await
        .map(|((), ())| ())
}

/// Holds one conversation without a server, and gives each line of it to `show`.
pub(super) async fn console(
    loaded: Loaded,
    origin: Origin,
    files: Option<(PathBuf, PathBuf)>,
    show: impl FnMut(Speaker, &str) + 'static,
) -> Result<(), Failure> {
    let config = Arc::new(loaded.config);
    start_logging(&config.logging)?;
    let sound = files.map_or(Sound::Devices, |(input, output)| Sound::Files { input, output });
    let mut signals = Signals::new(false)?;
    let report = tokio::select! {
        report = crate::console(&config, move |config| origin.build(config), sound, show) => report?,
        () = signals.next() => return Ok(()),
    };
    match report.reason {
        CloseReason::UserLeft | CloseReason::RoomClosed | CloseReason::Completed | CloseReason::Shutdown => {
            Ok(())
        }
        CloseReason::Disconnected => Err(Failure::Call("the sound device is gone".to_owned())),
        CloseReason::Error => Err(Failure::Call("too many failures of providers".to_owned())),
    }
}

/// Checks what can be checked without a server: settings, agents, providers. What is wrong between agents is all told
/// together.
pub(super) fn check(loaded: Loaded, origin: &Origin) -> Result<String, Failure> {
    check_logging(&loaded.config.logging)?;
    Trust::read(&loaded.config.livekit)?;
    origin.build(&Arc::new(loaded.config))?;
    let Origin::Files { team, .. } = origin else { return Ok("the configuration is fine".to_owned()) };
    let faults = team.unreachable();
    if !faults.is_empty() {
        return Err(ConfigErrors(faults).into());
    }
    let names: Vec<_> = team.agents.keys().map(String::as_str).collect();
    Ok(format!("the configuration is fine: a call begins with {}, of {}", team.entry, names.join(", ")))
}

/// Serves the page until told to stop.
pub(super) async fn playground(loaded: Loaded, bind: SocketAddr, assets: PathBuf) -> Result<(), Failure> {
    loaded.require_credentials()?;
    let livekit = loaded.config.livekit;
    start_logging(&loaded.config.logging)?;
    let mut signals = Signals::new(false)?;
    let page = Playground {
        bind,
        assets,
        livekit_url: websocket_url(&livekit.url).to_string(),
        api_key: livekit.api_key,
        api_secret: livekit.api_secret.expose().to_owned(),
    };
    Ok(page.serve(async move { signals.next().await }).await?)
}

/// Builds the agents on a thread of its own, and lets their providers make what the first call will need.
async fn load_cast(
    config: Arc<Config>,
    origin: Origin,
    ready: &watch::Sender<Option<Arc<Cast>>>,
) -> Result<(), Failure> {
    if let Origin::Files { team, .. } = &origin {
        team.unreachable().iter().for_each(|fault| warn!("{fault}"));
    }
    let built = tokio::task::spawn_blocking(move || origin.build(&config)).await;
    let cast = built.map_err(|join| Failure::Runtime(io::Error::other(join)))??;
    cast.prewarm();
    ready.send_replace(Some(Arc::new(cast)));
    Ok(())
}

fn agent_token(config: &Config, room: &str, identity: &str) -> Result<String, Failure> {
    let permissions = &config.worker.permissions;
    let grants = VideoGrants {
        room_join: true,
        room: room.to_owned(),
        agent: true,
        can_publish: Some(permissions.can_publish),
        can_subscribe: Some(permissions.can_subscribe),
        can_publish_data: Some(permissions.can_publish_data),
        can_update_own_metadata: Some(permissions.can_update_metadata),
        hidden: permissions.hidden,
        ..VideoGrants::default()
    };
    let token = AccessToken::with_api_key(&config.livekit.api_key, config.livekit.api_secret.expose())
        .with_identity(identity)
        .with_kind("agent")
        .with_attributes([("lk.agent.name", config.worker.agent_name.as_str())])
        .with_grants(grants);
    Ok(token.to_jwt()?)
}

/// Requests that may wait: two by signals, and one when all is loaded or cannot be.
const REQUESTS: usize = 4;
