//! ONNX Runtime: one library and one environment for the process, opened when the first model needs it.

use std::{
    env::consts::{DLL_PREFIX, DLL_SUFFIX},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use ort::environment::Environment;

use crate::error::SmartTurnError;

/// ONNX Runtime, ready to load models.
#[derive(Clone)]
pub(crate) struct Runtime {
    pub(crate) environment: Environment,
    /// The file that was opened; a bare name was found by the system's loader.
    pub(crate) library: PathBuf,
}

/// There can be one only, and its environment must not end before the process does.
static OPENED: Mutex<Option<Runtime>> = Mutex::new(None);

impl Runtime {
    /// Opens the library: `named`, or else the one in the folder `beside`, or else the system's. A process has one: once
    /// it is open, another cannot be named.
    pub(crate) fn open(named: Option<&Path>, beside: &Path) -> Result<Self, SmartTurnError> {
        let named = named.map(existing).transpose()?;
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &*opened {
            return match named {
                Some(path) if path != runtime.library => {
                    let said =
                        format!("{} is open already, and a process has one", runtime.library.display());
                    Err(SmartTurnError::LibraryRefused { path, said })
                }
                _ => Ok(runtime.clone()),
            };
        }
        let runtime = match named {
            Some(path) => Self::load(&path)?,
            None => Self::search(beside)?,
        };
        Ok(opened.insert(runtime).clone())
    }

    fn search(beside: &Path) -> Result<Self, SmartTurnError> {
        let name = format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}");
        if let Ok(path) = existing(&beside.join(&name)) {
            return Self::load(&path);
        }
        // Distributions ship the bare name with their headers only.
        let names = [name.clone(), format!("{name}.1")];
        names.iter().find_map(|name| Self::load(Path::new(name)).ok()).ok_or_else(|| {
            let looked_for =
                format!("{}, or {} of the system", beside.join(&name).display(), names.join(" or "));
            SmartTurnError::LibraryMissing { looked_for }
        })
    }

    fn load(path: &Path) -> Result<Self, SmartTurnError> {
        let refused = |said: String| SmartTurnError::LibraryRefused { path: path.to_owned(), said };
        let builder = ort::init_from(path).map_err(|error| refused(error.to_string()))?;
        let environment = builder.with_name("colloquy").with_telemetry(false).build();
        let environment = environment.map_err(|error| refused(error.to_string()))?;
        Ok(Self { environment, library: path.to_owned() })
    }
}

/// The file's whole path: a relative one would be looked for beside the program first.
fn existing(path: &Path) -> Result<PathBuf, SmartTurnError> {
    path.canonicalize().map_err(|source| SmartTurnError::LibraryMissing {
        looked_for: format!("{}: {source}", path.display()),
    })
}
