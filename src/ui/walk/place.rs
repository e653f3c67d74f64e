//! The places of the walk, in their order.

macro_rules! places {
    ($($(#[$doc:meta])* $variant:ident = $id:literal;)*) => {
        /// A place of the walk.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Place { #[default] $($(#[$doc])* $variant,)* }

        impl Place {
            /// Every place, in the order of the walk.
            pub const ALL: &'static [Place] = &[$(Place::$variant,)*];

            /// Its name: the text of `place-<id>` says it to people.
            pub const fn id(self) -> &'static str {
                match self { $(Place::$variant => $id,)* }
            }
        }
    };
}

places! {
    /// What to do.
    Start = "start";
    /// Which host.
    Host = "host";
    /// What is known of it, and whether it can carry a registry.
    Facts = "facts";
    /// Names and addresses.
    Names = "names";
    /// CPU or GPU.
    Compute = "compute";
    /// The registry.
    Registry = "registry";
    /// What will be changed.
    Plan = "plan";
    /// The install.
    Install = "install";
    /// The keys.
    Credentials = "credentials";
    /// What to do next.
    Done = "done";
}

impl Place {
    /// The places that line 2 shows.
    pub fn rail() -> &'static [Place] {
        &Self::ALL[1..]
    }

    /// The place so many places further on; itself where there is none.
    #[must_use]
    pub fn beside(self, by: isize) -> Self {
        let at = Self::ALL.iter().position(|p| *p == self).unwrap_or_default();
        Self::ALL.get(at.saturating_add_signed(by)).copied().unwrap_or(self)
    }
}
