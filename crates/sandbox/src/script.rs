//! The world with what plays in it: a scenario's events as their time comes, and the record of what was done, as a scenario.

use std::collections::{BTreeMap, HashMap};
use std::ops::{Deref, DerefMut};

use monei::ScopeSet;

use crate::command::{Command, Disarm, Done, Failed, Reset, Shift, Switch, What};
use crate::model::World;
use crate::model::people::Person;
use crate::model::plan::{self, AfterLast, Decision, Plan, Rule};
use crate::model::timeline::{Entry, Party, Step, listed};
use crate::presets;
use crate::scenario::{Event, MOST, Ready, Round, Scenario, When};

/// Paths whose calls are counted one by one.
const PATHS_COUNTED: usize = 10_000;

/// The world, and the script that plays in it.
#[derive(Debug)]
pub(crate) struct Stage {
    world: World,
    pub(crate) script: Script,
}

impl Deref for Stage {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl DerefMut for Stage {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

/// The scenario that plays, and what was done.
#[derive(Debug, Default)]
pub(crate) struct Script {
    /// Its name.
    pub(crate) playing: Option<String>,
    /// What happened since recording began.
    counts: BTreeMap<When, u32>,
    /// Calls that went well, by path.
    paths: HashMap<String, u32>,
    /// What a command of now comes after.
    last: Option<(When, u32)>,
    /// Events of the scenario, by what they wait for.
    waiting: BTreeMap<(When, u32), Vec<Command>>,
    /// Those that wait for a call of one path.
    waiting_on_path: HashMap<String, BTreeMap<u32, Vec<Command>>>,
    /// Events whose time came within a request that isn't done yet.
    due: Vec<Command>,
    rounds: Vec<plan::Round>,
    done: Vec<(When, u32, Command)>,
    /// More was done than is recorded.
    full: bool,
}

/// Remarks as one text, which goes into the log too.
fn remarked(remarks: &[String]) -> Option<String> {
    for remark in remarks {
        tracing::warn!(%remark, "what was ordered can be done, but may not be what was meant");
    }
    (!remarks.is_empty()).then(|| remarks.join("; "))
}

/// The record can't be exported.
#[derive(Debug)]
pub(crate) struct RecordFull;

impl std::fmt::Display for RecordFull {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "More than {MOST} things were done since recording began, so that the record isn't whole. \"Reset everything\" begins a new one."
        )
    }
}

impl Script {
    fn record(&mut self, command: Command) {
        let (when, number) = self.last.unwrap_or((When::Start, 1));
        if self.done.len() >= MOST {
            self.full = true;
            return;
        }
        self.done.push((when, number, command));
    }

    /// Whether nothing was recorded.
    pub(crate) fn is_empty(&self) -> bool {
        self.rounds.is_empty() && self.done.is_empty()
    }

    fn count(&mut self, what: When) -> u32 {
        let count = self.counts.entry(what).or_insert(0);
        *count += 1;
        *count
    }
}

impl Stage {
    /// A world in which nothing plays yet.
    pub(crate) fn new(world: World) -> Stage {
        Stage { world, script: Script::default() }
    }

    /// Does something, records it, and tells of it in the timeline.
    pub(crate) fn apply(&mut self, command: Command) -> Result<Done, Failed> {
        match command {
            Command::Preset(preset) => {
                let commands = presets::commands(&preset.name)?;
                self.tell(&Command::Preset(preset.clone()));
                for command in commands {
                    self.carry_out(command)?;
                }
                Ok(Done::Applied(preset.name))
            }
            Command::Scenario(play) => {
                let scenario = Scenario::parse(&play.toml).map_err(|error| Failed::Wrong(error.to_string()))?;
                self.play(&scenario, play.auto_approve)?;
                Ok(Done::Playing(scenario.name().to_owned()))
            }
            command => {
                let told = command.clone();
                let done = self.carry_out(command)?;
                self.tell(&told);
                Ok(done)
            }
        }
    }

    /// Does one thing and records it.
    fn carry_out(&mut self, command: Command) -> Result<Done, Failed> {
        let armed_before = self.world.faults.len();
        let done = command.carry_out(&mut self.world)?;
        match &command {
            Command::Reset(Reset { what: What::All }) => self.script = Script::default(),
            // A plan is recorded as it is decided, and by what is left of it; a secret never is.
            Command::Next(_) | Command::Secret(_) | Command::Reset(Reset { what: What::Next }) => {}
            Command::Disarm(_) if self.world.faults.len() == armed_before => {}
            Command::Settle(_) if done == Done::Settled(0) => {}
            _ => self.script.record(command),
        }
        Ok(done)
    }

    /// Notes in the timeline what was done on purpose.
    fn tell(&mut self, command: &Command) {
        let (step, party) = match command {
            Command::Revoke(revoke) => {
                (Step::Revocation, Party { client: revoke.client_id.clone(), user: revoke.user.clone(), grant: None })
            }
            _ => (Step::Tester, Party::default()),
        };
        let (now, remarks) = (self.world.now(), command.remarks(self.world.serves));
        let entry = Entry::new(now, step, party, command.in_words());
        self.world.timeline.add(Entry { why: remarked(&remarks), ..entry });
    }

    /// Plays a scenario from its start: switches, faults, clock and plan are its own from now on.
    pub(crate) fn play(&mut self, scenario: &Scenario, auto: bool) -> Result<(), Failed> {
        let ready = scenario.ready().map_err(|error| Failed::Wrong(error.to_string()))?;
        let remarks = self.remarks(&ready);
        let Ready { name, fresh, after_last, clock_offset_s, switches, rounds, events } = ready;
        let mut parts = vec![What::Faults, What::Quotas, What::Switches, What::Next];
        if fresh {
            parts.push(What::Grants);
        }
        for what in parts {
            self.carry_out(Command::Reset(Reset { what }))?;
        }
        self.carry_out(Command::Clock(Shift { offset_s: Some(clock_offset_s), by_s: None }))?;
        for (name, value) in switches {
            self.carry_out(Command::Switch(Switch { name, value }))?;
        }
        self.world.sessions.clear();
        let now = self.world.now();
        let entry = Entry::new(now, Step::Tester, Party::default(), format!("plays the scenario {name:?}"));
        self.world.timeline.add(Entry { why: remarked(&remarks), ..entry });
        self.world.plan = Plan::of_scenario(rounds, after_last, auto);
        let armed_before = self.world.armed;
        let script = &mut self.script;
        script.playing = Some(name);
        script.waiting.clear();
        script.waiting_on_path.clear();
        script.due.clear();
        let mut at_start = Vec::new();
        for event in events {
            // A scenario counts from its own start.
            let command = match event.command {
                Command::Disarm(Disarm { number }) => Command::Disarm(Disarm { number: number.saturating_add(armed_before) }),
                command => command,
            };
            let before = script.counts.get(&event.when).copied().unwrap_or_default();
            match (event.when, event.path) {
                (When::Start, _) => at_start.push(command),
                (_, Some(path)) => {
                    let before = script.paths.get(&path).copied().unwrap_or_default();
                    script.waiting_on_path.entry(path).or_default().entry(before.saturating_add(event.number)).or_default().push(command);
                }
                (when, None) => script.waiting.entry((when, before.saturating_add(event.number))).or_default().push(command),
            }
        }
        self.carry_out_all(at_start);
        self.world.save()?;
        Ok(())
    }

    /// What is strange about a scenario on this sandbox, though it can be played.
    fn remarks(&self, ready: &Ready) -> Vec<String> {
        let mut remarks = ready.remarks(self.world.serves);
        let unknown =
            |id: Option<&str>| id.filter(|id| self.world.client(id).is_none()).map(|id| format!("no app is registered as {id:?}"));
        for (round, number) in ready.rounds.iter().zip(1..) {
            remarks.extend(unknown(round.client.as_deref()).map(|wrong| format!("round {number}: {wrong}")));
        }
        for (event, number) in ready.events.iter().zip(1..) {
            if let Command::Revoke(revoke) = &event.command {
                remarks.extend(unknown(revoke.client_id.as_deref()).map(|wrong| format!("event {number}: {wrong}")));
            }
        }
        remarks
    }

    /// A person decided. What waits for that comes about at once.
    pub(crate) fn decided(&mut self, user: &'static Person, client_id: &str, asked: &ScopeSet, decision: &Decision) {
        let rule = match decision {
            Decision::Deny => Rule::Deny,
            Decision::Allow(scopes) if scopes.is_empty() => Rule::Nothing,
            Decision::Allow(scopes) => Rule::Only(scopes.clone()),
        };
        let (now, known) = (self.world.now(), self.world.grants.consented(user.id, client_id));
        let party = Party { client: Some(client_id.to_owned()), user: Some(user.id.to_owned()), grant: None };
        let what = match decision {
            Decision::Deny => format!("denies {}", listed(asked)),
            Decision::Allow(_) if asked.difference(&known).is_empty() => format!("allows {}", listed(asked)),
            Decision::Allow(_) => {
                let declined = asked.difference(&known);
                format!("allows {}; declines {}", listed(&asked.difference(&declined)), listed(&declined))
            }
        };
        self.world.timeline.add(Entry::new(now, Step::Consent, party, what));
        // Named only where it could be another: a scenario should play with any one app.
        let client = (self.world.clients.len() > 1).then(|| client_id.to_owned());
        if self.script.rounds.len() >= MOST {
            self.script.full = true;
        } else {
            self.script.rounds.push(plan::Round { user: Some(user), client, asks: Some(asked.clone()), rule, auto: false, times: 1 });
        }
        let count = self.script.count(When::Round);
        self.script.last = Some((When::Round, count));
        let due = self.script.waiting.remove(&(When::Round, count)).unwrap_or_default();
        self.carry_out_all(due);
    }

    /// Something happened within a request: what waits for that comes about when the request is done.
    pub(crate) fn happened(&mut self, what: When) {
        let count = self.script.count(what);
        let due = self.script.waiting.remove(&(what, count)).unwrap_or_default();
        self.script.due.extend(due);
    }

    /// A request below `/api/v1` is done. `called` is its path where it is a call that went well.
    pub(crate) fn request_done(&mut self, called: Option<&str>) {
        let count = self.script.count(When::Request);
        self.script.last = Some((When::Request, count));
        let mut due = self.script.waiting.remove(&(When::Request, count)).unwrap_or_default();
        due.append(&mut self.script.due);
        if let Some(path) = called {
            let script = &mut self.script;
            let count = script.count(When::Call);
            due.extend(script.waiting.remove(&(When::Call, count)).unwrap_or_default());
            if script.paths.len() < PATHS_COUNTED || script.paths.contains_key(path) {
                let count = script.paths.entry(path.to_owned()).or_insert(0);
                *count += 1;
                if let Some(commands) = script.waiting_on_path.get_mut(path).and_then(|waiting| waiting.remove(count)) {
                    due.extend(commands);
                }
            }
        }
        self.carry_out_all(due);
    }

    fn carry_out_all(&mut self, commands: Vec<Command>) {
        for command in commands {
            if let Err(error) = self.apply(command) {
                tracing::error!(%error, "a scenario's event could not be carried out");
            }
        }
    }

    /// What was done since recording began, and what of a scenario is still to come, as a scenario.
    ///
    /// # Errors
    /// [`RecordFull`] where it would not be whole.
    pub(crate) fn recorded(&self) -> Result<Scenario, RecordFull> {
        let script = &self.script;
        if script.full {
            return Err(RecordFull);
        }
        let mut switches = BTreeMap::new();
        let mut events = Vec::new();
        for (when, number, command) in &script.done {
            match (when, command) {
                // What switches are set to before anything happens is where a scenario starts from.
                (When::Start, Command::Switch(switch)) => {
                    switches.insert(switch.name.clone(), switch.value.clone());
                }
                (When::Start, Command::Reset(Reset { what: What::Switches })) => switches.clear(),
                (when, command) => events.push(Event::after(*when, *number, None, command)),
            }
        }
        for ((when, number), commands) in &script.waiting {
            events.extend(commands.iter().map(|command| Event::after(*when, *number, None, command)));
        }
        for (path, waiting) in &script.waiting_on_path {
            let waiting = waiting.iter().flat_map(|(number, commands)| commands.iter().map(move |command| (*number, command)));
            events.extend(waiting.map(|(number, command)| Event::after(When::Call, number, Some(path.clone()), command)));
        }
        let mut rounds: Vec<Round> = script.rounds.iter().map(Round::of).collect();
        rounds.extend(self.world.plan.rounds().map(Round::of));
        let after_last = match self.world.plan.after_last() {
            // The last round of all is the one that is repeated or denied.
            Some((after, _)) => after,
            None => AfterLast::Ask,
        };
        Ok(Scenario::recorded(switches, rounds, events, after_last))
    }
}
