//! Who speaks in the calls of this process: the agents that are configured, with their providers and tools, built.

use std::{collections::BTreeMap, sync::Arc};

use agent_conversation::{Agents, ConversationConfig, Sounds};
use agent_tools::{Egress, http_tools};
use config_schema::{AgentAbout, AgentFile, Config, Keep, Team};
use providers_core::{Interruption, Toolset};
use tokio::sync::watch;

use crate::{
    MakeAgents,
    protocol::Job,
    providers::{BuildError, ProviderTally, Providers},
    wiring,
};

mod file_agent;
mod hand_over;
mod live;
mod source;

pub use live::keep_current;
pub use source::{TeamError, TeamSource};

use self::file_agent::FileAgent;

/// The agents of every call, built. What is being looked at by calls is never changed: a new cast takes its place.
pub struct Cast {
    entry: Arc<Member>,
    members: BTreeMap<String, Arc<Member>>,
    origin: Origin,
}

/// Where the agents come from.
enum Origin {
    /// There is the one that the configuration describes.
    Configuration,
    /// From files: each is one of the members.
    Files,
    /// From the program; the one member is what they have in common.
    Program(MakeAgents),
}

/// One agent, built.
pub(crate) struct Member {
    pub(crate) name: String,
    config: Arc<Config>,
    pub(crate) conversation: ConversationConfig,
    pub(crate) providers: Providers,
    /// The tools of its file.
    http: Toolset,
    /// What its mind may do: the tools of its file, and handing over.
    pub(crate) tools: Toolset,
    /// What it reads of what was said before it was handed the conversation.
    keep: Keep,
    pub(crate) farewell: Option<String>,
    /// What is heard beside what it says.
    pub(crate) sounds: Sounds,
}

impl Cast {
    /// Builds the agents of the files, or the one of the configuration when there are none. What agents have in common
    /// with each other, or with those of `before`, is built once. Loads libraries and reads models: some 100 ms, so not
    /// on a call's thread.
    pub fn build(
        config: &Arc<Config>,
        team: Option<&Team>,
        before: Option<&Self>,
    ) -> Result<Self, BuildError> {
        let mut built: Vec<Arc<Member>> =
            before.map(|cast| cast.members.values().cloned().collect()).unwrap_or_default();
        let mut members = BTreeMap::new();
        match team {
            None => {
                let member = Member::build(ONLY, config.clone(), None, &built)?;
                members.insert(ONLY.to_owned(), Arc::new(member));
            }
            Some(team) => {
                for (name, file) in &team.agents {
                    let config = Arc::new(file.config.clone());
                    let member = Arc::new(Member::build(name, config, Some((&file.about, team)), &built)?);
                    built.push(member.clone());
                    members.insert(name.clone(), member);
                }
            }
        }
        let entry = team.map_or(ONLY, |team| team.entry.as_str());
        let entry = members.get(entry).cloned().expect("a team has the agent that it begins with");
        let origin = if team.is_some() { Origin::Files } else { Origin::Configuration };
        Ok(Self { entry, members, origin })
    }

    /// Agents of the program, with what the configuration says where they leave it open.
    pub fn of_program(config: &Arc<Config>, agents: MakeAgents) -> Result<Self, BuildError> {
        Ok(Self { origin: Origin::Program(agents), ..Self::build(config, None, None)? })
    }

    /// With whom a call begins.
    pub(crate) fn entry(&self) -> &Arc<Member> {
        &self.entry
    }

    /// The agents of the call about this job. With `live`, what a newer cast says of them holds from the next turn on.
    pub(crate) fn agents(&self, job: &Job, live: Option<&Live>) -> Agents {
        match &self.origin {
            Origin::Configuration => return Agents::configured(),
            Origin::Program(make) => return make(job),
            Origin::Files => {}
        }
        let make = |member: &Arc<Member>| {
            let (member, live, entry) = (member.clone(), live.cloned(), self.entry.clone());
            move || FileAgent::new(&member, entry.clone(), live.clone())
        };
        let first = Agents::new(self.entry.name.clone(), make(&self.entry));
        let others = self.members.iter().filter(|(name, _)| **name != self.entry.name);
        let agents = others.fold(first, |agents, (name, member)| agents.with(name.clone(), make(member)));
        self.members.values().fold(agents, |agents, member| {
            let (name, member, live) = (member.name.clone(), member.clone(), live.cloned());
            agents.with_keep(name, move || hand_over::kept(newest(&member, live.as_ref()).keep))
        })
    }

    /// What the mind of an agent is told to be.
    #[must_use]
    pub fn instructions(&self, agent: &str) -> Option<&str> {
        self.member(agent).map(|member| member.conversation.instructions.as_str())
    }

    fn member(&self, name: &str) -> Option<&Arc<Member>> {
        self.members.get(name)
    }

    /// What is counted at each provider, by component and name.
    pub(crate) fn tallies(&self) -> BTreeMap<(&'static str, &'static str), ProviderTally> {
        let mut tallies = BTreeMap::<_, ProviderTally>::new();
        let mut told: Vec<&Providers> = Vec::new();
        for member in self.members.values() {
            member.providers.tally(&told, |component, provider, tally| {
                *tallies.entry((component, provider)).or_default() += tally;
            });
            told.push(&member.providers);
        }
        tallies
    }

    /// Makes what the first call will need.
    pub fn prewarm(&self) {
        self.members.values().for_each(|member| member.providers.prewarm());
    }
}

impl Member {
    fn build(
        name: &str,
        config: Arc<Config>,
        file: Option<(&AgentAbout, &Team)>,
        built: &[Arc<Self>],
    ) -> Result<Self, BuildError> {
        let others: Vec<_> = built.iter().map(|member| (&*member.config, &member.providers)).collect();
        let providers = Providers::build(&config, &others)?;
        let http = match built.iter().find(|member| member.config.tools == config.tools) {
            Some(member) => member.http.clone(),
            None if config.tools.is_empty() => Toolset::new(),
            None => http_tools(&config.tools, &Egress::new()?)?,
        };
        let mut tools = http.clone();
        for (to, agent) in file.into_iter().flat_map(|(about, team)| successors(about, team)) {
            tools = tools.with(hand_over::hand_over(to, &agent.about.description))?;
        }
        Ok(Self {
            name: name.to_owned(),
            conversation: wiring::conversation(&config),
            sounds: wiring::sounds(&config)?,
            config,
            providers,
            keep: file.map_or(Keep::All, |(about, _)| about.keep),
            http,
            tools,
            farewell: file.and_then(|(about, _)| about.farewell.clone()),
        })
    }

    /// Who judges speech over the agent's own, anew for each call.
    pub(crate) fn overlaps(&self) -> Option<Box<dyn Interruption>> {
        wiring::overlaps(&self.config)
    }

    /// Whether it hears, thinks and speaks as another does: then the call's own ear, mind and voice go on.
    pub(crate) fn shares(&self, other: &Self) -> [bool; 3] {
        self.providers.same(&other.providers)
    }
}

/// Follows casts that take the place of the present one.
pub(crate) type Live = watch::Receiver<Option<Arc<Cast>>>;

/// An agent as its file says it now; one whose file is gone stays as it was.
fn newest(member: &Arc<Member>, live: Option<&Live>) -> Arc<Member> {
    let newer = live.and_then(|live| live.borrow().as_ref()?.member(&member.name).cloned());
    newer.unwrap_or_else(|| member.clone())
}

/// The agents that one may hand over to.
fn successors<'a>(about: &'a AgentAbout, team: &'a Team) -> impl Iterator<Item = (&'a str, &'a AgentFile)> {
    about.hand_off.iter().filter_map(|name| Some((name.as_str(), team.agents.get(name)?)))
}

/// The name of the agent that the configuration describes.
const ONLY: &str = "agent";

#[cfg(test)]
mod tests {
    use config_schema::{File, Sources, Team};

    use super::*;

    fn cast(keep: &str) -> Arc<Cast> {
        let fakes = "[stt]\nprovider = \"fake\"\n[llm]\nprovider = \"fake\"\n[tts]\nprovider = \"fake\"\n";
        let sources = Sources { file: Some(File { name: "worker.toml", text: fakes }), ..Sources::default() };
        let cook = format!("[agent]\nkeep = \"{keep}\"\n");
        let files = [
            ("host", File { name: "host.toml", text: "[agent]\nhand_off = [\"cook\"]\n" }),
            ("cook", File { name: "cook.toml", text: &cook }),
        ];
        let team = Team::load(&sources, Some("host"), &files).unwrap();
        let config = Arc::new(config_schema::load(&sources).unwrap().config);
        Arc::new(Cast::build(&config, Some(&team), None).unwrap())
    }

    #[test]
    fn an_agent_is_as_the_newest_cast_says_and_one_that_is_gone_as_it_was() {
        let first = cast("all");
        let (current, live) = watch::channel(Some(first.clone()));
        let member = first.member("cook").unwrap().clone();
        let keeps = || newest(&member, Some(&live)).keep;
        assert_eq!(keeps(), Keep::All);
        current.send_replace(Some(cast("nothing")));
        assert_eq!((keeps(), newest(&member, None).keep), (Keep::Nothing, Keep::All));
        current.send_replace(None);
        assert_eq!(keeps(), Keep::All);
    }

    #[test]
    fn whom_an_agent_may_hand_over_to_are_tools_of_its_mind() {
        let cast = cast("all");
        let tools = |name: &str| cast.member(name).unwrap().tools.specs();
        let names: Vec<String> = tools("host").into_iter().map(|tool| tool.name).collect();
        assert_eq!(names, ["hand_over_to_cook"]);
        assert!(tools("cook").is_empty());
    }
}
