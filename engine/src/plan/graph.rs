//! What waits for what within one action, and why.
//! Must not know what any phase does.

use std::fmt;

use mainstay_dsl::checked::{Action, Order, Phase};
use mainstay_dsl::name::PhaseName;
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use petgraph::{Direction, visit::IntoNodeReferences};

use super::Refusal;

/// The order of one action's steps: acyclic, an edge from what must have ended to what waits for it.
///
/// * As written (the default): a phase without `dependsOn` waits for every phase written before it; one with
///   `dependsOn` waits for the phases it names and those its templates refer to, and for nothing else.
/// * By data flow (`order: dataflow`): a phase waits for the phases that it names or refers to.
/// * The deferred phase waits until all phases have ended in any way, artifacts until everything has ended well.
///
/// Phases that are free to start do so in the order in which they are written.
#[derive(Clone, Debug)]
pub struct Graph {
    edges: DiGraph<Node, Reason>,
}

/// What is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    /// The phase at that position, as written.
    Phase(usize),
    /// The deferred phase.
    Defer,
    /// The output artifacts.
    Artifacts,
}

/// Why one waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is written after it.
    Order,
    /// It says `dependsOn`.
    DependsOn,
    /// One of its templates refers to what the other shows.
    Reference,
    /// It starts when the other has ended in any way.
    Ended,
    /// It is made when the other has ended well.
    Succeeded,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Order => "written before it",
            Self::DependsOn => "dependsOn",
            Self::Reference => "a template refers to it",
            Self::Ended => "ended in any way",
            Self::Succeeded => "ended well",
        })
    }
}

impl Graph {
    /// Orders the phases of `action`, the action at `position` of its request.
    pub(super) fn new(position: usize, action: &Action) -> Result<Self, Refusal> {
        let mut graph = Self {
            edges: DiGraph::with_capacity(action.phases.len() + 2, action.phases.len() + 2),
        };
        for phase in 0..action.phases.len() {
            graph.edges.add_node(Node::Phase(phase));
        }
        for (index, phase) in action.phases.iter().enumerate() {
            if phase.depends_on.is_empty() && action.order == Order::Sequential {
                graph.follow_all_before(index);
            } else {
                graph
                    .follow_named(index, phase, &action.phases)
                    .map_err(|missing| Refusal::NoPhase {
                        action: position,
                        name: action.name.clone(),
                        phase: phase.name.clone(),
                        missing,
                    })?;
            }
        }
        if let Some(edges) = graph.circle(&action.phases) {
            return Err(Refusal::Cycle {
                action: position,
                name: action.name.clone(),
                edges,
            });
        }
        graph.finish(action);
        Ok(graph)
    }

    /// The phases that the phase at `position` waits for, in the order in which they are written.
    pub fn awaited_by(&self, position: usize) -> impl Iterator<Item = usize> {
        let mut awaited: Vec<_> = self
            .edges
            .neighbors_directed(NodeIndex::new(position), Direction::Incoming)
            .map(NodeIndex::index)
            .collect();
        awaited.sort_unstable();
        awaited.into_iter()
    }

    /// All nodes: the phases as written, then the deferred phase and the artifacts when there are any.
    pub fn nodes(&self) -> impl Iterator<Item = Node> {
        self.edges.node_references().map(|(_, node)| *node)
    }

    /// All edges: what is awaited, what waits for it, and why; ordered by what waits, then by what is awaited.
    pub fn edges(&self) -> Vec<(Node, Node, Reason)> {
        let mut edges: Vec<_> = self
            .edges
            .edge_references()
            .map(|edge| (edge.target(), edge.source(), *edge.weight()))
            .collect();
        edges.sort_unstable_by_key(|(waiting, awaited, _)| (*waiting, *awaited));
        edges
            .into_iter()
            .map(|(waiting, awaited, reason)| (self.edges[awaited], self.edges[waiting], reason))
            .collect()
    }

    /// Lets the phase wait for all phases written before it, through those that nobody waits for yet.
    fn follow_all_before(&mut self, waiting: usize) {
        for awaited in 0..waiting {
            let last = !self
                .edges
                .neighbors(NodeIndex::new(awaited))
                .any(|next| next.index() < waiting);
            if last {
                self.add(awaited, waiting, Reason::Order);
            }
        }
    }

    /// Lets the phase wait for those it names and refers to. Fails with the name of one that there is not.
    fn follow_named(&mut self, waiting: usize, phase: &Phase, phases: &[Phase]) -> Result<(), PhaseName> {
        for name in &phase.depends_on {
            if !phases.iter().any(|other| other.name == *name) {
                return Err(name.clone());
            }
        }
        let reasons = [
            (&phase.depends_on, Reason::DependsOn),
            (&phase.refers_to, Reason::Reference),
        ];
        for (names, reason) in reasons {
            for (awaited, other) in phases.iter().enumerate() {
                // A phase may refer to its own secrets; it waits for itself only if it says so in `dependsOn`.
                let own = awaited == waiting && reason == Reason::Reference;
                if !own && names.contains(&other.name) {
                    self.add(awaited, waiting, reason);
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, awaited: usize, waiting: usize, reason: Reason) {
        let (awaited, waiting) = (NodeIndex::new(awaited), NodeIndex::new(waiting));
        if !self.edges.contains_edge(awaited, waiting) {
            self.edges.add_edge(awaited, waiting, reason);
        }
    }

    /// The edges of one circle, if there is any, from its first phase on.
    fn circle(&self, phases: &[Phase]) -> Option<Vec<(PhaseName, PhaseName, Reason)>> {
        let knot = tarjan_scc(&self.edges).into_iter().find(|component| {
            component.len() > 1
                || component
                    .iter()
                    .any(|node| self.edges.contains_edge(*node, *node))
        })?;
        let start = *knot.iter().min()?;
        // Inside a strongly connected component every node has a predecessor in it, so the walk comes back to a
        // node that it has seen; what it saw from there on is the circle.
        let mut walk = vec![start];
        loop {
            let waiting = *walk.last()?;
            let awaited = self
                .edges
                .neighbors_directed(waiting, Direction::Incoming)
                .filter(|node| knot.contains(node))
                .min()?;
            if let Some(begin) = walk.iter().position(|node| *node == awaited) {
                walk.push(awaited);
                walk.drain(..begin);
                break;
            }
            walk.push(awaited);
        }
        let name = |node: NodeIndex| phases[node.index()].name.clone();
        let told = walk.windows(2).filter_map(|pair| {
            let edge = self.edges.find_edge(pair[1], pair[0])?;
            Some((name(pair[0]), name(pair[1]), self.edges[edge]))
        });
        Some(told.collect())
    }

    /// Adds the deferred phase and the artifacts behind the phases that nothing waits for.
    fn finish(&mut self, action: &Action) {
        let mut last: Vec<_> = self.edges.externals(Direction::Outgoing).collect();
        if action.defer.is_some() {
            let defer = self.edges.add_node(Node::Defer);
            for phase in last {
                self.edges.add_edge(phase, defer, Reason::Ended);
            }
            last = vec![defer];
        }
        if !action.artifacts.is_empty() {
            let artifacts = self.edges.add_node(Node::Artifacts);
            for node in last {
                self.edges.add_edge(node, artifacts, Reason::Succeeded);
            }
        }
    }
}
