//! How the answers that a document holds change.

use mongodb::bson::{Bson, Document, doc};
use platform_ports::engine::{CommitError, DocumentWrite, Documents, EngineError};

use super::addresses::document_address;
use super::document_state::DocumentState;
use super::documents::{encoded, name_of};
use super::error::{is_true, number};
use super::fields::{CLAIMS, ID, LIVE, REQUESTS_MOVED, VERSION};
use super::plan::Planner;
use super::requests::answers;
use super::rows;
use super::store::Address;

/// How many answers a document holds at most.
const MOST: usize = 64;

/// How many bytes of answers a document holds at most, and how large one of them may be.
const MOST_BYTES: usize = 256 << 10;
const LARGEST: usize = 64 << 10;

/// What becomes of the answers that a document holds.
pub(super) enum AnswersChange {
    /// These come to them.
    Append(Vec<Document>),
    /// They become these.
    Replace(Vec<Document>),
}

impl DocumentState {
    /// The answers as they will be, to be changed.
    fn answers(&mut self) -> &mut Vec<Document> {
        let seen = self.seen.as_ref();
        self.answers
            .get_or_insert_with(|| seen.into_iter().flat_map(answers).cloned().collect())
    }

    /// What becomes of the answers; `None`: they stay.
    pub(super) fn changed_answers(&self) -> Option<AnswersChange> {
        let now = self.answers.as_ref()?;
        let Some(seen) = &self.seen else {
            return Some(AnswersChange::Replace(now.clone()));
        };
        let before: Vec<&Document> = answers(seen).collect();
        let stay = now.iter().take(before.len()).eq(before.iter().copied());
        match now.get(before.len()..).filter(|_| stay) {
            Some([]) => None,
            Some(more) => Some(AnswersChange::Append(more.to_vec())),
            None => Some(AnswersChange::Replace(now.clone())),
        }
    }

    /// Notes that the answers change, whatever else does, and whether some are elsewhere from now on;
    /// what there is for answers alone goes with the last of them.
    fn change_answers(&mut self, at: usize, moved: bool) {
        if !self.changed {
            let kept = self.seen.as_ref().map(kept);
            self.change(at, Some(kept.unwrap_or_else(|| doc! { VERSION: 0_i64 })));
        }
        self.at = at;
        if let (Some(now), true) = (&mut self.now, moved) {
            now.insert(REQUESTS_MOVED, true);
        }
        let mut all = self.seen.iter().chain(&self.now);
        let has_moved = all.any(|one| is_true(one, REQUESTS_MOVED));
        let is_nothing = |now: &Document| number(now, VERSION) == Some(0);
        let goes = !has_moved && self.now.as_ref().is_some_and(is_nothing);
        if goes && self.answers().is_empty() {
            self.now = None;
        }
    }
}

/// What a write of a document leaves as it is, besides what no write sets.
fn kept(seen: &Document) -> Document {
    let stays = |name: &str| !name.starts_with('_') || [LIVE, CLAIMS].contains(&name);
    let fields = seen.iter().filter(|(name, _)| stays(name));
    fields
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

impl Planner<'_> {
    /// A change of an answer that an aggregate's document holds, or would.
    pub(super) fn answer(
        &mut self,
        at: usize,
        holder: Address,
        write: &DocumentWrite,
    ) -> Result<(), CommitError> {
        let elsewhere = document_address(write);
        let key = elsewhere.1.clone();
        let moved = self.plan.states.get(&elsewhere);
        if moved.is_some_and(|state| state.live().is_some()) {
            return self.document_at(at, elsewhere, write);
        }
        let answers = self.state_at(holder.clone()).answers();
        let found = answers
            .iter()
            .position(|answer| answer.get_str(ID).is_ok_and(|id| id == key));
        let known = found.and_then(|index| answers.get(index));
        let version = rows::version(known)?;
        match (write, found) {
            (
                DocumentWrite::Put {
                    expected, document, ..
                },
                found,
            ) if *expected == version => {
                let mut answer = encoded(document, version + 1)?;
                answer.insert(ID, &key);
                match found.and_then(|index| answers.get_mut(index)) {
                    Some(before) => *before = answer,
                    None => self.hold(at, &holder, answer)?,
                }
            }
            (DocumentWrite::Delete { expected, .. }, Some(index)) if *expected == version => {
                answers.remove(index);
            }
            _ => return Err(CommitError::Conflict),
        }
        self.state_at(holder).change_answers(at, false);
        Ok(())
    }

    /// Puts an answer into the document, and others out of it when they get too many.
    fn hold(&mut self, at: usize, holder: &Address, answer: Document) -> Result<(), CommitError> {
        let answers = self.state_at(holder.clone()).answers();
        let mut out = Vec::new();
        if size(&answer)? > LARGEST {
            out.push(answer);
        } else {
            answers.push(answer);
            if is_full(answers)? {
                out.extend(answers.drain(..answers.len() / 2));
            }
        }
        if out.is_empty() {
            return Ok(());
        }
        for mut answer in out {
            let Some(Bson::String(key)) = answer.remove(ID) else {
                continue;
            };
            let elsewhere = (name_of(Documents::Requests).to_owned(), key);
            self.state_at(elsewhere).change(at, Some(answer));
        }
        self.state_at(holder.clone()).change_answers(at, true);
        Ok(())
    }
}

fn is_full(answers: &[Document]) -> Result<bool, CommitError> {
    let sizes: Result<Vec<usize>, CommitError> = answers.iter().map(size).collect();
    Ok(answers.len() > MOST || sizes?.iter().sum::<usize>() > MOST_BYTES)
}

fn size(answer: &Document) -> Result<usize, CommitError> {
    let bytes = answer.to_vec();
    let bytes = bytes.map_err(|error| EngineError::Corrupt(error.to_string()))?;
    Ok(bytes.len())
}
