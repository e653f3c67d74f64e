//! What keys can ask for, and where they are pressed: the names that `assets/keys.toml` uses.

macro_rules! named {
    ($(#[$about:meta])* $name:ident: $($(#[$doc:meta])* $variant:ident = $id:literal,)*) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// Every one.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// Its name in files.
            pub const fn id(self) -> &'static str {
                match self { $($name::$variant => $id,)* }
            }

            /// The one of this name.
            pub(super) fn of(id: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.id() == id)
            }
        }
    };
}

named! {
    /// What a key asks for. The text of `do-<id>` says it to people.
    Command:
    /// The line above.
    Up = "up",
    /// The line below.
    Down = "down",
    /// To the left.
    Left = "left",
    /// To the right.
    Right = "right",
    /// A page up.
    PageUp = "page-up",
    /// A page down.
    PageDown = "page-down",
    /// The first line.
    Top = "top",
    /// The last line.
    Bottom = "bottom",
    /// The next field or pane.
    Next = "next",
    /// The field or pane before.
    Previous = "previous",
    /// Take what the cursor is on.
    Take = "take",
    /// Connect to the host and look at it.
    Connect = "connect",
    /// Tick or untick.
    Toggle = "toggle",
    /// The next place of the walk.
    Forward = "forward",
    /// The place before, or out of what is open.
    Back = "back",
    /// The keys of this place.
    Help = "help",
    /// Leave the program.
    Quit = "quit",
    /// Suspend the program, as shells do.
    Suspend = "suspend",
    /// Draw everything again.
    Redraw = "redraw",
    /// Look at the host again.
    LookAgain = "look-again",
    /// Apply the fix of this row.
    Fix = "fix",
    /// Apply every safe fix.
    FixAll = "fix-all",
    /// Where everything is fetched from: mirrors, proxy, tables.
    Supply = "supply",
    /// Begin the install.
    Install = "install",
    /// Write the answers file.
    WriteAnswers = "write-answers",
    /// Export the plan as a report.
    Export = "export",
    /// Follow the log.
    Follow = "follow",
    /// Search.
    Search = "search",
    /// The next hit.
    NextHit = "next-hit",
    /// The hit before.
    PreviousHit = "previous-hit",
    /// The whole screen for the log.
    Zoom = "zoom",
    /// Wrap long lines.
    Wrap = "wrap",
    /// Send to the terminal's clipboard.
    Copy = "copy",
    /// Send the access key to the terminal's clipboard.
    CopyAccess = "copy-access",
    /// Save to a file.
    Save = "save",
    /// Leave the screens; what the host does by itself goes on.
    Detach = "detach",
    /// Stop at the next safe point.
    Stop = "stop",
    /// Try the failed step again.
    Retry = "retry",
    /// Faster, in a rehearsal.
    Faster = "faster",
    /// Slower, in a rehearsal.
    Slower = "slower",
    /// Show the secrets for a moment.
    Reveal = "reveal",
    /// What Triton would make of a prefix.
    Models = "models",
    /// Browse the registry.
    Browse = "browse",
    /// One prefix up.
    Parent = "parent",
    /// To the first name that is not before a text.
    Jump = "jump",
    /// To a place by its path.
    GoTo = "go-to",
    /// The next order.
    Sort = "sort",
    /// Go on with a listing that stands still.
    More = "more",
    /// What is known of an object, beside the list or not.
    Pane = "pane",
    /// Send an object's address to the terminal's clipboard.
    CopyUrl = "copy-url",
    /// Let changes be made, which are signed with the key that may write.
    Write = "write",
    /// Fetch into a file or a directory.
    Get = "get",
    /// Send a file or a directory.
    Put = "put",
    /// A new prefix, or a new bucket.
    New = "new",
    /// Copy within the registry.
    CopyTo = "copy-to",
    /// Move within the registry.
    MoveTo = "move-to",
    /// Delete what is there now.
    Delete = "delete",
    /// Delete every version, for good.
    DeleteAll = "delete-all",
    /// Content type, notes and tags of an object.
    Notes = "notes",
    /// A URL that opens an object for a while.
    Share = "share",
    /// Versions and delete markers.
    Versions = "versions",
    /// Versions and delete markers of all that lies here.
    VersionsHere = "versions-here",
    /// Uploads that were begun and not finished.
    Uploads = "uploads",
    /// Where the space went.
    Usage = "usage",
    /// What is on its way.
    Transfers = "transfers",
    /// Whom the browser talks to.
    Trust = "trust",
    /// Bookmarks, and where one has been.
    Places = "places",
    /// A bookmark of this place.
    Bookmark = "bookmark",
    /// What is known of an object, further down.
    PaneDown = "pane-down",
    /// What is known of an object, further up.
    PaneUp = "pane-up",
    /// Hold a transfer, or let it go on.
    Pause = "pause",
    /// Take what has ended from the list.
    Forget = "forget",
    /// Make a version the current one.
    Restore = "restore",
    /// Take the delete markers off a key.
    Undelete = "undelete",
}

named! {
    /// Where a key is pressed.
    Scope:
    /// Everywhere where nothing else is said.
    Any = "any",
    /// Lists that a cursor moves in.
    List = "list",
    /// The first screen.
    Start = "start",
    /// Choosing a host.
    Host = "host",
    /// Facts and preflight.
    Facts = "facts",
    /// Screens of fields.
    Form = "form",
    /// The plan.
    Plan = "plan",
    /// The install.
    Install = "install",
    /// A failed install.
    Failure = "failure",
    /// The credentials.
    Credentials = "credentials",
    /// The credentials, while there are none.
    Unread = "unread",
    /// The hand-over.
    Done = "done",
    /// A question of ssh, sudo or the program.
    Question = "question",
    /// A text that is being typed.
    Typing = "typing",
    /// What lies under a prefix.
    Browse = "browse",
    /// What Triton would make of a prefix.
    Models = "models",
    /// The list of buckets.
    Buckets = "buckets",
    /// Versions and delete markers.
    Versions = "versions",
    /// Uploads that were begun and not finished.
    Uploads = "uploads",
    /// Where the space went.
    Usage = "usage",
    /// What is on its way.
    Transfers = "transfers",
    /// Whom the browser talks to.
    Trust = "trust",
    /// Bookmarks, and where one has been.
    Places = "places",
}

impl Scope {
    /// Where keys that this scope does not know are looked up.
    pub(super) fn wider(self) -> Option<Self> {
        match self {
            Self::Any => None,
            Self::Start
            | Self::Facts
            | Self::Plan
            | Self::Failure
            | Self::Browse
            | Self::Buckets
            | Self::Models
            | Self::Versions
            | Self::Uploads
            | Self::Usage
            | Self::Transfers
            | Self::Trust
            | Self::Places => Some(Self::List),
            _ => Some(Self::Any),
        }
    }
}
