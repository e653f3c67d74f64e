//! ONNX: <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto> (`ModelProto`, `GraphProto`).
//!
//! A writer puts fields in the order of their numbers: first the nodes, then the weights, and only
//! then the inputs and outputs, so these lie behind nearly all of the file. Each weight says how long
//! it is, but jumping from one to the next costs a round trip each, and there are hundreds. So the
//! graph's end is taken from its length, the last bytes before it are read, and a place is looked for
//! from which the fields run exactly to that end. Where that fails, because a list of inner shapes
//! behind the outputs is too long, a few jumps are tried; after that the report says that the inputs
//! were not reached.

use super::proto::{Place, Value, fields, place, placed};
use super::report::clean;
use super::window::{Look, Stop, Window};
use super::{Found, Note, note};
use std::ops::Range;

/// A network in ONNX.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Onnx {
    /// The version of the format.
    pub ir_version: Option<u64>,
    /// Who wrote it, with a version.
    pub producer: String,
    /// The operator sets that it needs.
    pub opsets: Vec<Opset>,
    /// What it expects; `None` where that was not reached.
    pub inputs: Option<Vec<Port>>,
    /// What it gives; `None` where that was not reached.
    pub outputs: Option<Vec<Port>>,
    /// Names and values that its writer added.
    pub metadata: Vec<(String, String)>,
}

/// A set of operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opset {
    /// Whose; empty for ONNX's own.
    pub domain: String,
    /// Its version.
    pub version: u64,
}

/// An input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// The type of its elements, such as `float`, or `sequence` and the like.
    pub dtype: String,
    /// Its shape; `None` where the file gives none.
    pub dims: Option<Vec<Dim>>,
}

/// One dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dim {
    /// Always this size.
    Fixed(u64),
    /// Any size, of this name.
    Named(String),
    /// Any size.
    Any,
}

impl std::fmt::Display for Dim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fixed(size) => write!(f, "{size}"),
            Self::Named(name) => f.write_str(name),
            Self::Any => f.write_str("?"),
        }
    }
}

const IR_VERSION: u64 = 1;
const PRODUCER: u64 = 2;
const PRODUCER_VERSION: u64 = 3;
const GRAPH: u64 = 7;
const OPSET: u64 = 8;
const METADATA: u64 = 14;

const GRAPH_INPUT: u64 = 11;
const GRAPH_OUTPUT: u64 = 12;

/// Fields of a graph that come with or after its inputs, in files whose fields are in order: inputs,
/// outputs, inner shapes, quantisation, sparse weights, metadata.
const BEHIND_WEIGHTS: Range<u64> = GRAPH_INPUT..17;

/// How much before the graph's end is read first, and how much when that did not do.
const TAILS: [u64; 2] = [64 * 1024, 160 * 1024];

/// How many ranges may be asked for, in all, while jumping forwards: most files that are not reached
/// by then are not reached by any number, and each costs a round trip.
const JUMPS: u32 = 10;

/// No single field of interest outside the graph is longer.
const SHORT: u64 = 4096;

/// How many opsets, metadata, inputs or outputs are kept.
const MANY: usize = 256;

pub(super) fn inspect(window: &Window) -> Found<Onnx> {
    let mut notes = Vec::new();
    let mut onnx = Onnx::default();
    let mut graph = None;
    let mut at = 0;
    while at < window.size() {
        let Some(found) = note(next_field(window, at, graph.as_ref()), "the model's header", &mut notes)? else {
            break;
        };
        match (found.field, found.number) {
            (IR_VERSION, version) => onnx.ir_version = version,
            (GRAPH, _) if found.delimited => graph = Some(found.bytes.clone()),
            (PRODUCER | PRODUCER_VERSION | OPSET | METADATA, _) if found.bytes.end - found.bytes.start <= SHORT => {
                let length = found.bytes.end - found.bytes.start;
                let Some(bytes) = note(window.bytes(found.bytes.start, length), "the model's header", &mut notes)?
                else {
                    break;
                };
                outside(&mut onnx, found.field, bytes);
            }
            _ => {}
        }
        at = found.bytes.end;
    }
    let Some(graph) = graph else {
        notes.push(Note::Bad("has no graph"));
        return Ok((onnx, notes));
    };
    if let Some((ports, from_the_end)) = note(ports(window, &graph), "inputs and outputs", &mut notes)? {
        onnx.inputs = Some(ports.inputs);
        onnx.outputs = Some(ports.outputs);
        notes.extend(from_the_end.then_some(Note::FromTheEnd));
    }
    notes.extend(onnx.ir_version.is_some_and(|version| version < 4).then_some(Note::WeightsAmongInputs));
    Ok((onnx, notes))
}

/// The model's next field. Behind the graph, the graph's own last bytes are read along, as they are
/// needed anyway.
fn next_field(window: &Window, at: u64, graph: Option<&Range<u64>>) -> Look<Place> {
    if let Some(graph) = graph
        && at == graph.end
        && window.held(at).is_empty()
    {
        tail(window, graph, TAILS[0])?;
    }
    let end = window.size();
    let found = place(window, at, u64::MAX)?;
    if found.bytes.end > end { Err(Stop::Ends) } else { Ok(found) }
}

fn outside(onnx: &mut Onnx, field: u64, bytes: &[u8]) {
    match field {
        PRODUCER => onnx.producer = clean(bytes),
        PRODUCER_VERSION if !bytes.is_empty() => {
            onnx.producer.push(' ');
            onnx.producer.push_str(&clean(bytes));
        }
        OPSET if onnx.opsets.len() < MANY => {
            let mut opset = Opset { domain: String::new(), version: 0 };
            for (field, value) in fields(bytes).flatten() {
                match (field, value) {
                    (1, Value::Bytes(domain)) => opset.domain = clean(domain),
                    (2, Value::Varint(version)) => opset.version = version,
                    _ => {}
                }
            }
            onnx.opsets.push(opset);
        }
        METADATA if onnx.metadata.len() < MANY => {
            let text = |number| match fields(bytes).flatten().find(|(field, _)| *field == number) {
                Some((_, Value::Bytes(text))) => clean(text),
                _ => String::new(),
            };
            onnx.metadata.push((text(1), text(2)));
        }
        _ => {}
    }
}

#[derive(Debug, Default)]
struct Ports {
    inputs: Vec<Port>,
    outputs: Vec<Port>,
}

impl Ports {
    fn add(&mut self, field: u64, bytes: &[u8]) {
        let list = if field == GRAPH_INPUT { &mut self.inputs } else { &mut self.outputs };
        if list.len() < MANY {
            list.extend(port(bytes));
        }
    }
}

/// The inputs and outputs, and whether they were found from the end.
fn ports(window: &Window, graph: &Range<u64>) -> Look<(Ports, bool)> {
    let (ports, stopped) = forwards(window, graph, graph.start, false)?;
    if stopped.is_none() {
        return Ok((ports, false));
    }
    for length in TAILS {
        match tail(window, graph, length) {
            Ok(start) => {
                if let Some(ports) = backwards(window, graph, start) {
                    return Ok((ports, true));
                }
            }
            Err(Stop::Spent) => break,
            Err(other) => return Err(other),
        }
    }
    match forwards(window, graph, graph.start, true)? {
        (ports, None) => Ok((ports, false)),
        (_, Some(stop)) => Err(stop),
    }
}

/// Goes from field to field, either as far as bytes are held or with reading more. `Some` says what
/// stopped it before the graph's end.
fn forwards(window: &Window, graph: &Range<u64>, from: u64, read: bool) -> Look<(Ports, Option<Stop>)> {
    let mut ports = Ports::default();
    let mut at = from;
    while at < graph.end {
        let found = match place(window, at, graph.end) {
            Ok(found) => found,
            Err(Stop::Want(range)) if read && window.asks() < JUMPS => return Err(Stop::Want(range)),
            Err(Stop::Want(_)) => return Ok((ports, Some(Stop::Spent))),
            Err(other) => return Ok((ports, Some(other))),
        };
        // Inner shapes come after the outputs, and there may be thousands of them.
        if read && found.field > GRAPH_OUTPUT && !ports.outputs.is_empty() {
            break;
        }
        if matches!(found.field, GRAPH_INPUT | GRAPH_OUTPUT) && found.delimited {
            match window.bytes(found.bytes.start, found.bytes.end - found.bytes.start) {
                Ok(bytes) => ports.add(found.field, bytes),
                Err(Stop::Want(range)) if read => return Err(Stop::Want(range)),
                Err(_) => return Ok((ports, Some(Stop::Spent))),
            }
        }
        at = found.bytes.end;
    }
    Ok((ports, None))
}

/// Where the held bytes before the graph's end begin, once at least `length` are held. A little of
/// what is behind the graph comes with them.
fn tail(window: &Window, graph: &Range<u64>, length: u64) -> Look<u64> {
    let start = graph.end.min(window.size()).saturating_sub(length).max(graph.start);
    let behind = (window.size().saturating_sub(start)).min(length);
    let start = if graph.end > start + behind { graph.end - behind } else { start };
    // Read backwards from what is held, so that nothing is read twice.
    window.bytes(start, behind.max(1))?;
    Ok(start)
}

/// Looks for the first place from which fields run exactly to the graph's end, inputs and outputs
/// first. From each place there is only one way on, so a place that led nowhere never has to be
/// tried again, and the search is as long as the bytes are.
fn backwards(window: &Window, graph: &Range<u64>, start: u64) -> Option<Ports> {
    let held = window.held(start);
    let length = usize::try_from(graph.end.checked_sub(start)?).ok()?;
    let held = held.get(..length)?;
    let mut dead = vec![false; length];
    for from in 0..length {
        let mut ports = Ports::default();
        let mut path = Vec::new();
        let mut at = from;
        while at < length && !dead[at] {
            path.push(at);
            let Some(end) = behind_weights(held, at, &mut ports) else { break };
            at = end;
        }
        if at == length && !ports.outputs.is_empty() {
            return Some(ports);
        }
        for at in path {
            dead[at] = true;
        }
    }
    None
}

/// Where the field at `at` ends, if it is one of those behind the weights and holds what it should.
fn behind_weights(held: &[u8], at: usize, ports: &mut Ports) -> Option<usize> {
    let bytes = held.get(at..)?;
    let found = placed(bytes, 0, u64::try_from(bytes.len()).ok()?)?;
    if !found.delimited || !BEHIND_WEIGHTS.contains(&found.field) {
        return None;
    }
    let range = usize::try_from(found.bytes.start).ok()?..usize::try_from(found.bytes.end).ok()?;
    let end = at + range.end;
    let message = bytes.get(range)?;
    if matches!(found.field, GRAPH_INPUT | GRAPH_OUTPUT | 13) {
        port(message)?;
    } else if fields(message).any(|field| field.is_none()) {
        return None;
    }
    if found.field <= GRAPH_OUTPUT {
        ports.add(found.field, message);
    }
    Some(end)
}

/// A `ValueInfoProto` with a name, or nothing.
fn port(bytes: &[u8]) -> Option<Port> {
    let mut port = Port { name: String::new(), dtype: "unknown".to_owned(), dims: None };
    for field in fields(bytes) {
        match field? {
            (1, Value::Bytes(name)) => {
                std::str::from_utf8(name).ok()?;
                port.name = clean(name);
            }
            (2, Value::Bytes(value)) => of_type(value, &mut port)?,
            (3 | 4, Value::Bytes(_)) => {}
            _ => return None,
        }
    }
    (!port.name.is_empty()).then_some(port)
}

fn of_type(bytes: &[u8], port: &mut Port) -> Option<()> {
    for field in fields(bytes) {
        match field? {
            (1, Value::Bytes(tensor)) => {
                for field in fields(tensor) {
                    match field? {
                        (1, Value::Varint(element)) => element_type(element).clone_into(&mut port.dtype),
                        (2, Value::Bytes(shape)) => port.dims = Some(dims(shape)?),
                        _ => {}
                    }
                }
            }
            (4, _) => "sequence".clone_into(&mut port.dtype),
            (5, _) => "map".clone_into(&mut port.dtype),
            (8, _) => "sparse tensor".clone_into(&mut port.dtype),
            (9, _) => "optional".clone_into(&mut port.dtype),
            _ => {}
        }
    }
    Some(())
}

fn dims(shape: &[u8]) -> Option<Vec<Dim>> {
    let mut dims = Vec::new();
    for field in fields(shape) {
        let (1, Value::Bytes(dim)) = field? else { continue };
        let mut found = Dim::Any;
        for field in fields(dim) {
            match field? {
                (1, Value::Varint(size)) if i64::try_from(size).is_ok() => found = Dim::Fixed(size),
                (2, Value::Bytes(name)) if !name.is_empty() => found = Dim::Named(clean(name)),
                _ => {}
            }
        }
        if dims.len() < MANY {
            dims.push(found);
        }
    }
    Some(dims)
}

/// `TensorProto.DataType`.
fn element_type(number: u64) -> &'static str {
    const NAMES: [&str; 24] = [
        "undefined",
        "float",
        "uint8",
        "int8",
        "uint16",
        "int16",
        "int32",
        "int64",
        "string",
        "bool",
        "float16",
        "double",
        "uint32",
        "uint64",
        "complex64",
        "complex128",
        "bfloat16",
        "float8e4m3fn",
        "float8e4m3fnuz",
        "float8e5m2",
        "float8e5m2fnuz",
        "uint4",
        "int4",
        "float4e2m1",
    ];
    usize::try_from(number).ok().and_then(|number| NAMES.get(number)).copied().unwrap_or("unknown")
}
