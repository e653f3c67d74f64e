//! What else is to be known of a transfer that is done.

/// Something that a reader of the result should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remark {
    /// An earlier try was gone on with.
    Resumed,
    /// The source is another one than that of an earlier try, which was thrown away.
    EarlierWasOther,
    /// The source changed while it was carried, and it was begun again.
    BegunAgain,
    /// The bytes that came first were not those of the object; it was begun again.
    WasCorrupt,
    /// The service gives no ranges: in one piece, and not to be resumed.
    InOnePiece,
    /// The file was there already with these bytes.
    WasThere,
    /// An upload that was begun and is not known by name may be left at the service.
    MayBeLeft,
    /// The upload that was to be gone on with is gone at the service; it was begun again.
    UploadGone,
    /// The service does not take the checksum that was sent along; it was begun again with another, or
    /// with none.
    NoChecksumTaken,
}

impl Remark {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Resumed => "gone on with what an earlier try had carried",
            Self::EarlierWasOther => "an earlier try was of other bytes and was thrown away",
            Self::BegunAgain => "the source changed while it was carried: begun again",
            Self::WasCorrupt => "the first bytes that came were wrong: begun again",
            Self::InOnePiece => {
                "warning: the service gives no parts of objects: this cannot be gone on with after a break"
            }
            Self::WasThere => "it was there already, with the same bytes",
            Self::MayBeLeft => {
                "warning: an upload whose begin was cut off may be left; unfinished uploads are listed and counted"
            }
            Self::UploadGone => "the upload of an earlier try is gone at the service: begun again",
            Self::NoChecksumTaken => "the service does not take the checksum that was sent along: begun again without",
        }
    }
}
