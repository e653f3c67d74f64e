//! Arrays of NumPy: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

use super::report::clean;
use super::window::{Look, Stop, Window, u16_le, u32_le};
use super::{Found, Note, note};

/// An array of NumPy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Npy {
    /// The type of its elements as NumPy writes it, such as `<f4`.
    pub dtype: String,
    /// Whether the first index moves fastest.
    pub fortran: bool,
    /// Its shape.
    pub shape: Vec<u64>,
}

pub(super) fn inspect(window: &Window) -> Found<Npy> {
    let mut notes = Vec::new();
    let Some((npy, data)) = note(read(window), "the array's header", &mut notes)? else {
        return Ok((Npy::default(), notes));
    };
    let elements = npy.shape.iter().try_fold(1_u64, |product, dim| product.checked_mul(*dim));
    let size = item_size(&npy.dtype).zip(elements).and_then(|(item, count)| item.checked_mul(count));
    if let Some(said) = size.and_then(|size| size.checked_add(data))
        && said != window.size()
    {
        notes.push(Note::Size { said, found: window.size() });
    }
    Ok((npy, notes))
}

/// The header, and where the data begins.
fn read(window: &Window) -> Look<(Npy, u64)> {
    let head = window.bytes(0, 12)?;
    let (length, from) = match head.get(6) {
        Some(1) => (u16_le(head, 8).map(u64::from), 10),
        Some(2 | 3) => (u32_le(head, 8).map(u64::from), 12),
        _ => return Err(Stop::Bad("an array of a version that is not known")),
    };
    let length = length.ok_or(Stop::Ends)?;
    let header = window.bytes(from, length)?;
    let text = String::from_utf8_lossy(header);
    let bad = Stop::Bad("the array's header is not a dictionary of NumPy");
    let npy = parse(&text).ok_or(bad)?;
    Ok((npy, from + length))
}

fn parse(text: &str) -> Option<Npy> {
    let after = |key: &str| {
        let (_, rest) = text.split_once(&format!("'{key}'"))?;
        Some(rest.trim_start().strip_prefix(':')?.trim_start())
    };
    let descr = after("descr")?;
    let dtype = match descr.strip_prefix('\'') {
        Some(rest) => rest.split_once('\'')?.0,
        // Fields with names: a list, which is shown as it stands.
        None => descr.get(..=descr.find(']')?)?,
    };
    let (dims, _) = after("shape")?.strip_prefix('(')?.split_once(')')?;
    let shape = dims.split(',').map(str::trim).filter(|dim| !dim.is_empty()).map(|dim| dim.parse().ok());
    Some(Npy {
        dtype: clean(dtype.as_bytes()),
        fortran: after("fortran_order")?.starts_with("True"),
        shape: shape.take(64).collect::<Option<_>>()?,
    })
}

/// Bytes of an element: `<f4` has 4, a text `<U3` four for each character.
fn item_size(dtype: &str) -> Option<u64> {
    let rest = dtype.strip_prefix(['<', '>', '|', '='])?;
    let kind = rest.chars().next()?;
    let digits = rest.get(kind.len_utf8()..)?;
    let count: u64 = digits.parse().ok()?;
    if kind == 'U' { count.checked_mul(4) } else { Some(count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read() {
        let npy = parse("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }  \n").expect("a header");
        assert_eq!((npy.dtype.as_str(), npy.fortran, &npy.shape[..]), ("<f4", false, &[3, 4][..]));
        assert_eq!(
            parse("{'descr': '|b1', 'fortran_order': True, 'shape': ()}").expect("a scalar").shape,
            Vec::<u64>::new()
        );
        let fields = "{'descr': [('a', '<f4'), ('b', '<i8')], 'fortran_order': False, 'shape': (3,)}";
        assert_eq!(parse(fields).expect("fields").dtype, "[('a', '<f4'), ('b', '<i8')]");
        assert_eq!(parse("{'shape': (x,), 'descr': '<f4', 'fortran_order': False}"), None);
        assert_eq!(
            (item_size("<U3"), item_size("|b1"), item_size("f4"), item_size("<")),
            (Some(12), Some(1), None, None)
        );
    }
}
