use super::*;
use clap::CommandFactory as _;

#[test]
fn the_grammar_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn times_read_as_people_write_them() {
    assert_eq!(duration("30m"), Ok(Duration::from_mins(30)));
    assert_eq!(duration("7"), Ok(Duration::from_secs(7)));
    for bad in ["", "m", "0s", "5d", "-1s", "99999999h", "1.5h"] {
        assert!(duration(bad).is_err(), "{bad} was taken");
    }
}

#[test]
fn help_fits_into_a_hundred_columns() {
    let mut root = Cli::command();
    root.build();
    let mut texts = vec![root.render_long_help().to_string()];
    texts.extend(root.get_subcommands_mut().map(|sub| sub.render_long_help().to_string()));
    for line in texts.iter().flat_map(|text| text.lines()) {
        assert!(line.chars().count() <= 100, "{} columns: {line}", line.chars().count());
    }
}

#[test]
fn there_is_no_argument_that_could_carry_a_secret() {
    let mut root = Cli::command();
    root.build();
    let of_s3 = root.find_subcommand("s3").into_iter().flat_map(clap::Command::get_subcommands);
    for sub in root.get_subcommands().chain(of_s3) {
        for arg in sub.get_arguments() {
            let id = arg.get_id().as_str();
            let secret = ["password", "secret", "token", "key"].iter().any(|word| id.contains(word));
            assert!(!secret || id == "password_fd", "{id} of {} could carry a secret", sub.get_name());
        }
    }
}
