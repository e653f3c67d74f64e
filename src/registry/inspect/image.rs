//! How large a picture is.

use super::window::{Look, Stop, Window, u16_be, u16_le, u32_be, u32_le};
use super::{Found, note};

/// A format of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF.
    Gif,
    /// Windows bitmap.
    Bmp,
    /// WebP.
    Webp,
}

impl Picture {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
            Self::Webp => "WebP",
        }
    }
}

/// A picture's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// Width and height in pixels, where they were reached.
    pub pixels: Option<(u32, u32)>,
}

pub(super) fn inspect(picture: Picture, window: &Window) -> Found<Image> {
    let mut notes = Vec::new();
    let step = match picture {
        Picture::Png => png(window),
        Picture::Gif => gif(window),
        Picture::Bmp => bmp(window),
        Picture::Webp => webp(window),
        Picture::Jpeg => jpeg(window),
    };
    let pixels = note(step, "the picture's size", &mut notes)?;
    Ok((Image { pixels }, notes))
}

const BAD: Stop = Stop::Bad("the picture's header is not one");

fn png(window: &Window) -> Look<(u32, u32)> {
    let head = window.bytes(0, 24)?;
    if head.get(12..16) != Some(b"IHDR") {
        return Err(BAD);
    }
    u32_be(head, 16).zip(u32_be(head, 20)).ok_or(BAD)
}

fn gif(window: &Window) -> Look<(u32, u32)> {
    let head = window.bytes(0, 10)?;
    u16_le(head, 6).zip(u16_le(head, 8)).map(|(w, h)| (w.into(), h.into())).ok_or(BAD)
}

fn bmp(window: &Window) -> Look<(u32, u32)> {
    let head = window.bytes(0, 26)?;
    if u32_le(head, 14) == Some(12) {
        return u16_le(head, 18).zip(u16_le(head, 20)).map(|(w, h)| (w.into(), h.into())).ok_or(BAD);
    }
    // A negative height says that the rows go downwards.
    let height = u32_le(head, 22).map(|height| i32::from_le_bytes(height.to_le_bytes()).unsigned_abs());
    u32_le(head, 18).zip(height).ok_or(BAD)
}

fn webp(window: &Window) -> Look<(u32, u32)> {
    let head = window.bytes(0, 30)?;
    let three = |at: usize| head.get(at..at + 3).map(|b| u32::from_le_bytes([b[0], b[1], b[2], 0]));
    match head.get(12..16) {
        Some(b"VP8 ") => {
            u16_le(head, 26).zip(u16_le(head, 28)).map(|(w, h)| (u32::from(w & 0x3fff), u32::from(h & 0x3fff)))
        }
        Some(b"VP8L") => u32_le(head, 21).map(|bits| ((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1)),
        Some(b"VP8X") => three(24).zip(three(27)).map(|(w, h)| (w + 1, h + 1)),
        _ => None,
    }
    .ok_or(BAD)
}

/// Goes from segment to segment until the one that begins a frame. Each segment is at least two
/// bytes long, so this ends.
fn jpeg(window: &Window) -> Look<(u32, u32)> {
    let mut at = 2;
    loop {
        let segment = window.bytes(at, 4)?;
        let (Some(0xff), Some(marker)) = (segment.first(), segment.get(1)) else { return Err(BAD) };
        match *marker {
            0xff => at += 1,
            0x01 | 0xd0..=0xd7 => at += 2,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                let frame = window.bytes(at, 9)?;
                return u16_be(frame, 7).zip(u16_be(frame, 5)).map(|(w, h)| (w.into(), h.into())).ok_or(BAD);
            }
            0xd8..=0xda => return Err(BAD),
            _ => {
                let length = u16_be(segment, 2).filter(|length| *length >= 2).ok_or(BAD)?;
                at += 2 + u64::from(length);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(picture: Picture, bytes: &[u8]) -> Option<(u32, u32)> {
        let mut window = Window::new(u64::try_from(bytes.len()).expect("it is short"));
        window.put(0, bytes);
        inspect(picture, &window).expect("all is there").0.pixels
    }

    #[test]
    fn sizes_are_read() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x02\x80\0\0\x01\xe0";
        assert_eq!(pixels(Picture::Png, png), Some((640, 480)));
        assert_eq!(pixels(Picture::Gif, b"GIF89a\x05\0\x07\0"), Some((5, 7)));
        let jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc2\0\x11\x08\0\x20\0\x10\x03";
        assert_eq!(pixels(Picture::Jpeg, jpeg), Some((16, 32)));
        assert_eq!(pixels(Picture::Jpeg, b"\xff\xd8\xff\xe0\0\x01ab"), None, "a segment that does not go on");
        let mut webp = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0".to_vec();
        webp.extend([0x7f, 2, 0, 0xdf, 1, 0]);
        assert_eq!(pixels(Picture::Webp, &webp), Some((640, 480)));
        let mut bmp = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
        bmp.extend(3_i32.to_le_bytes());
        bmp.extend((-2_i32).to_le_bytes());
        assert_eq!(pixels(Picture::Bmp, &bmp), Some((3, 2)));
        assert_eq!(pixels(Picture::Png, b"\x89PNG\r\n"), None);
    }
}
