//! Names for links and bottlenecks: an access is how one client reaches the relays, both ways.

use core::time::Duration;

use offrecord_netem::{BottleneckId, Change, Counts, HEADERS, Limit, LinkId, Network, Profile};

use super::flows::{Content, Datagram};

/// As many names as there may be of each kind.
const MOST: usize = 256;

/// One direction, as it was told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Conditions {
    pub profile: Profile,
    pub limit: Limit,
}

#[derive(Clone, Copy)]
struct Way {
    link: LinkId,
    bottleneck: BottleneckId,
}

struct Access {
    name: String,
    up: Way,
    down: Way,
    is_behind: bool,
}

struct Shared {
    name: String,
    up: BottleneckId,
    down: BottleneckId,
}

/// See the module.
pub struct Topology {
    pub network: Network<Content>,
    accesses: Vec<Access>,
    shared: Vec<Shared>,
}

impl Topology {
    pub fn new(seed: u64, most_bytes: usize) -> Self {
        let mut network = Network::new(seed);
        network.set_most_bytes(most_bytes);
        Self { network, accesses: Vec::new(), shared: Vec::new() }
    }

    /// Something for several accesses to share.
    pub fn add_bottleneck(&mut self, name: String, up: Limit, down: Limit) -> Result<(), String> {
        self.check_new(&name, self.shared.len())?;
        up.check().and(down.check())?;
        let (up, down) = (self.network.add_bottleneck(up), self.network.add_bottleneck(down));
        self.shared.push(Shared { name, up, down });
        Ok(())
    }

    /// The number of a new access, whose bottlenecks are its own unless it is behind one that is shared.
    pub fn open(
        &mut self,
        name: String,
        behind: Option<&str>,
        up: &Conditions,
        down: &Conditions,
    ) -> Result<usize, String> {
        self.check_new(&name, self.accesses.len())?;
        check(up, behind.is_some())?;
        check(down, behind.is_some())?;
        let bottlenecks = match behind {
            None => [up, down].map(|conditions| self.network.add_bottleneck(conditions.limit)),
            Some(behind) => self
                .shared
                .iter()
                .find(|shared| shared.name == behind)
                .map(|shared| [shared.up, shared.down])
                .ok_or_else(|| format!("no bottleneck is named {behind:?}"))?,
        };
        let [up, down] = [(up, bottlenecks[0]), (down, bottlenecks[1])].map(|(conditions, bottleneck)| Way {
            link: self.network.add_link(bottleneck, conditions.profile),
            bottleneck,
        });
        self.accesses.push(Access { name, up, down, is_behind: behind.is_some() });
        Ok(self.accesses.len() - 1)
    }

    /// The access of this name.
    pub fn find(&self, name: &str) -> Result<usize, String> {
        self.accesses
            .iter()
            .position(|access| access.name == name)
            .ok_or_else(|| format!("nothing is named {name:?}"))
    }

    /// What turns the access or the shared bottleneck of this name into what is told; `None` stays as it is.
    pub fn changes(
        &self,
        name: &str,
        up: Option<&Conditions>,
        down: Option<&Conditions>,
    ) -> Result<Vec<Change>, String> {
        let mut changes = Vec::new();
        if let Some(shared) = self.shared.iter().find(|shared| shared.name == name) {
            for (conditions, bottleneck) in [(up, shared.up), (down, shared.down)] {
                let Some(conditions) = conditions else { continue };
                conditions.limit.check()?;
                if conditions.profile != Profile::default() {
                    return Err(format!("{name:?} is a bottleneck: it has a rate and a queue only"));
                }
                changes.push(Change::Limit(bottleneck, conditions.limit));
            }
            return Ok(changes);
        }
        let access = &self.accesses[self.find(name)?];
        for (conditions, way) in [(up, access.up), (down, access.down)] {
            let Some(conditions) = conditions else { continue };
            check(conditions, access.is_behind)?;
            changes.push(Change::Profile(way.link, conditions.profile));
            if !access.is_behind {
                changes.push(Change::Limit(way.bottleneck, conditions.limit));
            }
        }
        Ok(changes)
    }

    /// A datagram comes to its link.
    pub fn enter(&mut self, datagram: Datagram) {
        let access = &self.accesses[datagram.content.access];
        let link = if datagram.content.is_up { access.up.link } else { access.down.link };
        let size = datagram.content.bytes.len() + HEADERS;
        self.network.send(datagram.at, link, size, datagram.content);
    }

    /// Name, number, and what became of packets up and down, of each access.
    pub fn counts(&self) -> impl Iterator<Item = (&str, usize, &Counts, &Counts)> {
        self.accesses.iter().enumerate().map(|(number, access)| {
            let [up, down] = [access.up, access.down].map(|way| self.network.counts(way.link));
            (access.name.as_str(), number, up, down)
        })
    }

    fn check_new(&self, name: &str, count: usize) -> Result<(), String> {
        let is_taken = self.accesses.iter().any(|access| access.name == name)
            || self.shared.iter().any(|shared| shared.name == name);
        match () {
            () if name.is_empty() || name.len() > 64 => Err("a name has 1 to 64 bytes".to_owned()),
            () if is_taken => Err(format!("{name:?} is there already")),
            () if count >= MOST => Err("there are too many".to_owned()),
            () => Ok(()),
        }
    }
}

fn check(conditions: &Conditions, is_behind: bool) -> Result<(), String> {
    conditions.profile.check()?;
    conditions.limit.check()?;
    if is_behind && conditions.limit != Limit::default() {
        return Err("the rate is that of the shared bottleneck: set it there".to_owned());
    }
    Ok(())
}

/// A time in milliseconds as people write it. Nonsense is longer than anything that is allowed.
pub fn milliseconds(count: f64) -> Duration {
    Duration::try_from_secs_f64(count / 1e3).unwrap_or(Duration::MAX)
}
