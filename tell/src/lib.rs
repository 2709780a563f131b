//! Message texts in all languages, and the documents of the contract made from the model.
#![forbid(unsafe_code)]
