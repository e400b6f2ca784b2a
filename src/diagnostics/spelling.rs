//! Guesses what a misspelt name was meant to be.

/// The candidate nearest to `name`, when one is near enough to have been meant.
pub fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    // Names are at most 60 characters; comparing what is far longer is slow and finds nothing.
    if name.is_empty() || name.len() > 200 {
        return None;
    }
    let limit = name.chars().count().div_ceil(3);
    let folded = name.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&folded, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= limit && *candidate != name)
        .min()
        .map(|(_, candidate)| candidate.to_owned())
}
