//! Agents in files: each read over the worker's configuration, and what is wrong between them.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    AgentAbout, Config, ConfigErrors, Fault, File, HttpToolSpec, Place, Sources, load::load_agent,
    rule::is_agent_name, suggest::nearest, tool::unsaid_fillers,
};

/// One agent as its file describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentFile {
    /// The file, as it was given.
    pub file: String,
    /// What it is to the others.
    pub about: AgentAbout,
    /// The worker's configuration with the agent's own over it.
    pub config: Config,
}

/// The agents of a folder, and the one that a call begins with.
#[derive(Clone, Debug, PartialEq)]
pub struct Team {
    /// With whom a call begins; one of the agents.
    pub entry: String,
    /// The agents by name.
    pub agents: BTreeMap<String, AgentFile>,
}

impl Team {
    /// Reads agents: each file by its name, which is the agent's and `.toml`. Faults of all files are told together.
    ///
    /// Errors: faults of a file; a name that no agent may have; a hand-off to an agent that is not there; an entry that
    /// is not there, or not named where there are several; no file at all.
    pub fn load(
        sources: &Sources<'_>,
        entry: Option<&str>,
        files: &[(&str, File<'_>)],
    ) -> Result<Self, ConfigErrors> {
        let mut faults = Vec::new();
        let mut agents = BTreeMap::new();
        for (name, file) in files {
            if !is_agent_name(name) {
                let problem = "an agent's name has 1 to 48 letters, digits, _ and -".to_owned();
                faults.push(Fault { place: first_line(file.name), key: String::new(), problem });
                continue;
            }
            match load_agent(sources, *file) {
                Ok((about, config)) => {
                    let agent = AgentFile { file: file.name.to_owned(), about, config };
                    agents.insert((*name).to_owned(), agent);
                }
                Err(errors) => {
                    // What is wrong in the worker's own configuration was told when that was read.
                    faults.extend(errors.0.into_iter().filter(
                        |fault| matches!(&fault.place, Place::File { name, .. } if name == file.name),
                    ));
                }
            }
        }
        let known: BTreeSet<&str> = files.iter().map(|(name, _)| *name).collect();
        faults.extend(agents.values().flat_map(|agent| strangers(agent, &known)));
        faults.extend(agents.values().flat_map(|agent| strange_tools(agent, &known)));
        let entry = chosen(entry, &known).map_err(|fault| faults.push(fault));
        if let Ok(Some(first)) = entry.as_ref().map(|entry| agents.get(entry)) {
            for fault in
                agents.values().flat_map(|agent| unsaid_fillers(&agent.config.tools, &first.config.turn))
            {
                // The worker's own tools are those of each agent.
                if !faults.contains(&fault) {
                    faults.push(fault);
                }
            }
        }
        match entry {
            Ok(entry) if faults.is_empty() => Ok(Self { entry, agents }),
            Ok(_) | Err(()) => Err(ConfigErrors(faults)),
        }
    }

    /// Agents that no conversation can come to, by hand-offs from the entry.
    #[must_use]
    pub fn unreachable(&self) -> Vec<Fault> {
        let mut reached = BTreeSet::new();
        let mut open = vec![self.entry.as_str()];
        while let Some(name) = open.pop() {
            if reached.insert(name)
                && let Some(agent) = self.agents.get(name)
            {
                open.extend(agent.about.hand_off.iter().map(String::as_str));
                open.extend(agent.config.tools.iter().filter_map(|tool| tool.settings.hand_off.as_deref()));
            }
        }
        let lost = self.agents.iter().filter(|(name, _)| !reached.contains(name.as_str()));
        lost.map(|(name, agent)| Fault {
            place: first_line(&agent.file),
            key: String::new(),
            problem: format!("no conversation comes to the agent {name}: {} does not lead to it", self.entry),
        })
        .collect()
    }
}

/// Hand-offs to agents that are not there.
fn strangers<'a>(agent: &'a AgentFile, known: &'a BTreeSet<&str>) -> impl Iterator<Item = Fault> + 'a {
    let missing = agent.about.hand_off.iter().filter(|name| !known.contains(name.as_str()));
    missing.map(|name| Fault {
        place: first_line(&agent.file),
        key: "agent.hand_off".to_owned(),
        problem: format!("there is no agent {name}; {}", instead(name, known)),
    })
}

/// Tools that hand over to agents that are not there.
fn strange_tools<'a>(agent: &'a AgentFile, known: &'a BTreeSet<&str>) -> impl Iterator<Item = Fault> + 'a {
    let to = |tool: &'a HttpToolSpec| Some((tool, tool.settings.hand_off.as_deref()?));
    let missing = agent.config.tools.iter().filter_map(to).filter(|(_, name)| !known.contains(name));
    missing.map(|(tool, name)| {
        tool.fault("hand_off", format!("there is no agent {name}; {}", instead(name, known)))
    })
}

/// With whom a call begins.
fn chosen(entry: Option<&str>, known: &BTreeSet<&str>) -> Result<String, Fault> {
    let fault = |problem| Fault { place: Place::Default, key: "agents.entry".to_owned(), problem };
    let mut names = known.iter();
    match (entry, names.next(), names.next()) {
        (Some(entry), _, _) if known.contains(entry) => Ok(entry.to_owned()),
        (None, Some(only), None) => Ok((*only).to_owned()),
        (_, None, _) => Err(Fault {
            key: "agents.folder".to_owned(),
            ..fault("has no agent: no file whose name ends in .toml".to_owned())
        }),
        (Some(entry), Some(_), _) => {
            Err(fault(format!("there is no agent {entry}; {}", instead(entry, known))))
        }
        (None, Some(_), Some(_)) => {
            Err(fault(format!("is not set, and there are several agents; {}", there_are(known))))
        }
    }
}

fn instead(name: &str, known: &BTreeSet<&str>) -> String {
    match nearest(name, known.iter().copied()) {
        Some(meant) => format!("did you mean {meant}?"),
        None => there_are(known),
    }
}

fn there_are(known: &BTreeSet<&str>) -> String {
    let names: Vec<_> = known.iter().copied().collect();
    format!("there are {}", names.join(", "))
}

fn first_line(file: &str) -> Place {
    Place::File { name: file.to_owned(), line: 1 }
}
