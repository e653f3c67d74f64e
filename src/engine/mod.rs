//! Carries a plan out and says what happened, as a numbered list of events.
