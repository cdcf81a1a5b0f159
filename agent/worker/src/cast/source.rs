//! Where the agents' files are, and over what they are read.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use config_schema::{ConfigErrors, File, Sources, Team};

/// Where the agents' files are, and over what they are read.
#[derive(Clone, Debug)]
pub struct TeamSource {
    /// The folder; each `NAME.toml` in it is an agent's.
    pub folder: PathBuf,
    /// With whom a call begins.
    pub entry: Option<String>,
    /// The worker's own file: name, text.
    pub file: Option<(String, String)>,
    /// What the command prefers over the defaults.
    pub preferences: &'static [(&'static str, &'static str)],
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// What the command line sets.
    pub arguments: Vec<String>,
}

/// Why there are no agents.
#[derive(Debug, thiserror::Error)]
pub enum TeamError {
    /// A file or the folder cannot be read.
    #[error("{path}: {source} (agents.folder)", path = path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is wrong, or the agents do not fit each other.
    #[error("{0}")]
    Faults(#[from] ConfigErrors),
}

impl TeamSource {
    /// Reads all files of the folder.
    pub fn read(&self) -> Result<Team, TeamError> {
        let mut texts = Vec::new();
        for path in self.files().map_err(failed(&self.folder))? {
            let text = fs::read_to_string(&path).map_err(failed(&path))?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            texts.push((name, path.display().to_string(), text));
        }
        let files: Vec<_> = texts
            .iter()
            .map(|(name, path, text)| (name.as_str(), File { name: path.as_str(), text: text.as_str() }))
            .collect();
        let file = self.file.as_ref().map(|(name, text)| File { name, text });
        let sources = Sources {
            preferences: self.preferences,
            file,
            environment: Some(&self.environment),
            arguments: &self.arguments,
        };
        Ok(Team::load(&sources, self.entry.as_deref(), &files)?)
    }

    /// What the files are at this moment: another value, another content.
    pub(super) fn version(&self) -> Version {
        let state = |path: &Path| {
            let file = fs::metadata(path).ok()?;
            Some((file.modified().ok()?, file.len()))
        };
        let files = self.files().unwrap_or_default();
        files.into_iter().map(|path| (path.clone(), state(&path))).collect()
    }

    fn files(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = fs::read_dir(&self.folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .filter(|path| {
                path.as_ref().map_or(true, |path| path.extension().is_some_and(|end| end == "toml"))
            })
            .collect::<io::Result<Vec<_>>>()?;
        files.sort_unstable();
        Ok(files)
    }
}

/// Each file with when it was written and how long it is: a clock of files ticks seldom enough for two versions in one
/// tick.
pub(super) type Version = Vec<(PathBuf, Option<(SystemTime, u64)>)>;

fn failed(path: &Path) -> impl Fn(io::Error) -> TeamError {
    move |source| TeamError::Io { path: path.to_owned(), source }
}
